"""What pages of data centres share: evidence with its state, systems with their steps, measured PUE for a chart."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from billing.rules import energy, periods
from billing.rules.periods import Month
from listings import wording
from providers import queries as providers
from providers.evidence import queries

CLASSES: Final = {1: "A", 2: "B", 3: "C"}
SYSTEM_TONES: Final[Mapping[str, str]] = {
    "filed": "info", "assessed": "info", "remediating": "warn", "valid": "good", "expired": "bad",
}  # fmt: skip
ORDER: Final = ("graded", "filed", "assessed", "valid")
SOON_DAYS: Final = 60
MONTHS_SHOWN: Final = 24


def describe_evidence(rows: Iterable[Any], *, on: date) -> list[dict[str, Any]]:
    """Documents with their value and state in words."""
    return [{"row": row, "value": write_value(row), **state_of(row, on=on)} for row in rows]


def write_value(row: Any) -> str:
    """What a document says, in the reader's words; "" where it says only that it exists."""
    if row.value is None:
        return ""
    if row.kind == "mlps":
        return str(wording.MLPS_LEVELS.get(int(row.value), row.value))
    if row.kind == "green_power":
        return f"{row.value.normalize():f}%"
    if row.kind == "gb50174":
        return CLASSES.get(int(row.value), "")
    return f"PUE {round_pue(row.value)}"


def round_pue(value: Decimal) -> Decimal:
    """A PUE as it is shown, to hundredths."""
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def state_of(row: Any, *, on: date) -> dict[str, str]:
    """Tone and word of a document on a day."""
    if row.status == "claimed":
        return {"tone": "neutral", "state": _("Claimed, not verified")}
    if row.status == "revoked":
        return {"tone": "bad", "state": _("Revoked")}
    if queries.is_in_force(evidence=row, on=on):
        days = (row.valid_until - on).days if row.valid_until else None
        if days is not None and days <= SOON_DAYS:
            return {"tone": "warn", "state": _("Valid, %(days)s days left") % {"days": days}}
        return {"tone": "good", "state": _("Verified")}
    return {"tone": "bad", "state": _("Expired") if row.valid_from <= on else _("Not in force yet")}


def describe_systems(systems: Sequence[Any]) -> list[dict[str, Any]]:
    """Systems with where they stand among the steps, and their timeline."""
    trails = queries.steps_of(system_ids=[one.pk for one in systems])
    words = dict(systems[0].Status.choices) if systems else {}
    return [
        {
            "system": one,
            "level": wording.MLPS_LEVELS.get(one.level, one.level),
            "tone": SYSTEM_TONES.get(one.status, "neutral"),
            "steps": [str(words[status]) for status in ORDER],
            "place": _place(one.status),
            "timeline": [
                {
                    "title": words.get(step.to_status, step.to_status),
                    "state": "failed" if step.to_status in ("remediating", "expired") else "done",
                    "at": step.happened_at,
                    "text": " · ".join(part for part in (step.by_name, step.reason) if part),
                }
                for step in reversed(trails[one.pk])
            ],
        }
        for one in systems
    ]


def _place(status: str) -> int:
    """The step that is under way: after what is done; a valid system has done all."""
    if status == "valid":
        return len(ORDER) + 1
    return {"graded": 2, "filed": 3, "assessed": 4, "remediating": 3, "expired": 3}[status]


def describe_energy(rows: Sequence[Any], *, now: Any) -> dict[str, Any]:
    """Readings by month, the newest first, with their PUE and that of the year to each; a chart; what is missing."""
    readings = queries.to_readings(rows=rows)
    until = Month.of(now).previous()
    year = energy.trailing_pue(readings, until=until)
    shown = sorted(readings)[-MONTHS_SHOWN:]
    years = {month: energy.trailing_pue(readings, until=month).value for month in shown}
    by_month = {Month.of_date(row.month): row for row in rows}
    return {
        "rows": [
            {
                "row": by_month[month],
                "month": str(month),
                "pue": energy.monthly_pue(readings[month]),
                "year": years[month],
            }
            for month in reversed(shown)
        ],
        "year": year,
        "pue": None if year.value is None else round_pue(year.value),
        "missing": "、".join(map(str, year.missing)),
        "chart": {
            "kind": "line",
            "unit": "PUE",
            "categories": [str(month) for month in shown],
            "series": [
                {"name": _("PUE of the month"), "values": [float(energy.monthly_pue(readings[one])) for one in shown]}
            ],
        }
        if len(shown) > 1
        else None,
    }


def facts_in_force(centre: Any, *, now: Any) -> dict[str, Any]:
    """The verified documents of a data centre that hold today, by kind."""
    today = periods.civil_date(now)
    return providers.evidence_in_force(data_centre_ids=[centre.pk], on=today).get(centre.pk, {})
