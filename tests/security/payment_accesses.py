"""Paying: the rows of the table of accesses, and what fills their addresses."""

from typing import Any

from billing.payments.gateways.models import (
    GatewayEvent,
    PaymentAttempt,
    ReconciliationDay,
    ReconciliationDifference,
    SavedMethod,
)

PAGES = """\
gateway_notification       | gateway         | GET  | 405 405 405 405 405 405 405
gateway_notification       | gateway         | POST | 200 200 200 200 200 200 200
finance:services           |                 | GET  | 302 403 403 403 403 403 200
finance:services           |                 | POST | 405 405 405 405 405 405 405
finance:event_retry        | event           | GET  | 405 405 405 405 405 405 405
finance:event_retry        | event           | POST | 302 403 403 403 403 403 302
finance:event_aside        | event           | GET  | 405 405 405 405 405 405 405
finance:event_aside        | event           | POST | 302 403 403 403 403 403 302
finance:difference_explain | difference      | GET  | 405 405 405 405 405 405 405
finance:difference_explain | difference      | POST | 302 403 403 403 403 403 302
buyer:pay                  | invoice         | GET  | 302 200 404 403 403 403 403
buyer:pay                  | invoice         | POST | 405 405 405 405 405 405 405
buyer:pay_by               | invoice         | GET  | 405 405 405 405 405 405 405
buyer:pay_by               | invoice         | POST | 302 422 404 403 403 403 403
buyer:paying               | attempt         | GET  | 302 200 404 403 403 403 403
buyer:paying               | attempt         | POST | 405 405 405 405 405 405 405
buyer:paid                 | attempt         | GET  | 302 200 404 403 403 403 403
buyer:paid                 | attempt         | POST | 405 405 405 405 405 405 405
buyer:top_up               |                 | GET  | 405 405 405 405 405 405 405
buyer:top_up               |                 | POST | 302 302 302 403 403 403 403
buyer:switch_method        | card            | GET  | 405 405 405 405 405 405 405
buyer:switch_method        | card            | POST | 302 302 404 403 403 403 403
buyer:remove_method        | card            | GET  | 405 405 405 405 405 405 405
buyer:remove_method        | card            | POST | 302 302 404 403 403 403 403
"""


def parts(invoice: Any, now: Any) -> dict[str, dict[str, Any]]:
    """An open attempt on the invoice, a card of its buyer, and a message that waits for a person."""
    attempt = PaymentAttempt.objects.create(
        number="PA22222222222222222222222222",
        gateway="alipay",
        mode="test",
        organisation=invoice.buyer,
        invoice=invoice,
        amount_minor=5300,
        currency="CNY",
        created_at=now,
        expires_at=now,
        checked_at=now,
    )
    card = SavedMethod.objects.create(
        organisation=invoice.buyer, mode="test", customer_id="cus_1", method_id="pm_1", brand="visa", last4="4242",
        expires="2030-12", saved_at=now,
    )  # fmt: skip
    event = GatewayEvent.objects.create(
        gateway="alipay", mode="test", event_id="1", kind="payment", body=b"", received_at=now, state="parked"
    )
    day = ReconciliationDay.objects.create(
        gateway="alipay", mode="test", day_date=now.date(), compared_at=now, matched_count=0, taken_in_count=0,
        gross_minor=0, fees_minor=0,
    )  # fmt: skip
    difference = ReconciliationDifference.objects.create(
        day=day, kind="foreign", external_id="1", theirs_minor=1, currency="CNY"
    )
    return {
        "difference": {"pk": difference.pk},
        "gateway": {"gateway": "alipay"},
        "attempt": {"number": attempt.number},
        "card": {"pk": card.pk},
        "event": {"pk": event.pk},
    }
