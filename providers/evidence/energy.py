"""Writes: monthly meter readings of data centres, and the measured PUE that they prove."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from billing.rules import energy, periods
from billing.rules.periods import Month
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.documents.models import Document
from providers.evidence import operations, queries
from providers.models import DataCentre, EnergyReading, Evidence

COLUMNS: Final = ("month", "facility_kwh", "it_kwh")
MOST_ROWS: Final = 240  # twenty years
LARGEST_FILE_BYTES: Final = 64 * 1024
MOST_KWH: Final = Decimal(10) ** 12
MEASURED_HOLDS_MONTHS: Final = 12  # a year's measurement stands until the next one is due


class InvalidReading(errors.Refused):
    """A month, a figure or a file that cannot be; the message says which row."""


class NotTwelveMonths(errors.Refused):
    """A month of the year is missing, so nothing is measured."""


@dataclass(frozen=True, slots=True)
class Given:
    """One month as a provider gives it, in kWh."""

    month: Month
    facility_kwh: Decimal
    it_kwh: Decimal


@transaction.atomic
def record_readings(*, data_centre: DataCentre, readings: Sequence[Given], actor: actors.Actor, now: datetime) -> int:
    """Keep readings; other figures for a known month are its next revision, the same figures change nothing.

    All or nothing. Returns how many were written. Raises InvalidReading, PermissionDenied (one's own data centre).
    """
    actor.require("evidence.record")
    if actor.side == actors.PROVIDER and actor.organisation_id != data_centre.partner.organisation_id:
        raise PermissionDenied
    DataCentre.objects.select_for_update().get(pk=data_centre.pk)  # revisions are counted one after the other
    this_month = Month.of(now)
    known = {row.month: row for row in queries.latest_readings(data_centre_ids=[data_centre.pk])[data_centre.pk]}
    rows = []
    seen: set[Month] = set()
    for given in readings:
        if given.month in seen:
            raise InvalidReading(_("%(month)s is given twice.") % {"month": given.month}, field="month")
        seen.add(given.month)
        _check(given, this_month=this_month)
        before = known.get(given.month.first_date)
        if before is not None and (before.facility_kwh, before.it_kwh) == (given.facility_kwh, given.it_kwh):
            continue
        rows.append(
            EnergyReading(
                data_centre=data_centre,
                month=given.month.first_date,
                revision=before.revision + 1 if before else 1,
                facility_kwh=given.facility_kwh,
                it_kwh=given.it_kwh,
                recorded_by_id=actor.user_id,
                recorded_at=now,
            )
        )
    EnergyReading.objects.bulk_create(rows)
    if rows:
        organisations.record(
            actor=actor,
            action="energy.recorded",
            object_type="data_centre",
            object_id=data_centre.code,
            now=now,
            details={"months": [row.month.isoformat()[:7] for row in rows]},
        )
    return len(rows)


def read_csv(*, data: bytes) -> list[Given]:
    """Readings from a file with the columns month (2026-10), facility_kwh, it_kwh. Raises InvalidReading by row."""
    if len(data) > LARGEST_FILE_BYTES:
        raise InvalidReading(_("The file is larger than 64 kB. Upload one line for each month."), field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidReading(_("The file is not CSV: %(error)s.") % {"error": error}, field="file") from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows or tuple(cell.strip().lower() for cell in rows[0]) != COLUMNS:
        raise InvalidReading(_("The first line must be: %(columns)s.") % {"columns": ",".join(COLUMNS)}, field="file")
    if not 1 < len(rows) <= MOST_ROWS + 1:
        raise InvalidReading(_("Give 1 to %(most)s months.") % {"most": MOST_ROWS}, field="file")
    return list(_read_rows(rows[1:]))


def claim_measured_pue(
    *,
    data_centre: DataCentre,
    until: Month,
    document: Document,
    document_number: str = "",
    issuer: str = "",
    actor: actors.Actor,
    now: datetime,
) -> Evidence:
    """Claim the PUE of the twelve months to `until`, computed from the readings, with the document that shows them.

    Raises NotTwelveMonths naming the months, and what record_evidence does.
    """
    measured = queries.trailing_pue(data_centre_id=data_centre.pk, until=until)
    if measured.value is None:
        raise NotTwelveMonths(
            _("These months have no reading: %(months)s. A year needs all twelve.")
            % {"months": "、".join(map(str, measured.missing))},
            field="until",
        )
    last_day = until.end_date - timedelta(days=1)
    return operations.record_evidence(
        kind=Evidence.Kind.PUE,
        partner=data_centre.partner,
        data_centre=data_centre,
        value=measured.value,
        issuer=issuer,
        document=document,
        document_number=document_number,
        issued_date=last_day,
        valid_from=last_day,
        valid_until=periods.add_months(last_day, MEASURED_HOLDS_MONTHS),
        actor=actor,
        now=now,
    )


def _check(given: Given, *, this_month: Month) -> None:
    if given.month >= this_month:
        raise InvalidReading(
            _("%(month)s is not over yet. Record it when the month has ended.") % {"month": given.month}, field="month"
        )
    if max(given.facility_kwh, given.it_kwh) >= MOST_KWH:
        raise InvalidReading(_("%(month)s: give kWh below 10^12.") % {"month": given.month}, field="facility_kwh")
    try:
        energy.Reading(given.facility_kwh, given.it_kwh)
    except energy.ImpossibleReading as error:
        raise InvalidReading(
            _("%(month)s: the whole facility draws at least what its IT equipment draws, and that more than 0 kWh.")
            % {"month": given.month},
            field="facility_kwh",
        ) from error


def _read_rows(rows: Iterable[Sequence[str]]) -> Iterable[Given]:
    for number, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS):
            raise InvalidReading(_("Line %(line)s has not three columns.") % {"line": number}, field="file")
        try:
            yield Given(Month.parse(row[0].strip()), _kwh(row[1]), _kwh(row[2]))
        except (periods.InvalidMonth, InvalidOperation, ValueError) as error:
            raise InvalidReading(
                _("Line %(line)s cannot be read: write it like 2026-10,1310000,1000000.") % {"line": number},
                field="file",
            ) from error


def _kwh(text: str) -> Decimal:
    value = Decimal(text.strip())
    if not value.is_finite() or abs(value) >= MOST_KWH * 10:
        raise ValueError(text)
    return value.quantize(Decimal("0.001"))
