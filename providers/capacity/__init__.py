"""Capacity beyond the pool itself: holds, planned changes, maintenance, reservations, utilisation."""
