"""Evidence: what a provider claims, what the platform has verified, and what was revoked.

A claim is recorded by anyone who acts for the provider or for the platform; only the platform verifies, and nobody
verifies a document of an organisation they belong to. A row is never edited: a new document is a new row.
"""
