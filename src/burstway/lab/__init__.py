"""The lab: an on-premise site with a real Slurm, and a cloud to burst into, on this one machine."""
