"""The network as it is or will be, and what gets through it: model, reading, proof, audit. No I/O."""
