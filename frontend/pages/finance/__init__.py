"""Pages of the finance side."""
