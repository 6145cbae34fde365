"""The stage that takes what machines of providers' clouds have used, by the same way as everybody's usage."""

from collections import defaultdict
from datetime import datetime

from billing.metering import events, operations
from providers.provisioning import operations as provisioning
from providers.provisioning import queries


def take_readings(*, now: datetime, limit: int) -> int:
    """Record at most `limit` readings as usage events. Returns how many were taken.

    The event's id is the reading's own, so a reading taken twice is a duplicate. What became of it, a refusal too,
    stands on the reading.
    """
    by_provider = defaultdict(list)
    for reading in queries.list_readings(limit=limit):
        by_provider[reading.partner_id].append(reading)
    for provider_id, readings in by_provider.items():
        inputs = [
            events.UsageInput(
                source=reading.source,
                id=reading.key,
                subject=reading.contract_number,
                time=reading.at,
                meter=reading.meter,
                quantity=reading.quantity,
            )
            for reading in readings
        ]
        outcomes = operations.record_usage(provider_id=provider_id, events=inputs, now=now)
        provisioning.note_taken(outcomes={readings[one.index].pk: one.code or one.status for one in outcomes})
    return sum(len(readings) for readings in by_provider.values())
