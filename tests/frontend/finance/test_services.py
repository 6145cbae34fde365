"""Finance's page of payment services: what waits for a person, decided with a reason; queries do not grow with rows."""

from datetime import date

import pytest

from billing.payments.gateways.models import GatewayEvent, ReconciliationDay, ReconciliationDifference
from marketplace.organisations.models import AuditEntry
from tests import factories
from tests.billing.payments.conftest import NOW


@pytest.fixture
def finance(db, client):
    client.force_login(factories.member(factories.platform(), "finance"))
    return client


def message(number: int, state: str = "parked") -> GatewayEvent:
    return GatewayEvent.objects.create(
        gateway="alipay",
        mode="test",
        event_id=str(number),
        kind="payment",
        body=b"",
        received_at=NOW,
        state=state,
        problem="another amount",
    )


def difference(number: int) -> ReconciliationDifference:
    day, _ = ReconciliationDay.objects.get_or_create(
        gateway="alipay",
        mode="test",
        day_date=date(2026, 11, 2),
        defaults={"compared_at": NOW, "matched_count": 3, "taken_in_count": 1, "gross_minor": 1, "fees_minor": 0},
    )
    return ReconciliationDifference.objects.create(
        day=day, kind="foreign", external_id=str(number), theirs_minor=9_90, currency="CNY"
    )


def test_a_difference_is_explained_with_a_reason(finance):
    row = difference(1)
    page = finance.get("/finance/services/").content.decode()
    assert "非本平台发起" in page
    assert "9.90" in page
    finance.post(f"/finance/services/differences/{row.pk}/explain/", {"reason": " "})
    row.refresh_from_db()
    assert row.state == "open"
    finance.post(f"/finance/services/differences/{row.pk}/explain/", {"reason": "另一个店铺"})
    row.refresh_from_db()
    assert (row.state, row.explanation, row.owner is not None) == ("explained", "另一个店铺", True)
    assert AuditEntry.objects.filter(action="reconciliation.explained").count() == 1


def test_a_message_is_set_aside_with_a_reason(finance):
    event = message(1)
    assert "another amount" in finance.get("/finance/services/?tab=parked").content.decode()
    finance.post(f"/finance/services/messages/{event.pk}/set-aside/", {"reason": "已线下处理"})
    event.refresh_from_db()
    assert (event.state, event.problem) == ("ignored", "已线下处理")
    assert finance.post(f"/finance/services/messages/{event.pk}/retry/").status_code == 302
    event.refresh_from_db()
    assert event.state == "ignored"  # it does not wait any more
    assert finance.post("/finance/services/messages/0/retry/").status_code == 404


def test_a_message_done_again_while_the_service_is_gone_waits_again(finance, settings):
    settings.GATEWAYS = {}
    event = message(1)
    finance.post(f"/finance/services/messages/{event.pk}/retry/")
    event.refresh_from_db()
    assert (event.state, event.problem) == ("parked", "alipay is not configured in test mode")


@pytest.mark.parametrize("tab", ["", "parked", "days", "nonsense"])
def test_queries_do_not_grow(finance, tab, django_assert_max_num_queries):
    for number in range(20):
        message(number)
        difference(number)
    with django_assert_max_num_queries(10):
        assert finance.get(f"/finance/services/?tab={tab}").status_code == 200
