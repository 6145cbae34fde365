"""Capacity over time.

A pool's row carries three numbers besides its total: `allocated` (sold), `held` (kept until a time) and `reserved`
(promised for later). They never exceed the total: a named CHECK, and in front of it the condition of each UPDATE.

- `operations.py`: hold, let go, expire. A hold is one statement, and the last before the commit, so that the pool's row
  is locked for as short a time as PostgreSQL allows.
- `planning.py`: changes of the total on a date, maintenance windows, reservations. `reserved` is the most that is
  reserved at the same time, less what is added by then; two periods that do not meet share the same capacity.
- `history.py`: how each pool stood at the end of each day.
"""
