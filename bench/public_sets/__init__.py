"""Published sets of what real people said, read from folders that are fetched beside the repository, never into it."""
