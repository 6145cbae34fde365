"""Pages of the provider side."""
