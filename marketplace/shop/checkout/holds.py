"""Capacity is kept for a purchase list while its buyer fills the checkout in: nobody sells it from under the form."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from marketplace.organisations import actors
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from providers.capacity import operations as capacity
from providers.models import CapacityHold


@transaction.atomic
def begin(*, actor: actors.Actor, now: datetime) -> datetime | None:
    """Keep what the person's open list draws for CHECKOUT_MINUTES, in place of what was kept before.

    Returns until when; None if the list is empty or draws nothing. Raises providers.OutOfCapacity and
    providers.NoSuchPool; what was kept before then stays kept.
    """
    if actor.user_id is None:
        raise ValueError("A person checks out.")
    baskets.lock_person(user_id=actor.user_id)
    wanted = purchase_lists.read_purchase_list(user_id=actor.user_id, organisation_id=actor.organisation_id)
    if wanted is None or not wanted.lines:
        return None
    draws: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for one in wanted.lines:
        product = one.line.product
        for resource, each in product.draws.items():
            draws[product.data_centre_id, resource] += Decimal(str(each)) * one.line.quantity
    reference = purchase_lists.hold_reference(basket_id=wanted.basket.pk)
    until = now + timedelta(minutes=capacity.CHECKOUT_MINUTES)
    capacity.let_go(reference=reference, now=now)
    held = capacity.hold(
        reference=reference, purpose=CapacityHold.Purpose.CHECKOUT, wanted=draws, expires_at=until, now=now
    )
    return until if held else None
