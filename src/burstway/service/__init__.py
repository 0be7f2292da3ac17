"""The control plane as a process: what may be asked of it, its API, its loop, and its wiring."""
