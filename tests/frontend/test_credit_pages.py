"""Service level credits through HTTP: the provider disputes, the operator decides, the buyer reads what it earns."""

from datetime import UTC, datetime

import pytest

from billing.contracts import sla
from billing.contracts.models import CreditTable, SlaCredit
from providers.service import operations as incidents
from tests import factories
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db
CLOSED = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def contract():
    factories.platform()
    host = factories.offering(factories.data_centre(factories.hongshan()))
    made = factories.contract(factories.foods(), host)
    incidents.report(
        data_centre=host.data_centre,
        impact="outage",
        what="供电中断",
        starts_at=datetime(2026, 10, 10, tzinfo=UTC),
        ends_at=datetime(2026, 10, 11, tzinfo=UTC),
        actor=factories.actor(made.provider.organisation, "operations"),
        now=CLOSED,
    )
    assert sla.propose_due(now=CLOSED, limit=9) == 1
    return made


def test_a_dispute_goes_to_the_operator_and_back(contract, monkeypatch) -> None:
    monkeypatch.setattr("marketplace.clock.now", lambda: CLOSED)
    seller = client_of(factories.actor(contract.provider.organisation, "operations"))
    operator = client_of(factories.actor(factories.platform(), "operator"))
    buyer = client_of(factories.actor(contract.buyer, "buyer"))
    here = f"credits/{contract.number}/2026-10"
    empty = seller.post(f"/provider/{here}/dispute/", {})
    assert empty.status_code == 422
    assert "reason" in empty.context["rows"][0]["form"].errors
    assert seller.post(f"/provider/credits/{contract.number}/october/dispute/", {"reason": "?"}).status_code == 404
    assert seller.post(f"/provider/{here}/dispute/", {"reason": "用户自行关机"}).status_code == 302
    assert "用户自行关机" in operator.get("/operator/credits/?state=disputed").content.decode()
    assert operator.post(f"/operator/{here}/decide/", {"is_granted": "maybe"}).status_code == 422
    said = {"is_granted": "yes", "reason": "监测记录显示机房断电"}
    assert operator.post(f"/operator/{here}/decide/", said).status_code == 302
    assert SlaCredit.objects.get().is_granted
    page = buyer.get(f"/buyer/contracts/{contract.number}/service/")
    month = next(one for one in page.context["months"] if one["month"] == "2026-10")
    assert (str(month["reached"]), month["is_below"], month["rows"][0]["percent"]) == ("96.774", True, "25")
    assert "监测记录显示机房断电" in page.content.decode()


def test_the_operator_announces_a_table_seven_days_ahead(contract, monkeypatch) -> None:
    monkeypatch.setattr("marketplace.clock.now", lambda: CLOSED)
    operator = client_of(factories.actor(factories.platform(), "operator"))
    form = {
        "effective_date": "2026-11-05",
        "percent_promise": "10",
        "below_first": "99",
        "percent_first": "30",
        "below_second": "95",
        "percent_second": "100",
        "source": "平台公告2026第3号",
    }
    early = operator.post("/operator/credits/", form)
    assert (early.status_code, list(early.context["form"].errors)) == (422, ["effective_date"])
    wrong = operator.post("/operator/credits/", {**form, "effective_date": "2026-12-01", "percent_second": "20"})
    assert wrong.status_code == 422
    assert operator.post("/operator/credits/", {**form, "effective_date": "2026-12-01"}).status_code == 302
    assert CreditTable.objects.count() == 2
