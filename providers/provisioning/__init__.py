"""Deliveries made by a provider's cloud itself: connections, what to create, and what runs."""
