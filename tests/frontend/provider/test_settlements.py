"""A provider sees its own settlements, and nothing of another's."""

import re

import pytest
import time_machine

from billing.exports.models import ExportRun
from billing.settlement import operations as settlement
from tests import factories
from tests.frontend import settled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _second_of_november():
    with time_machine.travel(settled.NOW, tick=False):
        yield


@pytest.fixture
def world():
    return settled.make_world()


@pytest.fixture
def songmo(client, world):
    client.force_login(factories.member(world.songmo.organisation, "finance"))
    return client


def test_the_list_holds_its_own_only(songmo, world):
    html = songmo.get("/provider/settlements/").content.decode()
    assert settled.SECOND in html
    for secret in (settled.FIRST, world.hongshan.name, "133.33", "130.50"):
        assert secret not in html
    assert re.findall(r'class="kpi-value">(.*?)</dd>', html) == ["¥50.00", "¥1.06", "¥48.94", "¥48.94"]


def test_another_providers_settlement_is_not_found(songmo):
    assert songmo.get(f"/provider/settlements/{settled.SECOND}/").status_code == 200
    assert songmo.get(f"/provider/settlements/{settled.FIRST}/").status_code == 404
    assert songmo.get("/provider/settlements/JS-202610-9999/").status_code == 404


def test_the_detail_offers_no_approval_and_names_no_person(songmo, world):
    settlement.approve(number=settled.SECOND, actor=world.finance_actor, now=settled.NOW)
    html = songmo.get(f"/provider/settlements/{settled.SECOND}/").content.decode()
    for secret in ("/finance/", "settlement:JS", "bank_reference", world.finance.get_full_name()):
        assert secret not in html
    assert "¥48.94" in html


def test_its_finance_pages_are_shut(songmo):
    for path in ("approve/", "pay/"):
        assert songmo.post(f"/finance/settlements/{settled.SECOND}/{path}").status_code == 403


def test_it_exports_its_own(songmo, world):
    songmo.post("/provider/exports/", {"kind": "settlement_detail", "month": "2026-10", "format": "csv"})
    assert ExportRun.objects.get().organisation_id == world.songmo.organisation_id


@pytest.mark.parametrize("role", ["sales", "operations"])
def test_money_is_for_owner_and_finance(client, world, role):
    client.force_login(factories.member(world.songmo.organisation, role))
    for path in ("settlements/", f"settlements/{settled.SECOND}/", "exports/"):
        assert client.get(f"/provider/{path}").status_code == 403


def test_other_sides_are_kept_out(client, world):
    client.force_login(world.finance)
    assert client.get("/provider/settlements/").status_code == 403
    assert client.get("/provider/exports/").status_code == 403
