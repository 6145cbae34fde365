"""A provider enters a data centre, edits its facts and adds pools; the platform opens it; buyers see what follows."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from marketplace.organisations.models import AuditEntry, Notice
from providers.models import CapacityPool, DataCentre
from tests import editions, factories
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db

GIVEN = {
    "code": "cf-new-1", "name": "红山新数据中心", "county_code": "150404", "status": "building", "gb50174_class": "A",
    "mlps_level": "3", "design_pue": "1.25", "green_power_percent": "70", "rtt_to_beijing_ms": "9", "lines": "双路由",
    "racks": "2000", "servers_capacity": "30000", "servers_installed": "12000", "servers_available": "9000",
}  # fmt: skip


@pytest.fixture
def partner():
    factories.county()
    return factories.hongshan()


@pytest.fixture
def owner(partner):
    return client_of(factories.actor(partner.organisation, "operations"))


@pytest.fixture
def officer():
    return client_of(factories.actor(factories.platform(), "officer"))


def add(owner, **change):
    return owner.post(reverse("provider:data_centre_new"), {**GIVEN, **change})


def test_from_entered_to_open_with_claims_that_stay_grey(owner, officer, partner):
    assert add(owner).status_code == 302
    centre = DataCentre.objects.get()
    assert (centre.code, centre.status, centre.servers_available) == ("CF-NEW-1", "building", 9000)
    public = Client().get(reverse("data_centre", args=[centre.code])).content.decode()
    assert "badge-good" not in public
    assert "70%" in public
    ask, page = (reverse(f"provider:{name}", args=[centre.code]) for name in ("data_centre_open", "data_centre"))
    assert "请先新增容量池" in owner.post(ask, follow=True).content.decode()
    pool = {"resource": "vcpu", "total": "800", "overcommit_ratio": "2"}
    assert owner.post(reverse("provider:pool_add", args=[centre.code]), pool).status_code == 302
    again = owner.post(reverse("provider:pool_add", args=[centre.code]), pool)
    assert (again.status_code, list(again.context["pool_form"].errors)) == (422, ["resource"])
    kept = CapacityPool.objects.get()
    assert (kept.unit, kept.total, kept.overcommit_ratio) == ("vCPU", 800, 2)
    owner.post(ask)
    assert centre.code in officer.get(reverse("operator:evidence")).content.decode()
    desk = reverse("operator:opening_decide", args=[centre.code])
    assert officer.post(desk, {"decision": "refuse", "reason": ""}).status_code == 422
    assert officer.post(desk, {"decision": "refuse", "reason": "请先完成验收"}).status_code == 302
    assert officer.post(desk, {"decision": "open", "reason": ""}).status_code == 409  # nobody asks any more
    owner.post(ask)
    assert officer.post(desk, {"decision": "open", "reason": ""}).status_code == 302
    centre.refresh_from_db()
    assert (centre.status, centre.asked_to_open_at) == ("operating", None)
    assert "800 vCPU" in owner.get(page).content.decode()
    assert Notice.objects.filter(organisation=partner.organisation).count() == 2
    actions = AuditEntry.objects.filter(object_id=centre.code).order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "data_centre.added", "data_centre.asked_to_open", "data_centre.opening_refused",
        "data_centre.asked_to_open", "data_centre.opened",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "x"}, "code"),
        ({"code": "../a"}, "code"),
        ({"name": " "}, "name"),
        ({"county_code": "150400"}, "county_code"),
        ({"status": "operating"}, "status"),
        ({"gb50174_class": "D"}, "gb50174_class"),
        ({"mlps_level": "6"}, "mlps_level"),
        ({"design_pue": "0.9"}, "design_pue"),
        ({"design_pue": "NaN"}, "design_pue"),
        ({"green_power_percent": "101"}, "green_power_percent"),
        ({"rtt_to_beijing_ms": "-1"}, "rtt_to_beijing_ms"),
        ({"lines": "x" * 121}, "lines"),
        ({"racks": ""}, "racks"),
        ({"racks": "99999999999999999999"}, "racks"),
        ({"servers_installed": "30001"}, "servers_installed"),
        ({"servers_available": "12001"}, "servers_available"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(owner, change, field):
    answer = add(owner, **change)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not DataCentre.objects.exists()


def test_a_code_is_taken_once_and_only_those_approved_enter_any(owner):
    add(owner)
    assert (add(owner).status_code, DataCentre.objects.count()) == (409, 1)
    newcomer = client_of(factories.actor(factories.organisation(side="provider", name="新来"), "owner"))
    assert add(newcomer, code="CF-NEW-2").status_code == 302
    assert DataCentre.objects.count() == 1


def test_an_edit_is_audited_followed_and_greys_what_no_document_backs(owner, partner):
    centre = factories.data_centre(partner, gb50174_class="B", racks=10, servers_capacity=10, servers_installed=5)
    editions.document(centre, "gb50174", "2")
    page = reverse("provider:data_centre_edit", args=[centre.code])
    same = owner.get(page).context["form"].initial
    given = {name: "" if value is None else value for name, value in same.items()}
    assert owner.post(page, given).status_code == 302
    assert not AuditEntry.objects.filter(action="data_centre.edited").exists()
    change = {**given, "gb50174_class": "A", "servers_installed": "7", "name": "改名"}
    assert owner.post(page, change).status_code == 302
    entry = AuditEntry.objects.get(action="data_centre.edited")
    assert entry.details["servers_installed"] == {"before": 5, "after": 7}
    assert set(entry.details) == {"gb50174_class", "servers_installed", "name"}
    public = Client().get(reverse("data_centre", args=[centre.code])).content.decode()
    assert 'badge-good">B' in public  # what is proven, not what is claimed now
    assert "改名" in public


def test_it_closes_when_nothing_is_taken_and_opens_by_the_platform_only(owner, partner):
    centre = factories.data_centre(partner)
    page = reverse("provider:data_centre_edit", args=[centre.code])
    given = {name: "" if value is None else value for name, value in owner.get(page).context["form"].initial.items()}
    centre.pools.filter(resource="vcpu").update(held=1)
    used = owner.post(page, {**given, "status": "closed"})
    assert (used.status_code, list(used.context["form"].errors)) == (409, ["status"])
    assert owner.post(page, {**given, "status": "building"}).status_code == 422
    centre.pools.update(held=0)
    assert owner.post(page, {**given, "status": "closed"}).status_code == 302
    assert owner.post(page, {**given, "status": "operating"}).status_code == 422
    centre.refresh_from_db()
    assert centre.status == "closed"
    with pytest.raises(IntegrityError, match="data_centre_servers_available"), transaction.atomic():
        DataCentre.objects.filter(pk=centre.pk).update(servers_available=10**6)


def test_nobody_opens_their_own(owner, partner):
    centre = factories.data_centre(partner, status="building", racks=1, servers_capacity=1, servers_installed=1)
    owner.post(reverse("provider:data_centre_open", args=[centre.code]))
    officer = factories.actor(factories.platform(), "officer")
    partner.organisation.memberships.create(user_id=officer.user_id, roles=["owner"])
    client = client_of(officer)
    page = reverse("operator:opening_decide", args=[centre.code])
    assert client.post(page, {"decision": "open"}).status_code in (403, 422)
    centre.refresh_from_db()
    assert centre.status == "building"
