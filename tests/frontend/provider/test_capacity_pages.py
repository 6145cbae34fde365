"""A provider plans its capacity through HTTP; another's pools do not exist; the platform sees that sums agree."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers import operations as providers
from providers.models import CapacityPool, DataCentre, Maintenance, PoolChange
from tests import factories
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> DataCentre:
    return factories.data_centre(factories.hongshan(), vcpu=10)


def vcpu(centre: DataCentre) -> CapacityPool:
    return CapacityPool.objects.get(data_centre=centre, resource="vcpu")


def test_a_pool_is_changed_and_never_below_what_is_sold(centre: DataCentre) -> None:
    providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(7)})])
    client = client_of(factories.actor(centre.partner.organisation, "operations"))
    path = f"/provider/capacity/{centre.code}/vcpu/"
    refused = client.post(f"{path}set/", {"total": "6", "overcommit_ratio": "1"})
    assert refused.status_code == 409
    assert "7" in refused.context["pool_form"].errors["total"][0]
    assert vcpu(centre).total == 10
    assert client.post(f"{path}set/", {"total": "12.5", "overcommit_ratio": "2"}).status_code == 302
    assert (vcpu(centre).total, vcpu(centre).overcommit_ratio) == (Decimal("12.5"), 2)
    assert client.get(path).context["row"]["percent"] == 56


def test_a_change_is_planned_and_called_off(centre: DataCentre) -> None:
    client = client_of(factories.actor(centre.partner.organisation, "operations"))
    path = f"/provider/capacity/{centre.code}/vcpu/changes/"
    late = client.post(path, {"quantity": "5", "effective_date": "2020-01-01", "reason": "二期"})
    assert (late.status_code, list(late.context["change_form"].errors)) == (422, ["effective_date"])
    assert client.post(path, {"quantity": "5", "effective_date": "2099-01-01", "reason": "二期"}).status_code == 302
    change = PoolChange.objects.get()
    assert client.post(f"{path}{change.pk}/cancel/").status_code == 302
    change.refresh_from_db()
    assert change.cancelled_at is not None


def test_a_window_is_announced_once(centre: DataCentre) -> None:
    client = client_of(factories.actor(centre.partner.organisation, "operations"))
    window = {
        "data_centre": centre.code,
        "starts_at": "2099-01-01T01:00",
        "ends_at": "2099-01-01T03:00",
        "reason": "更换交换机",
    }
    window["data_centre"] = factories.data_centre(centre.partner).code  # not the first of several
    assert client.post("/provider/capacity/maintenance/", window).status_code == 302
    assert client.post("/provider/capacity/maintenance/", window).status_code == 409
    assert Maintenance.objects.count() == 1
    assert "更换交换机" in client.get("/provider/capacity/maintenance/").content.decode()


def test_who_may_only_look_is_offered_no_form(centre: DataCentre) -> None:
    client = client_of(factories.actor(centre.partner.organisation, "finance"))
    page = client.get(f"/provider/capacity/{centre.code}/vcpu/")
    assert page.status_code == 200
    assert "/set/" not in page.content.decode()
    assert client.post(f"/provider/capacity/{centre.code}/vcpu/set/", {"total": "1"}).status_code == 403


def test_another_providers_pool_does_not_exist(centre: DataCentre) -> None:
    client = client_of(factories.actor(factories.songmo().organisation, "owner"))
    path = f"/provider/capacity/{centre.code}/vcpu/"
    assert client.get(path).status_code == 404
    assert client.post(f"{path}set/", {"total": "12", "overcommit_ratio": "1"}).status_code == 404
    assert centre.name not in client.get("/provider/capacity/").content.decode()


def test_the_list_takes_the_same_queries_for_any_number_of_pools(centre: DataCentre) -> None:
    client = client_of(factories.actor(centre.partner.organisation, "owner"))

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/provider/capacity/").status_code == 200
        return len(queries)

    few = count()
    for _ in range(3):
        factories.data_centre(centre.partner)
    assert count() == few <= 8


def test_the_platform_sees_whether_the_sums_agree(centre: DataCentre) -> None:
    client = client_of(factories.actor(factories.platform(), "operator"))
    assert client.get("/operator/capacity/").context["held_wrong"] == []
    CapacityPool.objects.filter(pk=vcpu(centre).pk).update(held=3, allocated=2)
    page = client.get("/operator/capacity/")
    assert [pool.pk for pool in page.context["held_wrong"]] == [vcpu(centre).pk]
    assert [one["pool"].pk for one in page.context["sold_wrong"]] == [vcpu(centre).pk]
    assert centre.name in page.content.decode()
