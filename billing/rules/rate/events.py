"""Cases about events: which of those that were sent count, each once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billing.rules import decimals
from billing.rules.rate.reading import Answer, Case, InvalidCase, Row

RULE: Final = (
    "An event counts once by (source, id), however often it is sent. The same id with the same content is a duplicate, "
    "with other content a conflict, and the first stands. Each event of a batch is answered for itself, and what is "
    "answered as accepted is stored; with all_or_nothing, a batch with a conflict or a rejection stores nothing, a "
    "duplicate does not hinder it. A correction takes the place of the event it names, a void takes it out."
)
Key = tuple[str, str]


def count_once(case: Case) -> Answer:
    """What the newly stored events cost: amount = Σ effective quantities × unit_price."""
    price = case.number("unit_price", "unit", "price", default="1")
    stored: dict[Key, Row | None] = {}
    for row in case.rows("existing", "already_stored") or []:
        key = _key(row)
        stored[key] = row if row.has("quantity", "amount") or (row.has("value") and row.has("id")) else None
    fresh: dict[Key, Decimal] = {}
    results: list[dict[str, str]] = []
    sent = case.rows("batch", "events", "sent", "retries")
    if sent is None:
        raise InvalidCase("batch", "is missing; give the events that were sent")
    for row in sent:
        results.append({"id": _key(row)[1], "outcome": _take(row, stored, fresh)})
    case.raw("batch_rule")
    whole = case.flag("all_or_nothing", default=False)
    if whole and any(one["outcome"] in ("conflict", "rejected") for one in results):
        fresh = {}
    quantity = decimals.add(*fresh.values())
    parts: Mapping[str, Any] = {"quantity": decimals.format_plain(quantity), "results": results}
    return Answer(decimals.multiply(quantity, price), RULE, dict(parts))


def _take(row: Row, stored: dict[Key, Row | None], fresh: dict[Key, Decimal]) -> str:
    key = _key(row)
    if key in stored:
        before = stored[key]
        return "duplicate" if before is None or _content(before) == _content(row) else "conflict"
    replaced = row.raw("supersedes", "voids", "corrects")
    if replaced is not None:
        old = ("", replaced) if isinstance(replaced, str) else _key(Row(replaced, name=f"{row.name}.supersedes"))
        if old not in stored:
            return "rejected"
        before = stored[old]
        # One that was billed before is taken back; one of the same batch was never billed.
        taken = None if old in fresh or before is None else before.number("quantity", "value", "amount", default="1")
        fresh.pop(old, None)
        if taken is not None:
            fresh[old] = -taken
    stored[key] = row
    is_void = row.has("voids")
    quantity = Decimal(0) if is_void else row.number("quantity", "value", "amount", default="1")
    if quantity < 0:
        del stored[key]
        return "rejected"
    fresh[key] = quantity
    return "accepted"


def _key(row: Row) -> Key:
    names = ("id", "event_id", "transaction_id", "idempotency_key", "key")
    value = row.raw(*names) if row.has(*names) else row.raw("value")
    if not isinstance(value, str) or not value:
        raise InvalidCase(f"{row.name}.id", "is missing; give it as text")
    source = row.raw("source")
    return (source if isinstance(source, str) else "", value)


def _content(row: Row) -> tuple[Any, ...]:
    return (
        row.number("quantity", "value", "amount", default="1"),
        *(str(row.raw(name) or "") for name in ("time", "timestamp", "meter", "contract", "subject")),
    )
