"""Signed messages to providers' systems: an outbox that is retried, shown and replayed."""
