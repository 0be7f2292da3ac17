"""Documents; those that are printed from the code are written by docs.generate."""
