"""The snapshot of this process, as fresh as the database: one statement per page says what was written since.

Each row of `catalogue_product` carries the transaction that wrote it. A read remembers the oldest transaction that
was still running; the next one reads the rows of that transaction and of later ones again. So nothing that was
committed is missed, in whatever order transactions end (docs/adr/0010; the same idea as 0003). A change of the
taxonomy or of a data centre, and a deletion, leave a mark: then everything is read again.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from listings.search import bands, words
from listings.search import schema as schemas
from listings.search.index import Entry, Snapshot
from listings.search.schema import Schema

UNPRICED: Final = Decimal("Infinity")
COLUMNS: Final = (
    "p.id, p.state, p.partner_id, p.data_centre_id, p.main_category_id, p.service_model, p.deployment_models,"
    " p.solution_domains, p.specs, p.sla_percent, p.lead_time_days, p.is_recommended, p.from_price, p.normal_price,"
    " p.normal_unit, p.title_en <> '', p.title_mn <> '', extract(epoch FROM p.date_created)::bigint, p.written_in::text"
)
READ: Final = f"""
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
           EXISTS (SELECT FROM catalogue_searchmark WHERE written_in >= %(since)s::xid8), {COLUMNS}
      FROM (SELECT) AS once LEFT JOIN catalogue_product p ON %(all)s AND p.state = 'published'
                                                          OR NOT %(all)s AND p.written_in >= %(since)s::xid8
"""  # noqa: S608  (our own names of columns)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A snapshot with the schema it was made by, and the transaction from which on the next read begins."""

    snapshot: Snapshot
    schema: Schema
    since: str


_kept: Shelf | None = None
_building = threading.Lock()


def current() -> Shelf:
    """What is listed now. One query; three the first time and after a change of the taxonomy.

    Inside a transaction the caller's own rows, not yet committed, are seen and nothing is kept of them.
    """
    if _kept is not None:
        shelf = _read_on(_kept)
        if shelf is not None:
            return _keep(shelf)
    if connection.in_atomic_block:
        return _build()
    with _building:  # a large catalogue is not built by each thread at once
        shelf = _read_on(_kept) if _kept is not None else None
        return _keep(shelf or _build())


def forget() -> None:
    """Read everything again next time; for tests that remove rows behind the triggers."""
    global _kept
    _kept = None


def _keep(shelf: Shelf) -> Shelf:
    global _kept
    if not connection.in_atomic_block:
        _kept = shelf
    return shelf


def _read_on(shelf: Shelf) -> Shelf | None:
    """The shelf with what was written since; None if everything must be read again."""
    since, is_marked, rows = _fetch(since=shelf.since)
    if is_marked:
        return None
    if not rows and since == shelf.since:
        return shelf
    listed = [row for row in rows if row[1] == "published"]
    snapshot = shelf.snapshot.with_changes(
        changed=_new_entries(shelf.snapshot, listed, shelf.schema),
        gone=[row[0] for row in rows if row[1] != "published"],
    )
    return replace(shelf, snapshot=snapshot, since=since)


def _build() -> Shelf:
    since, _is_marked, rows = _fetch(since=None)
    schema = read_schema()  # after the rows: what they name is there
    snapshot = Snapshot().with_changes(changed=(to_entry(row, schema) for row in rows), gone=())
    return Shelf(snapshot=snapshot, schema=schema, since=since)


def _fetch(*, since: str | None) -> tuple[str, bool, list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(READ, {"since": since or "0", "all": since is None})
        rows = cursor.fetchall()
    return rows[0][0], rows[0][1], [row[2:] for row in rows if row[2] is not None]


def _new_entries(snapshot: Snapshot, rows: Iterable[tuple[Any, ...]], schema: Schema) -> list[Entry]:
    """Entries that differ: a row is read several times while a transaction older than its own still runs."""
    entries = [to_entry(row, schema) for row in rows]
    return [
        entry
        for entry in entries
        if entry.pk not in snapshot.slot_of or snapshot.entries[snapshot.slot_of[entry.pk]] != entry
    ]


def read_schema() -> Schema:
    """Categories, places, specifications, domains and synonyms; one query."""
    with connection.cursor() as cursor:
        cursor.execute(schemas.STATEMENT)
        rows = {subject: json.loads(found) if isinstance(found, str) else found for subject, found in cursor}
    return schemas.from_rows(rows, synonyms=words.normalise_groups(rows["synonyms"]))


def to_entry(row: tuple[Any, ...], schema: Schema) -> Entry:
    """What a row of the table contributes to the index."""
    (pk, _state, partner, centre_id, category_id, service, deployments, domains, specs, sla, lead, recommended) = row[
        :12
    ]
    (price, normal_price, normal_unit, has_english, has_mongolian, created, stamp) = row[12:]
    category, centre = schema.categories[category_id], schema.centres[centre_id]
    values: dict[str, tuple[str, ...]] = {
        "service": (service,) if service else (),
        "category": (category.slug,),
        "region": tuple(dict.fromkeys((centre.prefecture, centre.county))),
        "deployment": tuple(dict.fromkeys(deployments)),
        "mlps": () if centre.proven_mlps_level is None else (str(centre.proven_mlps_level),),
        "pue": _band("pue", centre.proven_pue),
        "green": _band("green", centre.proven_green_percent),
        "sla": _band("sla", sla),
        "lead": _band("lead", lead),
        "domain": tuple(dict.fromkeys(domains)),
        "language": (("en",) if has_english else ()) + (("mn",) if has_mongolian else ()),
        "recommended": ("1",) if recommended else (),
        "price_band": price_band(normal_price, normal_unit, schema),
    }
    held: Mapping[str, Any] = json.loads(specs) if isinstance(specs, str) else specs
    for code, value in held.items():
        if code in schema.facet_codes:
            values[f"spec_{code}"] = spec_values(value)
    asked = UNPRICED if price is None else price
    return Entry(
        pk=pk,
        partner=partner,
        data_centre=centre_id,
        values={kind: found for kind, found in values.items() if found},
        price=price,
        stamp=stamp,
        keys={
            "recommended": (not recommended, service, category.path, asked, pk),
            "price": (asked, pk),
            "newest": (-created, -pk),
            "match": (not recommended, asked, pk),
        },
    )


def _band(kind: str, number: Any) -> tuple[str, ...]:
    return () if number is None else (bands.band_of(number, bands.STEPS[kind]),)


def price_band(price: Decimal | None, unit: str, schema: Schema) -> tuple[str, ...]:
    """The price band of an offering, with its unit: "vcpu_month:20-40"."""
    bounds = schema.bounds_of_unit.get(unit)
    return () if price is None or not bounds else (f"{unit}:{bands.band_of(price, bounds)}",)


def spec_values(value: Any) -> tuple[str, ...]:
    """A specification's values to filter by: itself, and for a number the decade band it lies in."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, int | float):
        return (bands.write(value), bands.band_of(value, bands.DECADES))
    return (str(value),)
