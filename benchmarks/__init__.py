"""Benchmarks: what `make bench` prints. Ratios of runs taken in turn, not absolute times."""
