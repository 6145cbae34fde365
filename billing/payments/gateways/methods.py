"""Writes: cards that buyers leave with Stripe, and which of them pays invoices by itself."""

import logging
from datetime import datetime

from django.db import transaction

from billing.payments.gateways import interface, registry
from billing.payments.gateways.models import PaymentAttempt, SavedMethod, StripeCustomer
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Organisation

logger = logging.getLogger(__name__)


class NoSuchMethod(errors.NotFound):
    """No saved method of this number for this organisation."""


def ensure_customer(*, organisation: Organisation, mode: str) -> str:
    """Stripe's number of the organisation; made once per mode. Raises Unavailable, Declined."""
    found = StripeCustomer.objects.filter(organisation=organisation, mode=mode).values_list("customer_id", flat=True)
    if found:
        return str(found[0])
    service = registry.find_stripe()
    if service is None:
        raise interface.Declined("not configured")
    customer_id = service.add_customer(
        key=f"customer-{mode}-{organisation.public_id}", organisation=organisation.public_id
    )
    StripeCustomer.objects.bulk_create(
        [StripeCustomer(organisation=organisation, mode=mode, customer_id=customer_id)], ignore_conflicts=True
    )
    return str(StripeCustomer.objects.values_list("customer_id", flat=True).get(organisation=organisation, mode=mode))


def save_from(*, attempt: PaymentAttempt, receipt: interface.Receipt, now: datetime) -> SavedMethod | None:
    """Keep the card that paid an attempt, if its owner asked for it. Silence of Stripe costs the card, no money."""
    service = registry.find_stripe()
    if service is None or not receipt.customer_id:
        return None
    if not StripeCustomer.objects.filter(
        organisation_id=attempt.organisation_id, mode=attempt.mode, customer_id=receipt.customer_id
    ).exists():
        return None
    try:
        method_id = receipt.method_id or service.query(number="", external_id=receipt.external_id).method_id
        card = service.card(method_id)
    except (interface.Unavailable, interface.Declined) as error:
        logger.warning("the card of attempt %s is not saved: %s", attempt.number, error)
        return None
    saved, _is_new = SavedMethod.objects.get_or_create(
        mode=attempt.mode,
        method_id=method_id,
        defaults={
            "organisation_id": attempt.organisation_id,
            "customer_id": receipt.customer_id,
            "brand": card.brand[:30],
            "last4": card.last4[:4],
            "expires": card.expires[:7],
            "saved_at": now,
        },
    )
    return saved


@transaction.atomic
def switch_automatic(*, pk: int, organisation_id: int, is_on: bool, actor: actors.Actor, now: datetime) -> SavedMethod:
    """Let a saved method pay invoices by itself, or stop it. At most one does. Raises NoSuchMethod."""
    mine = SavedMethod.objects.select_for_update().filter(organisation_id=organisation_id, removed_at__isnull=True)
    methods = {one.pk: one for one in mine.order_by("pk")}
    method = methods.get(pk)
    if method is None:
        raise NoSuchMethod
    SavedMethod.objects.filter(pk__in=list(methods), mode=method.mode, is_automatic=True).update(is_automatic=False)
    method.is_automatic = is_on
    method.save(update_fields=["is_automatic"])
    _record(method, "saved_method.automatic" if is_on else "saved_method.manual", actor=actor, now=now)
    return method


def remove(*, pk: int, organisation_id: int, actor: actors.Actor, now: datetime) -> None:
    """Forget a saved method, here at once and at Stripe if it answers. Raises NoSuchMethod."""
    with transaction.atomic():
        found = SavedMethod.objects.select_for_update().filter(
            pk=pk, organisation_id=organisation_id, removed_at__isnull=True
        )
        method = found.first()
        if method is None:
            raise NoSuchMethod
        method.removed_at, method.is_automatic = now, False
        method.save(update_fields=["removed_at", "is_automatic"])
        _record(method, "saved_method.removed", actor=actor, now=now)
    service = registry.find_stripe()
    if service is not None and service.mode == method.mode:
        try:
            service.forget(method.method_id)
        except (interface.Unavailable, interface.Declined) as error:
            logger.warning("saved method %s is not detached at Stripe: %s", method.pk, error)


def _record(method: SavedMethod, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="saved_method",
        object_id=method.pk,
        now=now,
        details={"organisation": method.organisation_id, "last4": method.last4},
    )
