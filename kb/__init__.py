"""The nouns of a service desk: what a desk knows, suggests, learns and counts."""
