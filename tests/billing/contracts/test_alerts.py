"""Signed alerts: taken once, within five minutes; they freeze, tell who is concerned, and a person lifts them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from standardwebhooks import Webhook

from billing.contracts import alerts as door
from listings import operations as listings
from listings import review, standing
from listings.models import Freeze
from listings.steps import ReviewerIsMember
from marketplace.organisations.models import AuditEntry, Notice
from providers.evidence import alerts, queries
from providers.models import Alert, AlertSource
from tests import editions, factories
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


@pytest.fixture
def opened() -> alerts.Opened:
    return alerts.open_source(name="自治区预警平台", actor=editions.operator(), now=NOW)


@pytest.fixture
def host() -> Any:
    return factories.offering(factories.data_centre(factories.hongshan()))


def body_of(host: Any, **changes: Any) -> bytes:
    data = {
        "severity": "high",
        "title": "远程代码执行漏洞",
        "provider": host.partner.organisation.uscc,
        "offering": host.code,
        **changes,
    }
    return json.dumps({"type": "alert.raised", "timestamp": NOW.isoformat(), "data": data}).encode()


def send(secret: str, sent: bytes, *, message_id: str = "msg_1", at: datetime = NOW, **changes: Any) -> alerts.Taken:
    return door.take_alert(
        **{
            "body": sent,
            "message_id": message_id,
            "timestamp": str(int(at.timestamp())),
            "signature": Webhook(secret).sign(message_id, at, sent.decode()),
            "now": NOW,
            **changes,
        }
    )


def state(product: Any) -> str:
    product.refresh_from_db()
    return str(product.state)


def nothing_happened(host: Any) -> bool:
    counts = (Alert.objects.count(), Freeze.objects.count(), Notice.objects.count())
    return counts == (0, 0, 0) and state(host) == "published"


def test_an_alert_hides_the_listing_and_tells_whom_it_concerns(opened: Any, host: Any) -> None:
    other = factories.offering(host.data_centre)
    buyer, stranger, former = factories.foods(), factories.bureau(), factories.foods()
    contract = factories.contract(buyer, host, plan_code="metered")
    factories.contract(stranger, other, plan_code="metered")
    gone = factories.contract(former, host, plan_code="metered")
    type(gone).objects.filter(pk=gone.pk).update(status="ended")
    taken = send(opened.secret, body_of(host))
    assert (taken.is_new, taken.alert.frozen_count, taken.alert.told_count) == (True, 1, 1)
    assert (state(host), state(other)) == ("frozen", "published")
    told = {one.organisation_id: one for one in Notice.objects.all()}
    assert set(told) == {buyer.pk, host.partner.organisation_id}
    assert told[buyer.pk].values["contracts"] == contract.number
    assert all(one.is_urgent for one in told.values())
    (freeze,) = Freeze.objects.all()
    assert "远程代码执行漏洞" in standing.sentence(freeze=freeze)
    assert AuditEntry.objects.filter(action="alert.taken", object_id=taken.alert.number).count() == 1


def test_without_an_offering_all_of_the_provider_is_meant(opened: Any, host: Any) -> None:
    other = factories.offering(host.data_centre)
    elsewhere = factories.offering(factories.data_centre(factories.songmo()))
    assert send(opened.secret, body_of(host, offering="")).alert.frozen_count == 2
    assert [state(one) for one in (host, other, elsewhere)] == ["frozen", "frozen", "published"]


def test_the_same_message_again_has_no_further_effect(opened: Any, host: Any) -> None:
    body = body_of(host)
    first = send(opened.secret, body)
    standing.lift_alert(number=first.alert.number, reason="已修复", actor=editions.operator(), now=NOW)
    again = send(opened.secret, body)
    assert (again.is_new, again.alert.pk, state(host)) == (False, first.alert.pk, "published")
    with pytest.raises(alerts.OtherContent):
        send(opened.secret, body_of(host, title="别的"))
    with pytest.raises(IntegrityError, match="alert_once"), transaction.atomic():  # what holds when two come at once
        row = Alert.objects.get()
        row.pk, row.number = None, "YJ2"
        row.save(force_insert=True)


def test_forged_altered_and_closed_are_refused_without_effect(opened: Any, host: Any) -> None:
    body = body_of(host)
    right = Webhook(opened.secret).sign("msg_1", NOW, body.decode())
    other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    bad: list[dict[str, Any]] = [
        {"signature": Webhook(other).sign("msg_1", NOW, body.decode())},
        {"signature": right.replace("v1,", "v2,")},
        {"signature": ""},
        {"signature": "v1," + "é" * 44},
        {"signature": right, "message_id": "msg_2"},
        {"signature": right, "body": body.replace(b"high", b"medium")},
        {"signature": right, "body": b"\xff\xfe"},
        {"signature": right, "message_id": ""},
        {"signature": right, "timestamp": "now"},
        {"signature": right, "timestamp": "9" * 12},
        {"signature": right, "timestamp": str(int(NOW.timestamp()) + 1)},
    ]
    for changes in bad:
        with pytest.raises(door.Unsigned):
            send(opened.secret, body, **changes)
    alerts.close_source(number=opened.source.number, actor=editions.operator(), now=NOW)
    with pytest.raises(door.Unsigned):
        send(opened.secret, body)
    assert nothing_happened(host)


@pytest.mark.parametrize(
    ("away", "is_taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False), (86_400, False)]
)
def test_the_time_stamp_is_held_to_both_sides(opened: Any, host: Any, away: int, is_taken: bool) -> None:
    at = NOW + timedelta(seconds=away)
    if is_taken:
        assert send(opened.secret, body_of(host), at=at).is_new
    else:
        with pytest.raises(door.Unsigned):
            send(opened.secret, body_of(host), at=at)
        assert nothing_happened(host)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"severity": "bad"}, "data.severity"),
        ({"title": ""}, "data.title"),
        ({"title": "x" * 121}, "data.title"),
        ({"title": 5}, "data.title"),
        ({"title": "a\x00b"}, "data.title"),
        ({"title": "\ud800"}, "data.title"),
        ({"provider": "91150404T000000000"}, "data.provider"),
        ({"offering": "OF-OF-OTHERS"}, "data.offering"),
    ],
)
def test_signed_but_wrong_names_the_field_and_does_nothing(opened: Any, host: Any, changes: Any, field: str) -> None:
    with pytest.raises((alerts.InvalidAlert, standing.NoSuchListing)) as refusal, transaction.atomic():
        send(opened.secret, body_of(host, **changes))
    assert refusal.value.field == field
    assert nothing_happened(host)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b'{"type": "alert.raised", "data": []}', b"[" * 9000])
def test_signed_nonsense(opened: Any, host: Any, body: bytes) -> None:
    with pytest.raises(alerts.InvalidAlert):
        send(opened.secret, body)
    assert nothing_happened(host)


def test_lifted_by_a_person_who_is_no_member_with_a_reason(opened: Any, host: Any) -> None:
    alert = send(opened.secret, body_of(host)).alert
    with pytest.raises(alerts.InvalidAlert):
        standing.lift_alert(number=alert.number, reason=" ", actor=editions.operator(), now=NOW)
    with pytest.raises(queries.NoSuchAlert):
        standing.lift_alert(number="YJ0", reason="x", actor=editions.operator(), now=NOW)
    insider = editions.operator()
    factories.Membership.objects.create(
        organisation=host.partner.organisation, user_id=insider.user_id, roles=["owner"]
    )
    with pytest.raises(ReviewerIsMember):
        standing.lift_alert(number=alert.number, reason="已修复", actor=insider, now=NOW)
    colleague = factories.actor(factories.platform(), "operator")
    assert standing.lift_alert(number=alert.number, reason="已修复", actor=colleague, now=NOW) == 1
    assert standing.lift_alert(number=alert.number, reason="已修复", actor=colleague, now=NOW) == 0
    assert state(host) == "published"


def test_one_of_two_alerts_is_lifted_and_the_listing_stays_hidden(opened: Any, host: Any) -> None:
    first = send(opened.secret, body_of(host)).alert
    send(opened.secret, body_of(host, title="数据泄露"), message_id="msg_2")
    standing.lift_alert(number=first.number, reason="已修复", actor=editions.operator(), now=NOW)
    assert state(host) == "frozen"
    listings.lift_freeze(product=host, reason="已处置", actor=editions.operator(), now=NOW)
    assert state(host) == "published"


def test_secrets_are_sealed(opened: Any) -> None:
    stored = AlertSource.objects.get().sealed_secret
    assert opened.secret not in stored
    assert opened.secret.startswith("whsec_")
    for name in ("", "x" * 81):
        with pytest.raises(alerts.InvalidSource):
            alerts.open_source(name=name, actor=editions.operator(), now=NOW)


def test_the_database_keeps_what_came_in(opened: Any, host: Any) -> None:
    send(opened.secret, body_of(host))
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Alert.objects.update(title="别的")


def test_the_buyers_contract_says_why_its_offering_is_hidden(opened: Any, host: Any) -> None:
    buyer = factories.foods()
    contract = factories.contract(buyer, host, plan_code="metered")
    client, path = client_of(factories.actor(buyer, "buyer")), f"/buyer/contracts/{contract.number}/"
    assert client.get(path).context["hidden"] == []
    send(opened.secret, body_of(host))
    page = client.get(path).content.decode()
    assert "远程代码执行漏洞" in page
    assert "合同按约定继续履行" in page
    review.freeze(product=host, reason="内部线索", actor=editions.operator(), now=NOW)
    assert "内部线索" not in client.get(path).content.decode()
    type(contract).objects.filter(pk=contract.pk).update(status="ended")
    assert client.get(path).context["hidden"] == []
