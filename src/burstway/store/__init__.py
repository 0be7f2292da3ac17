"""What must survive a restart: clusters, nodes and their stories, rentals, people (contracts.Store)."""
