"""How an organisation becomes a seller: application, review, payout account, agreement, recognition."""
