"""Bank statements: read, kept once, and matched to what they pay. See ../README.md."""
