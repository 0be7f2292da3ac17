"""The network tried with real packets: a plan, a run, a report; each a value that the next one takes."""
