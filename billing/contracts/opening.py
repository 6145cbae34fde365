"""Writes: the lines of an order become contracts with their deliveries and capacity, in the order's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.contracts import lifecycle, locks
from billing.contracts.models import Contract, ContractCapacity
from listings.content import Content
from listings.prices import pricing
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations
from marketplace.procurement import queries as approvals
from providers import operations as providers
from providers.capacity import operations as capacity
from providers.fulfilment import opening as fulfilment


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one order line agrees: `plan` is a `listings` Plan with its price book, product, components and terms,
    `version` the offering's version in force. Both (and so the price book's version) are frozen in the contract."""

    order_line_id: int
    plan: Any
    version: Any
    quantity: int
    term_months: int

    @property
    def draw(self) -> providers.Draw:
        """What the offering takes of its data centre, per unit × quantity."""
        product = self.plan.price_book.product
        return providers.Draw(
            product.data_centre_id,
            {resource: Decimal(str(per_unit)) * self.quantity for resource, per_unit in product.draws.items()},
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What all contracts of an order share."""

    order_number: str
    buyer_id: int
    payment_method: str
    contact_name: str
    contact_phone: str
    hold: str = ""  # the reference under which capacity was kept for them


@transaction.atomic
def open_contracts(*, lines: Sequence[Agreed], terms: Terms, actor: actors.Actor, now: datetime) -> list[Contract]:
    """Make an order's lines contracts, open their deliveries and take their capacity: all, or nothing.

    As many queries for ten lines as for one. An approval that the order needs has been asked for before.

    Call it last in the order's transaction: the pools stay locked from here to the commit, and others wait for them.
    Opening a line again returns its first contract. Raises pricing.UnknownTerm, and providers.OutOfCapacity or
    providers.NoSuchPool, whose `draw` is the position in `lines`.
    """
    opened = [_contract(line, terms=terms, now=now) for line in lines]
    numbers = {contract.number for contract in opened}
    # The unique key of the order line decides who is first; a number that is taken leaves its line without a row.
    Contract.objects.bulk_create(opened, ignore_conflicts=True)
    rows = Contract.objects.in_bulk([line.order_line_id for line in lines], field_name="order_line_id")
    contracts = [rows[line.order_line_id] for line in lines]
    new = [contract for contract in contracts if contract.number in numbers]
    lifecycle.write_openings(contracts=new, actor=actor, now=now)
    organisations.record_each(
        actor=actor,
        action="contract.opened",
        object_type="contract",
        details={
            contract.number: {
                "order": terms.order_number,
                "plan": contract.plan_id,
                "quantity": contract.quantity,
                "term_months": contract.term_months,
            }
            for contract in new
        },
        now=now,
    )
    by_line: dict[int | None, Agreed] = {line.order_line_id: line for line in lines}
    _open_deliveries(by_line, contracts=new, actor=actor, now=now)
    _hold_capacity(by_line, contracts=new, hold=terms.hold, now=now)
    return contracts


def _contract(line: Agreed, *, terms: Terms, now: datetime) -> Contract:
    """A contract that is not written yet, with the discount of its term frozen in it."""
    book = line.plan.price_book
    return Contract(
        number=organisations.random_number(prefix="HT"),
        buyer_id=terms.buyer_id,
        provider_id=book.product.partner_id,
        order_line_id=line.order_line_id,
        order_number=terms.order_number,
        offering=book.product,
        offering_version=line.version,
        offering_title=book.product.title,
        plan=line.plan,
        quantity=line.quantity,
        term_months=line.term_months,
        term_discount=pricing.term_discount(plan=line.plan, term_months=line.term_months),
        currency=book.currency,
        payment_method=terms.payment_method,
        contact_name=terms.contact_name,
        contact_phone=terms.contact_phone,
        placed_at=now,
    )


def _open_deliveries(
    lines: Mapping[int | None, Agreed], *, contracts: Sequence[Contract], actor: actors.Actor, now: datetime
) -> None:
    """What the providers have to set up, by the versions that were bought; held until a needed approval is there."""
    if not contracts:
        return
    is_held = not approvals.is_cleared(order_number=contracts[0].order_number)
    ordered = [_ordered(lines[contract.order_line_id], contract=contract) for contract in contracts]
    fulfilment.open_deliveries(ordered=ordered, is_held=is_held, actor=actor, now=now)


def _ordered(line: Agreed, *, contract: Contract) -> fulfilment.Ordered:
    content, product = Content.from_json(line.version.content), line.plan.price_book.product
    return fulfilment.Ordered(
        number=contract.number,
        partner_id=contract.provider_id,
        buyer_id=contract.buyer_id,
        data_centre_id=product.data_centre_id,
        offering_code=product.code,
        offering_title=contract.offering_title,
        plan_code=line.plan.code,
        specs=content.specs_of,
        quantity=contract.quantity,
        lead_time_days=1 if content.lead_time_days is None else content.lead_time_days,
        export_days=content.exit_export_days or 0,
    )


def _hold_capacity(
    lines: Mapping[int | None, Agreed], *, contracts: Sequence[Contract], hold: str, now: datetime
) -> None:
    """Draw what the contracts' offerings take, first what was kept for them, and write down what is held."""
    draws = [lines[contract.order_line_id].draw for contract in contracts]
    if not any(draw.quantities for draw in draws):
        return
    locks.lock_pools(data_centre_ids={draw.data_centre_id for draw in draws if draw.quantities})
    if hold:  # given back under the lock, so that nobody comes between
        capacity.let_go(reference=hold, is_ordered=True, now=now)
    ContractCapacity.objects.bulk_create(
        ContractCapacity(contract=contract, pool_id=taken.pool_id, quantity=taken.quantity)
        for contract, held in zip(contracts, providers.allocate(draws=draws), strict=True)
        for taken in held
    )
