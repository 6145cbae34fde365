"""Writes: invoices that a saved card pays by itself, once they are issued.

The attempt is written before Stripe is asked, and an invoice has one open attempt: a checkout page and an automatic
charge never both capture. A decline is tried again after a day and after three; then the buyer pays by hand.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from billing.invoicing.models import InvoiceBalance
from billing.payments.gateways import attempts, interface, registry
from billing.payments.gateways.models import PaymentAttempt, SavedMethod
from billing.payments.gateways.stripe import Stripe
from billing.rules.money import Money
from marketplace.organisations import actors

logger = logging.getLogger(__name__)

WAITS: Final = (timedelta(), timedelta(days=1), timedelta(days=3))
KEYS_LIVE: Final = timedelta(hours=23)
GIVEN_UP: Final = timedelta(hours=48)
MOST_CHARGED: Final = 20  # per run of the stage


def charge_due(*, now: datetime, limit: int) -> int:
    """A stage: charge open invoices to their buyers' saved cards. Returns 0: what is left waits for the next minute."""
    service = registry.find_stripe()
    if service is None:
        return 0
    card = SavedMethod.objects.filter(
        organisation=OuterRef("invoice__buyer"), mode=service.mode, is_automatic=True, removed_at__isnull=True,
        saved_at__lte=OuterRef("invoice__issued_at"),
    )  # fmt: skip
    open_ones = PaymentAttempt.objects.filter(invoice=OuterRef("invoice"), state=PaymentAttempt.State.OPEN)
    tried = PaymentAttempt.objects.filter(invoice=OuterRef("invoice"), is_automatic=True, created_at__gt=now - WAITS[1])
    due = (
        InvoiceBalance.objects.filter(Exists(card), ~Exists(open_ones), ~Exists(tried), status__in=InvoiceBalance.OPEN)
        .filter(invoice__currency__in=service.currencies)
        .select_related("invoice")
        .order_by("invoice__issued_at", "id")
    )
    for balance in due[: min(limit, MOST_CHARGED)]:
        _charge(balance, service=service, now=now)
    return 0


def _charge(balance: InvoiceBalance, *, service: Stripe, now: datetime) -> None:
    invoice = balance.invoice
    tries = PaymentAttempt.objects.filter(invoice=invoice, is_automatic=True).order_by("-id")
    if len(tries) >= len(WAITS) or (tries and tries[0].created_at > now - WAITS[len(tries)]):
        return
    card = SavedMethod.objects.get(
        organisation_id=invoice.buyer_id, mode=service.mode, is_automatic=True, removed_at__isnull=True
    )
    amount = Money(balance.open_minor, invoice.currency)
    try:
        attempt = attempts.write(
            gateway=service,
            organisation_id=invoice.buyer_id,
            invoice_id=invoice.pk,
            amount=amount,
            saves_method=False,
            actor=actors.SYSTEM,
            now=now,
            method_id=card.pk,
        )
    except attempts.PaymentUnderWay:
        return
    ask(attempt=attempt, card=card, service=service, now=now)


def ask(*, attempt: PaymentAttempt, card: SavedMethod, service: Stripe, now: datetime) -> None:
    """Charge the card for an attempt that is written. Silence leaves it open: it is asked again under its number."""
    amount = Money(attempt.amount_minor, attempt.currency)
    try:
        receipt = service.charge(
            number=attempt.number, amount=amount, customer_id=card.customer_id, method_id=card.method_id
        )
    except interface.Declined as error:
        PaymentAttempt.objects.filter(pk=attempt.pk, state=PaymentAttempt.State.OPEN).update(
            state=PaymentAttempt.State.FAILED, failure=str(error)[:100], checked_at=now
        )
        return
    except interface.Unavailable as error:
        logger.warning("the automatic charge %s has no answer: %s", attempt.number, error)
        return
    PaymentAttempt.objects.filter(pk=attempt.pk).update(external_id=receipt.external_id, checked_at=now)
    if receipt.state == "paid":
        try:
            attempts.take(gateway=service.name, mode=service.mode, receipt=receipt, now=now)
        except attempts.Mismatch as error:  # it stays open, which keeps others from the invoice; a person must look
            logger.warning("the automatic charge %s waits for a person: %s", attempt.number, error)


def ask_again(*, now: datetime, limit: int) -> int:
    """A stage: automatic charges that had no answer are asked again, under the same number. Returns 0."""
    service = registry.find_stripe()
    if service is None:
        return 0
    silent = PaymentAttempt.objects.select_related("method").filter(
        is_automatic=True, state=PaymentAttempt.State.OPEN, mode=service.mode, external_id=""
    )
    # Keys live for a day. After that the reconciliation has told us, if anything was captured.
    silent.filter(created_at__lt=now - GIVEN_UP).update(state=PaymentAttempt.State.FAILED, failure="no answer")
    asked = silent.filter(created_at__gt=now - KEYS_LIVE, created_at__lt=now).order_by("id")
    for attempt in asked[: min(limit, MOST_CHARGED)]:
        if attempt.method is not None:
            ask(attempt=attempt, card=attempt.method, service=service, now=now)
    return 0
