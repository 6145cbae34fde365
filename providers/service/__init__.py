"""What buyers get after delivery: incidents, availability, and the public status of services."""
