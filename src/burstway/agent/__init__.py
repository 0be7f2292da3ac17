"""What runs on a node, and how it gets there."""
