"""What counts as proven, and that filters, facets, the export and scores go by it as badges do."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from listings.search import filters, results
from marketplace import pipeline
from marketplace.organisations.models import AuditEntry
from providers import queries
from providers.evidence import operations, proven
from providers.models import DataCentre
from tests import editions, factories

pytestmark = pytest.mark.django_db
UNPROVEN = {"proven_mlps_level": None, "proven_pue": None, "proven_green_percent": None}
TODAY = editions.ANNOUNCED_AT.date()
LAST_DAY = TODAY + timedelta(days=30)


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan(), **UNPROVEN)


def total(**params):
    chosen, _unknown = filters.read_filters(params={name: [value] for name, value in params.items()})
    return results.search(filters=chosen).total


def facets():
    found = results.search(filters=filters.CatalogueFilters()).list_facets()
    return {one.name: [option.value for option in one.options] for one in found if one.name in ("mlps", "pue", "green")}


def verify(centre, kind, value, **fields):
    claim = editions.document(centre, kind, value, verified=False, **fields)
    operations.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=editions.ANNOUNCED_AT)
    return claim


def test_claims_do_not_count_until_verified_nor_after_their_last_day(centre):
    factories.offering(centre)
    assert (total(), total(mlps="3"), facets()) == (1, 0, {})
    mlps = verify(centre, "mlps", "3", valid_until=LAST_DAY)
    verify(centre, "pue", "1.284", valid_until=None)
    verify(centre, "green_power", "55.9", valid_until=None)
    assert total(mlps="3") == 1
    assert set(facets()) == {"mlps", "pue", "green"}
    centre.refresh_from_db()
    shown = (centre.proven_mlps_level, centre.proven_pue, centre.proven_green_percent)
    assert shown == (3, Decimal("1.28"), 55)
    stage = dict(pipeline.STAGES)["state what is proven"]
    noon = datetime.combine(LAST_DAY, datetime.min.time(), tzinfo=editions.ANNOUNCED_AT.tzinfo) + timedelta(hours=4)
    assert (stage(now=noon, limit=9), total(mlps="3")) == (0, 1)  # the last day counts
    assert (stage(now=noon + timedelta(days=1), limit=9), total(mlps="3")) == (1, 0)
    assert stage(now=noon + timedelta(days=1), limit=9) == 0
    assert stage(now=noon, limit=9) == 1
    operations.revoke_evidence(evidence_id=mlps.pk, reason="撤回", actor=editions.operator(), now=noon)
    assert (total(mlps="3"), total()) == (0, 1)
    assert AuditEntry.objects.filter(action="evidence.revoked").count() == 1


def test_of_several_systems_the_highest_level_counts_everywhere(centre):
    verify(centre, "mlps", "3", valid_from=date(2026, 1, 1), valid_until=None)
    verify(centre, "mlps", "2", valid_from=date(2026, 2, 1), valid_until=None)
    documents = queries.evidence_in_force(data_centre_ids=[centre.pk], on=TODAY)[centre.pk]
    assert proven.facts(documents=documents).proven_mlps_level == 3
    assert documents["mlps"].value == 3


def test_the_export_leaves_out_what_is_only_claimed(centre):
    factories.offering(centre)

    def rows():
        text = b"".join(Client().get("/catalogue/export.csv").streaming_content).decode("utf-8-sig")
        head, row = (line.replace('"', "").split(",") for line in text.strip().splitlines()[:2])
        return [row[place] for place, name in enumerate(head) if "已核验" in name]

    assert rows() == ["", "", ""]
    DataCentre.objects.update(proven_mlps_level=3, proven_pue=Decimal("1.28"), proven_green_percent=55)
    assert rows() == ["3", "1.28", "55"]
