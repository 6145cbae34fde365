"""Writes: ask a service for money, and take in what it captured.

The network is never spoken to while a row is locked. A process may die at any point: an attempt that was written and
not opened is opened under the same number, and what was captured and not heard of is found by asking again.
"""

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.invoicing.models import InvoiceBalance
from billing.payments import receipts
from billing.payments.gateways import interface, methods, registry
from billing.payments.gateways.models import PaymentAttempt
from billing.payments.models import Payment
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.organisations.models import Organisation

logger = logging.getLogger(__name__)

LIFE: Final = timedelta(minutes=60)  # Stripe's sessions live for 30 minutes to a day
SPARE: Final = timedelta(minutes=5)  # an attempt this near its end is not offered again
LATEST: Final = timedelta(hours=24)  # an attempt is asked about this long after its end, for payments that come late
ASK_AGAIN: Final = timedelta(minutes=2)
MOST_ASKED: Final = 20  # per run of the stage: each may take as long as its timeout
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class NotOffered(errors.Refused):
    """The service is not configured, or does not take this currency."""


class AmountWrong(errors.Refused):
    """The amount of a top-up is not above zero, or too large."""


class AlreadyPaid(errors.Conflict):
    """Nothing is open on the invoice."""


class PaymentUnderWay(errors.Conflict):
    """Another attempt on the invoice is open and cannot be closed right now."""


class ServiceSilent(errors.Conflict):
    """The service did not answer, or refused."""


class NoSuchAttempt(errors.NotFound):
    """No attempt of this number for this organisation."""


class Mismatch(Exception):
    """What was captured is not what was asked for: another amount, currency, or object. A person must look."""


def pay_invoice(
    *,
    gateway: str,
    invoice_number: str,
    organisation_id: int,
    saves_method: bool,
    site_url: str,
    actor: actors.Actor,
    now: datetime,
) -> PaymentAttempt:
    """An attempt over what is open on a buyer's invoice, with the address where it is paid.

    The same again gives the same attempt. An open one by another way is closed at its service first.
    Raises NoSuchAttempt for another's invoice, AlreadyPaid, NotOffered, PaymentUnderWay, ServiceSilent.
    """
    balance = _find_balance(invoice_number, organisation_id)
    service = _require_service(gateway, balance.invoice.currency)
    former = PaymentAttempt.objects.filter(invoice_id=balance.invoice_id, state=PaymentAttempt.State.OPEN).first()
    if former is not None:
        is_same = (former.gateway, former.mode, former.amount_minor, former.saves_method, former.is_automatic) == (
            gateway, service.mode, balance.open_minor, saves_method, False,
        )  # fmt: skip
        if is_same and former.expires_at > now + SPARE:
            return _ensure_opened(former, service=service, site_url=site_url, now=now)
        close(attempt=former, now=now)
        balance = _find_balance(invoice_number, organisation_id)
    amount_minor = balance.open_minor
    if amount_minor <= 0:
        raise AlreadyPaid(_("This invoice is paid in full."))
    attempt = write(
        gateway=service,
        organisation_id=organisation_id,
        invoice_id=balance.invoice_id,
        amount=Money(amount_minor, balance.invoice.currency),
        saves_method=saves_method and gateway == "stripe",
        actor=actor,
        now=now,
    )
    return _ensure_opened(attempt, service=service, site_url=site_url, now=now)


def top_up(
    *,
    gateway: str,
    organisation_id: int,
    amount: Money,
    site_url: str,
    actor: actors.Actor,
    now: datetime,
) -> PaymentAttempt:
    """An attempt that adds to a buyer's balance. Raises AmountWrong, NotOffered, ServiceSilent."""
    if not 0 < amount.amount_minor <= 10**11:
        raise AmountWrong(_("Enter an amount above zero and below a thousand million."), field="amount")
    service = _require_service(gateway, amount.currency)
    attempt = write(
        gateway=service,
        organisation_id=organisation_id,
        invoice_id=None,
        amount=amount,
        saves_method=False,
        actor=actor,
        now=now,
    )
    return _ensure_opened(attempt, service=service, site_url=site_url, now=now)


def write(
    *,
    gateway: interface.Gateway,
    organisation_id: int,
    invoice_id: int | None,
    amount: Money,
    saves_method: bool,
    actor: actors.Actor,
    now: datetime,
    method_id: int | None = None,
) -> PaymentAttempt:
    """Write an attempt before anything is asked. Raises PaymentUnderWay if the invoice has an open one."""
    try:
        with transaction.atomic():
            return PaymentAttempt.objects.create(
                number="PA" + "".join(secrets.choice(ALPHABET) for _ in range(26)),
                gateway=gateway.name,
                mode=gateway.mode,
                organisation_id=organisation_id,
                invoice_id=invoice_id,
                amount_minor=amount.amount_minor,
                currency=amount.currency,
                saves_method=saves_method,
                is_automatic=method_id is not None,
                method_id=method_id,
                created_at=now,
                checked_at=now,
                expires_at=(now + LIFE).replace(microsecond=0),
                created_by_id=actor.user_id,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "attempt_one_open_per_invoice"):
            raise
        raise under_way() from error


def close(*, attempt: PaymentAttempt, now: datetime) -> PaymentAttempt:
    """Close an attempt at its service, so that it is not paid any more; if it is paid already, take that in.

    Raises PaymentUnderWay if neither can be known now.
    """
    service = registry.find(attempt.gateway)
    if attempt.is_automatic and not attempt.external_id:
        raise under_way()  # a charge without an answer may have captured: autopay finds out
    if service is None or service.mode != attempt.mode:
        return _write_state(attempt, PaymentAttempt.State.CLOSED, now=now)
    try:
        receipt = service.close(number=attempt.number, external_id=attempt.external_id)
    except (interface.Unavailable, interface.Declined) as error:
        raise under_way() from error
    if receipt.state == "waiting":
        raise under_way()
    try:
        return _apply(attempt, receipt, mode=service.mode, is_final=True, now=now)
    except Mismatch as error:
        logger.warning("attempt %s waits for a person: %s", attempt.number, error)
        raise under_way() from error


def refresh(*, attempt: PaymentAttempt, now: datetime) -> PaymentAttempt:
    """Ask the service what became of an attempt, and take in what it captured. Silence changes nothing."""
    service = registry.find(attempt.gateway)
    if attempt.state == PaymentAttempt.State.PAID or service is None or service.mode != attempt.mode:
        return attempt
    try:
        receipt = service.query(number=attempt.number, external_id=attempt.external_id)
    except (interface.Unavailable, interface.Declined) as error:
        logger.warning("attempt %s: %s did not say what became of it (%s)", attempt.number, attempt.gateway, error)
        PaymentAttempt.objects.filter(pk=attempt.pk).update(checked_at=now)
        return attempt
    return _apply(attempt, receipt, mode=service.mode, is_final=now > attempt.expires_at, now=now)


def ask_due(*, now: datetime, limit: int) -> int:
    """A stage: ask about open attempts that nobody told us of. Returns 0: what is left waits for the next minute."""
    due = PaymentAttempt.objects.filter(state=PaymentAttempt.State.OPEN, checked_at__lt=now - ASK_AGAIN).exclude(
        is_automatic=True,
        external_id="",  # not asked yet, or without an answer: see autopay
    )
    for attempt in due.order_by("checked_at")[: min(limit, MOST_ASKED)]:
        try:
            if attempt.expires_at < now:
                close(attempt=attempt, now=now)
            else:
                refresh(attempt=attempt, now=now)
        except (PaymentUnderWay, Mismatch, errors.Refused) as error:
            logger.warning("attempt %s is not settled: %s", attempt.number, error)
            PaymentAttempt.objects.filter(pk=attempt.pk).update(checked_at=now)
    return 0


@transaction.atomic
def take(*, gateway: str, mode: str, receipt: interface.Receipt, now: datetime) -> Payment:
    """Take in what a service says it captured: once, and only if it is what was asked for.

    Raises Mismatch: an attempt that is not ours or of the other mode, another amount or another currency.
    """
    attempt = PaymentAttempt.objects.select_for_update().filter(number=receipt.number).first()
    if attempt is None or (attempt.gateway, attempt.mode) != (gateway, mode):
        raise Mismatch(f"there is no attempt {receipt.number} of {gateway} in {mode} mode")
    asked = Money(attempt.amount_minor, attempt.currency)
    if receipt.amount != asked:
        raise Mismatch(f"{receipt.amount} was captured, {asked} was asked for")
    if not receipt.external_id:
        raise Mismatch("the capture has no number at the service")
    payment = receipts.take_in(
        captured=receipts.Captured(
            gateway=gateway,
            reference=reference(mode=mode, external_id=receipt.external_id),
            organisation_id=attempt.organisation_id,
            invoice_id=attempt.invoice_id,
            amount=asked,
            received_at=min(receipt.paid_at or now, now),
        ),
        now=now,
    )
    if attempt.payment_id is None:
        attempt.payment, attempt.state = payment, PaymentAttempt.State.PAID
        attempt.checked_at, attempt.failure = now, ""
        attempt.save(update_fields=["payment", "state", "checked_at", "failure"])
    return payment


def find(*, number: str, organisation_id: int) -> PaymentAttempt:
    """An organisation's attempt with invoice and payment. Raises NoSuchAttempt."""
    found = PaymentAttempt.objects.select_related("invoice", "payment").filter(
        number=number, organisation_id=organisation_id
    )
    attempt = found.first()
    if attempt is None:
        raise NoSuchAttempt
    return attempt


def reference(*, mode: str, external_id: str) -> str:
    """Under which a capture is entered: money of the test mode is never taken for money."""
    return external_id if mode == "live" else f"{mode}:{external_id}"


def under_way() -> PaymentUnderWay:
    return PaymentUnderWay(
        _("Somebody is paying this invoice right now. Wait a few minutes, then look at it again before you pay.")
    )


def _apply(
    attempt: PaymentAttempt, receipt: interface.Receipt, *, mode: str, is_final: bool, now: datetime
) -> PaymentAttempt:
    if receipt.state == "paid":
        take(gateway=attempt.gateway, mode=mode, receipt=receipt, now=now)
        attempt.refresh_from_db()
        if attempt.saves_method:
            methods.save_from(attempt=attempt, receipt=receipt, now=now)
        return attempt
    if receipt.state == "closed" or is_final:
        return _write_state(attempt, PaymentAttempt.State.CLOSED, now=now)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(checked_at=now)
    return attempt


def _write_state(attempt: PaymentAttempt, state: str, *, now: datetime) -> PaymentAttempt:
    """Unless somebody learned meanwhile that it is paid."""
    PaymentAttempt.objects.filter(pk=attempt.pk, state=PaymentAttempt.State.OPEN).update(state=state, checked_at=now)
    attempt.refresh_from_db()
    return attempt


def _ensure_opened(
    attempt: PaymentAttempt, *, service: interface.Gateway, site_url: str, now: datetime
) -> PaymentAttempt:
    """Ask the service for the address; under the same number it gives the same one."""
    if attempt.url:
        return attempt
    try:
        opened = service.open(_ask(attempt, service=service, site_url=site_url))
    except interface.Declined as error:
        PaymentAttempt.objects.filter(pk=attempt.pk, state=PaymentAttempt.State.OPEN).update(
            state=PaymentAttempt.State.FAILED, failure=str(error)[:100], checked_at=now
        )
        raise ServiceSilent(_("The payment service refused. Choose another way to pay.")) from error
    except interface.Unavailable as error:
        raise ServiceSilent(
            _("The payment service does not answer. Try again in a few minutes, or choose another way to pay.")
        ) from error
    PaymentAttempt.objects.filter(pk=attempt.pk).update(url=opened.url, external_id=opened.external_id)
    attempt.url, attempt.external_id = opened.url, opened.external_id
    return attempt


def _ask(attempt: PaymentAttempt, *, service: interface.Gateway, site_url: str) -> interface.Ask:
    invoice = attempt.invoice
    back = site_url + (reverse("buyer:pay", args=[invoice.number]) if invoice else reverse("buyer:balance"))
    subject = f"{_('Invoice')} {invoice.number}" if invoice else _("Top-up of the prepaid balance")
    customer_id = ""
    if attempt.saves_method:
        customer_id = methods.ensure_customer(organisation=_owner(attempt), mode=service.mode)
    return interface.Ask(
        number=attempt.number,
        amount=Money(attempt.amount_minor, attempt.currency),
        subject=subject,
        notify_url=site_url + reverse("gateway_notification", args=[attempt.gateway]),
        return_url=site_url + reverse("buyer:paid", args=[attempt.number]),
        cancel_url=back,
        expires_at=attempt.expires_at,
        customer_id=customer_id,
        saves_method=attempt.saves_method,
    )


def _owner(attempt: PaymentAttempt) -> Organisation:
    return Organisation.objects.get(pk=attempt.organisation_id)


def _require_service(gateway: str, currency: str) -> interface.Gateway:
    service = registry.find(gateway) if gateway in registry.KINDS else None
    if service is None or currency not in service.currencies:
        raise NotOffered(_("This way to pay is not offered here. Choose another one."), field="method")
    return service


def _find_balance(invoice_number: str, organisation_id: int) -> Any:
    balances = InvoiceBalance.objects.select_related("invoice")
    balance = balances.filter(invoice__number=invoice_number, invoice__buyer_id=organisation_id).first()
    if balance is None:
        raise NoSuchAttempt
    return balance
