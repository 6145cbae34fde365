"""From an order to a payout: the rooms of the river, and the rock (`rules`) they stand on."""
