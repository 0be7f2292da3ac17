"""Who is who: the site's certificate authority, join tokens, people's tokens, and the users that nodes get."""
