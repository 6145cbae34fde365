"""Signed messages to providers' systems: an outbox that is retried, shown and replayed.

A room that changes something calls `operations.announce` in its own transaction; each active endpoint of the provider
that asked for the kind gets one row. The stage `sending.send_due` claims rows that are due, sends them outside any
transaction and writes down what came of it. A message arrives at least once; its id stays the same, so that the
receiver can tell. Signatures follow Standard Webhooks (https://www.standardwebhooks.com).
"""
