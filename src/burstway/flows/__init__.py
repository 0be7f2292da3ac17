"""The table of flows, and what is derived from it. No other module holds the number of a port."""
