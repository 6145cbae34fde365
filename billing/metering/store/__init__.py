"""The event store: where usage events are kept, behind one interface.

`interface` says what a store does: append rows, say what has changed since a watermark, scan one contract's events.
`postgres` is the store that runs, and the reference; the tests have another one in memory, and put both to the same
questions. `corrections` decides, without a database, which corrections and voids hold. `partitions` makes the months
ahead. `days` is the roll-up's statement, which stays in the database from event to day.

What keeps an event from being stored twice is one row in `metering_eventkey`: it outlives the partition, so the same
id in another month, or after the month was archived, is still the same event.
"""

from billing.metering.store.interface import (
    Appended,
    Change,
    EventStore,
    Key,
    Row,
    StoredEvent,
)
from billing.metering.store.postgres import PostgresStore

EVENTS: EventStore = PostgresStore()

__all__ = ["EVENTS", "Appended", "Change", "EventStore", "Key", "PostgresStore", "Row", "StoredEvent"]
