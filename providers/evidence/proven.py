"""What of a data centre counts as proven: the one answer that badges, filters, exports and scores go by.

`facts` says it of the documents in force. The catalogue filters by columns of the data centre; `restate` writes them
with each verification and revocation, and each minute for what began or ran out with the day.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from billing.rules import periods
from providers import queries as providers
from providers.models import DataCentre, Evidence


@dataclass(frozen=True, slots=True)
class Proven:
    """The facts of a data centre that a verified document backs today; None: claimed at most."""

    proven_mlps_level: int | None = None
    proven_pue: Decimal | None = None
    proven_green_percent: int | None = None


def facts(*, documents: Mapping[str, Evidence]) -> Proven:
    """What documents in force (`providers.queries.evidence_in_force`) prove; a share rounded down, a PUE half up."""
    level, pue, green = (getattr(documents.get(kind), "value", None) for kind in ("mlps", "pue", "green_power"))
    return Proven(
        proven_mlps_level=None if level is None else int(level),
        proven_pue=None if pue is None else pue.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP),
        proven_green_percent=None if green is None else int(green),
    )


@transaction.atomic
def restate(*, data_centre_ids: Collection[int], on: date) -> int:
    """Write what is proven on a day beside these data centres; returns how many changed."""
    centres = list(DataCentre.objects.select_for_update(no_key=True).filter(pk__in=data_centre_ids).order_by("pk"))
    documents = providers.evidence_in_force(data_centre_ids=[centre.pk for centre in centres], on=on)
    changed = 0
    for centre in centres:
        found = facts(documents=documents.get(centre.pk, {}))
        wanted = {name: getattr(found, name) for name in Proven.__slots__}
        if any(getattr(centre, name) != value for name, value in wanted.items()):
            changed += DataCentre.objects.filter(pk=centre.pk).update(**wanted)
    return changed


def restate_due(*, now: datetime, limit: int) -> int:
    """A stage of the pipeline: write what a day has changed, at most `limit` data centres; else two queries."""
    on = periods.civil_date(now)
    rows = {row[0]: Proven(*row[1:]) for row in DataCentre.objects.values_list("pk", *Proven.__slots__)}
    documents = providers.evidence_in_force(data_centre_ids=list(rows), on=on)
    due = [pk for pk, shown in rows.items() if facts(documents=documents.get(pk, {})) != shown]
    return restate(data_centre_ids=sorted(due)[:limit], on=on) if due else 0
