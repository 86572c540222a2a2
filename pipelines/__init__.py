"""The verbs: the ways data goes. The only room where kb and models meet."""
