"""The command `burstway`, a file a group of commands."""
