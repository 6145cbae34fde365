"""What the sample data centres can show: documents, systems under MLPS, meter readings; a source and its alert."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from standardwebhooks import Webhook

from billing.contracts import alerts as alert_door
from billing.rules import periods
from billing.rules.periods import Month
from listings.models import Product
from marketplace.demo import papers
from marketplace.organisations import actors
from providers.documents import operations as documents
from providers.documents.models import Document
from providers.evidence import alerts, assessors, energy, mlps, queries
from providers.models import Assessor, DataCentre, Evidence, Partner

ASSESSOR: Final = ("示例·北疆信息安全测评中心", "91150102MADEM40008", "DEMO-DJCP-15-003")
SIGNED_BY: Final = "示例·苏日娜"
SOURCE: Final = "示例·自治区政务网络安全预警平台"
KWH_PER_RACK: Final = 1_800  # a month, IT equipment
MONTHS_METERED: Final = 24
# Over half a year; the other half has the opposite signs, so that twelve months come to the year's figure.
SEASONS: Final = tuple(map(Decimal, ("-0.05", "-0.03", "0.00", "0.02", "0.04", "0.05")))
LOADS: Final = tuple(map(Decimal, ("0.94", "0.96", "0.98", "1.00", "1.03", "1.05")))


def keep_document(*, kind: str, number: str, partner: Partner, actor: actors.Actor, now: datetime) -> Document:
    """The file behind a document number."""
    return documents.keep(
        file=papers.write_paper(name=f"{number}.pdf", lines=[number, partner.name]),
        kind=kind if kind in Document.Kind.values else "other",
        organisation_id=partner.organisation_id,
        actor=actor,
        now=now,
    )


def register_assessor(*, actor: actors.Actor, now: datetime) -> Assessor:
    """The one assessor of the sample world."""
    name, code, accreditation = ASSESSOR
    return assessors.register_assessor(name=name, code=code, accreditation=accreditation, actor=actor, now=now)


def assess(
    *,
    centre: DataCentre,
    row: Mapping[str, Any],
    assessed: date,
    assessor: Assessor,
    actor: actors.Actor,
    now: datetime,
) -> Evidence:
    """The cloud platform of a data centre: graded, filed half a year before, assessed. Returns the claim."""
    common: dict[str, Any] = {"actor": actor, "now": now}
    system = mlps.grade_system(data_centre=centre, name="云服务平台", level=row["mlps_level"], **common)
    mlps.file_system(
        system_id=system.pk,
        filing_number=row["mlps_filing_no"],
        filed_with=f"{row['county']}公安局网安大队",
        filed_date=assessed - timedelta(days=180),
        **common,
    )
    number = row["mlps_filing_no"]
    return mlps.assess_system(
        system_id=system.pk,
        assessor=assessor,
        signed_by=SIGNED_BY,
        document=keep_document(kind="mlps", number=number, partner=centre.partner, **common),
        document_number=number,
        assessed_date=assessed,
        **common,
    )


def meter(
    *, centre: DataCentre, row: Mapping[str, Any], measured: date, actor: actors.Actor, now: datetime
) -> Evidence:
    """Two years of readings up to the month before `now`; the claim of the year that ends with `measured`."""
    until = Month.of_date(measured)
    last, readings, month = Month.of(now).previous(), [], until
    for _ in range(MONTHS_METERED - 1):
        month = month.previous()
    while month <= last:
        readings.append(_read(month, pue=Decimal(str(row["pue_trailing_12m"])), racks=row["standard_racks"]))
        month = month.next()
    energy.record_readings(data_centre=centre, readings=readings, actor=actor, now=now)
    number = f"DEMO-PUE-{row['id']}"
    return energy.claim_measured_pue(
        data_centre=centre,
        until=until,
        issuer=ASSESSOR[0],
        document=keep_document(kind="pue", number=number, partner=centre.partner, actor=actor, now=now),
        document_number=number,
        actor=actor,
        now=now,
    )


def go_on_metering(*, centre: DataCentre, actor: actors.Actor, now: datetime) -> None:
    """The months since the readings ended, as the twelve before them went."""
    rows = queries.latest_readings(data_centre_ids=[centre.pk])[centre.pk]
    by_month = {Month.of_date(row.month): row for row in rows}
    month, readings = max(by_month).next(), []
    while month < Month.of(now):
        before = by_month[Month(month.year - 1, month.month)]
        readings.append(energy.Given(month, before.facility_kwh, before.it_kwh))
        month = month.next()
    energy.record_readings(data_centre=centre, readings=readings, actor=actor, now=now)


def raise_alert(*, product: Product, partner: Partner, actor: actors.Actor, now: datetime) -> None:
    """A source is opened, and warns of one offering, signed as a real one would be."""
    opened = alerts.open_source(name=SOURCE, actor=actor, now=now - timedelta(days=30))
    data = {
        "severity": "high",
        "title": "转码组件存在远程代码执行漏洞",
        "description": "请升级组件并核查日志；示例预警，内容虚构。",
        "provider": partner.organisation.uscc,
        "offering": product.code,
    }
    body = json.dumps({"type": alerts.RAISED, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False)
    alert_door.take_alert(
        body=body.encode(),
        message_id="demo-alert-1",
        timestamp=str(int(now.timestamp())),
        signature=Webhook(opened.secret).sign("demo-alert-1", now, body),
        now=now,
    )


def _read(month: Month, *, pue: Decimal, racks: int) -> energy.Given:
    """One month: the load grows through each half year, the cooling costs more in summer."""
    place = (month.month + 2) % 12
    sign = 1 if place < 6 else -1
    it = (racks * KWH_PER_RACK * LOADS[place % 6]).quantize(Decimal(1))
    facility = (it * (pue + sign * SEASONS[place % 6] / 2)).quantize(Decimal("0.001"))
    return energy.Given(month, facility, it)


def months_moved(opening: datetime, *, meant_for: Month) -> int:
    """How many months the sample data lies from the month it was written for."""
    at = Month.of(opening)
    return (at.year - meant_for.year) * 12 + at.month - meant_for.month


def moved_day(text: str, *, moved: int) -> date:
    """A day of the sample data, moved."""
    return periods.add_months(date.fromisoformat(text), moved)
