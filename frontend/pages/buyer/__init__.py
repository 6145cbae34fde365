"""Pages of the buyer side."""
