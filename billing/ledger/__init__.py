"""Double entry, kept by the database: every entry sums to zero and nothing posted is ever changed.

Stages of the river post here by a business key; the ledger knows no stage. Amounts are integers of minor
units (fen); a debit is positive, a credit negative. Who may see an account is the caller's business.
"""
