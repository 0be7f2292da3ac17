"""Burstway carries an on-premise Slurm cluster into the cloud. docs/architecture.md is the map."""

__version__ = "0.1.0"
