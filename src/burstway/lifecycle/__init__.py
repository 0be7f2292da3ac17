"""A node's life: the table of its states, the pure decisions, and the loop that carries them out."""
