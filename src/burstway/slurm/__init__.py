"""Slurm: its programs, its configuration, and what is asked of it.

Nothing is imported here: burstway-resume imports this package, and Slurm waits for it.
"""
