"""Comparison reports: frozen with their versions, whatever happens to prices; estimates: kept choices, no prices."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from listings.comparison import queries as comparisons
from listings.comparison import scoring
from marketplace.organisations.models import AuditEntry
from marketplace.procurement import operations, queries, reports
from marketplace.procurement.models import ComparisonReport
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hosts() -> tuple[Any, Any]:
    return (
        factories.offering(factories.data_centre(factories.hongshan()), version_number=3),
        factories.offering(factories.data_centre(factories.songmo())),
    )


def choose(*offering_ids: int, **fields: Any) -> comparisons.Chosen:
    return comparisons.Chosen(
        **{
            "offering_ids": offering_ids,
            "plan_ids": frozenset(),
            "quantity": 10,
            "term_months": 12,
            "weights": scoring.PRESETS["green"],
            **fields,
        }
    )


def test_a_report_freezes_figures_versions_weights_and_who(hosts: tuple[Any, Any], now: datetime) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    report = operations.make_report(chosen=choose(hosts[0].pk, hosts[1].pk), actor=actor, now=now)
    assert report.number.startswith("BX-") and len(report.number) == 13
    frozen = queries.find_report(number=report.number, organisation_id=report.organisation_id)
    table = reports.read_table(frozen.content)
    assert [(one.version, one.price_book) for one in table.columns] == [(4, 1), (1, 1)]
    assert table.weights == {"price": 25, "service": 20, "compliance": 15, "green": 40}
    assert frozen.content["made_by"] == actor.user_name
    assert frozen.content["organisation"] == actor.organisation_name
    assert table.groups[0].rows[0].cells[0].value == Decimal("24349.90")
    assert AuditEntry.objects.filter(action="comparison.reported", object_id=report.number).count() == 1


def test_a_report_never_changes_when_prices_do(hosts: tuple[Any, Any], now: datetime) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    report = operations.make_report(chosen=choose(hosts[0].pk, hosts[1].pk), actor=actor, now=now)
    before = queries.find_report(number=report.number, organisation_id=report.organisation_id).content
    factories.price_book(hosts[0], plans={"monthly": [factories.Price("recurring", "999")]})
    hosts[1].title, hosts[1].state = "改名", "withdrawn"
    hosts[1].save()
    after = queries.find_report(number=report.number, organisation_id=report.organisation_id)
    assert after.content == before
    assert queries.is_intact(report=after)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_a_report(hosts: tuple[Any, Any], now: datetime, change: str) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    report = operations.make_report(chosen=choose(hosts[0].pk, hosts[1].pk), actor=actor, now=now)
    rows = ComparisonReport.objects.filter(pk=report.pk)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.update(quantity=1) if change == "update" else rows.delete()


def test_a_changed_content_is_seen(hosts: tuple[Any, Any], now: datetime) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    report = operations.make_report(chosen=choose(hosts[0].pk, hosts[1].pk), actor=actor, now=now)
    report.content["table"]["groups"][0]["rows"][0]["cells"][0]["value"] = "1.00"
    assert not queries.is_intact(report=report)


def test_another_organisation_has_no_such_report(hosts: tuple[Any, Any], now: datetime) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    report = operations.make_report(chosen=choose(hosts[0].pk, hosts[1].pk), actor=actor, now=now)
    with pytest.raises(queries.NoSuchReport):
        queries.find_report(number=report.number, organisation_id=factories.foods().pk)
    assert list(queries.list_reports(organisation_id=factories.foods().pk)) == []


@pytest.mark.parametrize(
    ("wanted", "fields"), [("one", {}), ("withdrawn", {}), ("both", {"term_months": 7}), ("none", {})]
)
def test_what_cannot_be_reported(hosts: tuple[Any, Any], now: datetime, wanted: str, fields: dict[str, Any]) -> None:
    actor = factories.actor(factories.bureau(), "buyer")
    ids = {
        "one": [hosts[0].pk],
        "withdrawn": [hosts[0].pk, hosts[1].pk, 10**9],
        "both": [hosts[0].pk, hosts[1].pk],
        "none": [],
    }[wanted]
    with pytest.raises(operations.NothingToCompare):
        operations.make_report(chosen=choose(*ids, **fields), actor=actor, now=now)
    assert not ComparisonReport.objects.exists()
