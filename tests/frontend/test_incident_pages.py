"""Incidents through HTTP: a buyer reports, the provider confirms and resolves, everyone reads the status page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace import clock
from providers.service.models import Incident
from tests import factories
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract():
    factories.platform()
    today = timezone.localtime(clock.now()).date()
    host = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), host, start=today.replace(day=1))


def moment(**ago) -> str:
    return f"{timezone.localtime(clock.now()) - timezone.timedelta(**ago):%Y-%m-%dT%H:%M}"


def test_from_the_report_to_the_public_page(contract) -> None:
    buyer = client_of(factories.actor(contract.buyer, "buyer"))
    seller = client_of(factories.actor(contract.provider.organisation, "operations"))
    path = f"/buyer/contracts/{contract.number}/service/"
    refused = buyer.post(path, {"impact": "outage", "starts_at": "2099-01-01T00:00", "what": "连不上"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["starts_at"])
    form = {"impact": "outage", "starts_at": moment(hours=2), "what": "连不上了"}
    assert buyer.post(path, form).status_code == 302
    assert buyer.post(path, form).status_code == 409  # once is enough
    incident = Incident.objects.get()
    assert (incident.offering_code, incident.source) == (contract.offering.code, "buyer")
    assert incident.number not in seller.get("/status/").content.decode()
    here = f"/provider/incidents/{incident.number}/"
    assert "连不上了" in seller.get(here).content.decode()
    assert seller.post(f"{here}confirm/", {"impact": "outage"}).status_code == 422
    said = {"impact": "outage", "starts_at": moment(hours=2), "text": "核心交换机故障"}
    assert seller.post(f"{here}confirm/", said).status_code == 302
    assert seller.post(f"{here}nonsense/", said).status_code == 404
    page = client_of(factories.actor(factories.foods(), "buyer")).get("/status/").content.decode()
    assert "核心交换机故障" in page
    assert "连不上了" not in page  # what the buyer wrote is between it and the provider
    assert contract.number not in page
    assert seller.post(f"{here}resolve/", {"ends_at": moment(hours=1), "text": "已恢复"}).status_code == 302
    assert "已恢复" in buyer.get("/status/").content.decode()


def test_a_provider_reports_for_its_own_places_only(contract) -> None:
    other = factories.offering(factories.data_centre(contract.provider))
    seller = client_of(factories.actor(contract.provider.organisation, "operations"))
    form = {"impact": "outage", "starts_at": moment(hours=1), "what": "供电中断", "offering": other.code}
    wrong = seller.post("/provider/incidents/new/", {**form, "data_centre": contract.offering.data_centre.code})
    assert list(wrong.context["form"].errors) == ["offering"]
    foreign = factories.data_centre(factories.songmo())
    unknown = seller.post("/provider/incidents/new/", {**form, "data_centre": foreign.code})
    assert list(unknown.context["form"].errors) == ["data_centre"]
    assert seller.post("/provider/incidents/new/", {**form, "data_centre": other.data_centre.code}).status_code == 302


def test_the_operator_reports_what_the_probe_found(contract) -> None:
    operator = client_of(factories.actor(factories.platform(), "operator"))
    form = {
        "data_centre": contract.offering.data_centre.code,
        "impact": "outage",
        "starts_at": moment(hours=1),
        "what": "探测连续失败",
    }
    assert operator.post("/operator/incidents/", form).status_code == 302
    incident = Incident.objects.get()
    assert (incident.source, incident.state) == ("probe", "reported")
    early = operator.post(f"/operator/incidents/{incident.number}/reject/", {"text": "误报"})
    assert early.status_code == 409
    assert operator.get("/operator/incidents/?state=reported").context["total"] == 1


@pytest.mark.parametrize("path", ["/status/", "/provider/incidents/"])
def test_lists_ask_as_many_queries_for_many_as_for_one(contract, path) -> None:
    client = client_of(factories.actor(contract.provider.organisation, "operations"))

    def count() -> int:
        form = {"impact": "outage", "starts_at": moment(hours=1), "what": "供电中断"}
        client.post("/provider/incidents/new/", {**form, "data_centre": contract.offering.data_centre.code})
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        return len(asked)

    first = count()
    assert [count() for _ in range(2)] == [first, first]
