"""Pages of the operator: the review desk."""
