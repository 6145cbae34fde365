"""Every row lock of this room, by name.

One order for all: approval (`procurement.lock_approval`) → contracts by id → deliveries (`fulfilment.lock`, by their
contracts' ids) → pools by id. What takes them in this order never waits crosswise. A provider's own steps take the
delivery's row alone.
"""

from collections.abc import Collection
from datetime import date

from django.db.models import Exists, OuterRef, Q

from billing.contracts.models import ChangeRequest, Contract
from marketplace.organisations import actors, errors
from providers.models import CapacityPool


class NoSuchContract(errors.NotFound):
    """No contract of this number for this organisation, on this side."""


def scope(*, side: str, organisation_id: int | None) -> Q:
    """What one side may see: its own contracts; the platform sees all; anybody else nothing."""
    if side == actors.PLATFORM:
        return Q()
    if side == actors.BUYER and organisation_id is not None:
        return Q(buyer_id=organisation_id)
    if side == actors.PROVIDER and organisation_id is not None:
        return Q(provider__organisation_id=organisation_id)
    return Q(pk__in=())


def lock_contract(*, number: str, side: str, organisation_id: int | None) -> Contract:
    """One contract of an organisation, locked. Raises NoSuchContract."""
    contract = (
        Contract.objects.select_for_update(of=("self",))
        .filter(scope(side=side, organisation_id=organisation_id), number=number)
        .first()
    )
    if contract is None:
        raise NoSuchContract(number)
    return contract


def lock_contracts_of_order(*, order_number: str, buyer_id: int) -> list[Contract]:
    """All contracts of a buyer's order, locked, by id."""
    return list(
        Contract.objects.select_for_update(of=("self",))
        .filter(order_number=order_number, buyer_id=buyer_id)
        .order_by("pk")
    )


def claim_due(*, today: date, limit: int) -> list[Contract]:
    """Running contracts whose last day is over, locked; those that another worker holds are passed over.

    What is agreed to follow them comes first (`claim_changing`): until then they do not end by themselves.
    """
    renewed = ChangeRequest.objects.filter(contract=OuterRef("pk"), status=ChangeRequest.Status.CONFIRMED)
    return list(
        Contract.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(~Exists(renewed), status__in=[Contract.Status.ACTIVE, Contract.Status.SUSPENDED], end_date__lte=today)
        .order_by("pk")[:limit]
    )


def claim_pending(*, condition: Exists, limit: int) -> list[Contract]:
    """Contracts not begun of which something holds, locked; those that another worker holds are passed over.

    What was asked may have changed until the lock was there: look again.
    """
    return list(
        Contract.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(condition, status=Contract.Status.PENDING)
        .order_by("pk")[:limit]
    )


def claim_changing(*, today: date, limit: int) -> list[Contract]:
    """Running contracts with an agreed change whose day has come, locked; those of another worker are passed over."""
    due = ChangeRequest.objects.filter(
        contract=OuterRef("pk"), status=ChangeRequest.Status.CONFIRMED, effective_date__lte=today
    )
    return list(
        Contract.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(Exists(due), status__in=[Contract.Status.ACTIVE, Contract.Status.SUSPENDED])
        .select_related("provider")
        .order_by("pk")[:limit]
    )


def lock_pools(*, data_centre_ids: Collection[int]) -> None:
    """The pools an order of several lines will draw from, all at once and by id.

    Line by line, two orders could take the same two data centres' pools crosswise.
    """
    pools = CapacityPool.objects.filter(data_centre_id__in=data_centre_ids).order_by("pk")
    list(pools.select_for_update(no_key=True).values_list("pk"))
