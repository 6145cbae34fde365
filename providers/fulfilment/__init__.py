"""From order to accepted delivery: one row per contract, its steps and its deadlines."""
