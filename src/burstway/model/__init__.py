"""The nouns: what a site, a cluster and a node are. Values only; nothing here reads or writes anything."""
