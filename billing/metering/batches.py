"""Batches with an Idempotency-Key: the first answer is kept with what it stored, and given again.

Each event is idempotent by itself; the key spares a client that lost the answer from reading a different one. The row
is written in the transaction of the events: either both are there or neither is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from billing.metering.models import UsageBatch
from marketplace.organisations import errors

LONGEST_KEY: Final = 255
KEPT: Final = timedelta(days=7)


class InvalidKey(errors.Refused):
    """Not 1 to 255 visible characters of ASCII."""


class OtherBody(errors.Refused):
    """The key was used for another body."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a client calls its batch, and a hash of all that it asked for."""

    key: str
    body_hash: bytes

    def __post_init__(self) -> None:
        if not (1 <= len(self.key) <= LONGEST_KEY and self.key.isascii() and self.key.isprintable()):
            raise InvalidKey(_("Give a key of 1 to 255 visible ASCII characters."), field="Idempotency-Key")


def claim(*, provider_id: int, batch: Batch, now: datetime) -> tuple[int, list[list[Any]]] | None:
    """None if the key is new and now this transaction's; else what was answered. Raises OtherBody.

    Waits for a transaction that holds the same key: two deliveries at once store once and answer the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metering_usagebatch (provider_id, key, body_hash, answer, created_at)
            VALUES (%s, %s, %s, '{}', %s) ON CONFLICT ON CONSTRAINT usage_batch_once DO NOTHING
            """,
            [provider_id, batch.key, batch.body_hash, now],
        )
        if cursor.rowcount:
            return None
    known = UsageBatch.objects.get(provider_id=provider_id, key=batch.key)
    if bytes(known.body_hash) != batch.body_hash:
        raise OtherBody(
            _("This key was used for another body. Send that body, or give a new key."), field="Idempotency-Key"
        )
    return known.answer["count"], known.answer["others"]


def keep(*, provider_id: int, batch: Batch, count: int, others: Sequence[Sequence[Any]]) -> None:
    """Keep the answer: how many events, and [index, status, field, code] of those that were not accepted."""
    rows = UsageBatch.objects.filter(provider_id=provider_id, key=batch.key)
    rows.update(answer={"count": count, "others": [list(one) for one in others]})


def forget(*, now: datetime, limit: int) -> int:
    """Let go of up to `limit` answers older than 7 days. Returns how many; the events stay what they are."""
    old = UsageBatch.objects.filter(created_at__lt=now - KEPT).order_by("created_at")[:limit]
    count, _rows = UsageBatch.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return count
