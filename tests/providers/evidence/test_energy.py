"""Meter readings: monthly, corrected by revisions, never edited; twelve of them measure a PUE."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from billing.rules import energy as rules
from billing.rules.periods import Month
from providers.evidence import energy, operations, queries
from providers.models import EnergyReading
from tests import editions, factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
OCTOBER = Month(2026, 10)


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan(), measured_pue=None, measured_pue_until=None)


@pytest.fixture
def owner(centre):
    return editions.colleague(centre.partner.organisation, "operations")


def given(month=OCTOBER, facility="1310000", it="1000000"):
    return energy.Given(month, Decimal(facility), Decimal(it))


def record(centre, owner, *readings):
    return energy.record_readings(data_centre=centre, readings=readings, actor=owner, now=NOW)


def claim(centre, owner, until=OCTOBER):
    document = editions.kept_document(centre.partner.organisation, "pue")
    return energy.claim_measured_pue(data_centre=centre, until=until, document=document, actor=owner, now=NOW)


def test_a_correction_is_the_next_revision_and_the_same_figures_change_nothing(centre, owner):
    assert [record(centre, owner, given()), record(centre, owner, given())] == [1, 0]
    assert record(centre, owner, given(facility="1300000")) == 1
    assert list(EnergyReading.objects.values_list("revision", "facility_kwh")) == [
        (1, Decimal(1310000)), (2, Decimal(1300000)),
    ]  # fmt: skip
    (latest,) = queries.latest_readings(data_centre_ids=[centre.pk])[centre.pk]
    assert latest.revision == 2
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        EnergyReading.objects.update(it_kwh=1)


def test_twelve_months_measure_a_pue_that_is_a_badge_once_verified(centre, owner):
    months = rules.year_until(OCTOBER)
    record(centre, owner, *(given(month) for month in months[1:]))
    with pytest.raises(energy.NotTwelveMonths, match="2025-11"):
        claim(centre, owner)
    record(centre, owner, given(months[0], "620000", "500000"))
    row = claim(centre, owner)
    assert (row.value, row.issued_date, row.valid_until) == (
        Decimal("1.307"), date(2026, 10, 31), date(2027, 10, 31),
    )  # fmt: skip
    centre.refresh_from_db()
    assert centre.measured_pue is None
    operations.verify_evidence(evidence_id=row.pk, actor=editions.operator(), now=NOW)
    centre.refresh_from_db()
    assert (centre.measured_pue, centre.measured_pue_until) == (Decimal("1.31"), date(2026, 10, 31))
    assert centre.design_pue == Decimal("1.28")


@pytest.mark.parametrize(
    "readings",
    [
        [given(Month(2026, 11))],
        [given(), given()],
        [given(facility="999999")],
        [given(it="0")],
        [given(facility="1e12")],
        [given(Month(2026, 9)), given(it="-1")],
    ],
)
def test_readings_that_are_refused_leave_nothing(centre, owner, readings):
    with pytest.raises(energy.InvalidReading):
        record(centre, owner, *readings)
    assert not EnergyReading.objects.exists()


def test_another_provider_records_nothing(centre):
    with pytest.raises(PermissionDenied):
        record(centre, factories.actor(factories.songmo().organisation, "operations"), given())


def test_a_file_of_readings():
    text = "\ufeffmonth,facility_kwh,it_kwh\r\n2026-09,1310000.5,1000000\r\n\r\n2026-10, 620000 ,500000\r\n"
    assert energy.read_csv(data=text.encode()) == [
        given(Month(2026, 9), "1310000.500", "1000000.000"),
        given(OCTOBER, "620000.000", "500000.000"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"month,it_kwh\n2026-10,1\n",
        b"month,facility_kwh,it_kwh\n",
        b"month,facility_kwh,it_kwh\n2026-13,2,1\n",
        b"month,facility_kwh,it_kwh\n2026-10,many,1\n",
        b"month,facility_kwh,it_kwh\n2026-10,NaN,1\n",
        b"month,facility_kwh,it_kwh\n2026-10,1e999999,1\n",
        b"month,facility_kwh,it_kwh\n2026-10,2\n",
        b'month,facility_kwh,it_kwh\n"2026-10,2,1',
        b"\xff\xfe\x00",
        b"month,facility_kwh,it_kwh\n" + b"2026-10,2,1\n" * 241,
        b"x" * 65_537,
    ],
)
def test_files_that_are_refused_say_why(data):
    with pytest.raises(energy.InvalidReading) as refusal:
        energy.read_csv(data=data)
    assert refusal.value.message
