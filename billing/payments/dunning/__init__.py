"""Reminders of what is overdue. See ../README.md."""
