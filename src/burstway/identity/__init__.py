"""Who is who: the site's certificate authority, tokens of nodes and people, the users that nodes get."""
