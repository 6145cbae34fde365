"""Contracts that hold capacity, opened as the shop opens them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from billing.contracts import opening, operations
from billing.contracts.models import Contract
from marketplace.procurement import operations as procurement
from tests import factories


@dataclass
class Deal:
    """One provider, one buyer, and the people who act for them."""

    now: datetime
    provider: Any = field(default_factory=factories.hongshan)
    buyer: Any = field(default_factory=factories.foods)

    def __post_init__(self) -> None:
        factories.platform()
        self.centre = factories.data_centre(self.provider)
        self.host = factories.offering(self.centre)
        self.orderer = factories.actor(self.buyer, "buyer")
        self.approver = factories.actor(self.buyer, "approver")
        self.operator = factories.actor(self.provider.organisation, "operations")
        self.platform = factories.actor(factories.platform(), "operator")

    def open(
        self,
        *,
        quantity: int = 1,
        months: int = 12,
        plan: str = "monthly",
        product: Any = None,
        line: Any = None,
        is_held: bool = False,
    ) -> Contract:
        """`is_held`: a second person has to approve it first."""
        product = product or self.host
        line = line or factories.order_line(self.buyer, product, quantity=quantity)
        if is_held:
            self.ask_approval(line.order.number)
        agreed = opening.Agreed(
            order_line_id=line.pk,
            plan=factories.plan(product, plan),
            version=product.versions.get(state="published"),
            quantity=quantity,
            term_months=months,
        )
        terms = opening.Terms(
            order_number=line.order.number,
            buyer_id=self.buyer.pk,
            payment_method="bank_transfer",
            contact_name="王经办",
            contact_phone="0476-8330000",
        )
        (contract,) = opening.open_contracts(lines=[agreed], terms=terms, actor=self.orderer, now=self.now)
        return contract

    def ask_approval(self, order_number: str) -> None:
        procurement.request_approval(
            organisation_id=self.buyer.pk,
            order_number=order_number,
            amount_minor=243_499,
            currency="CNY",
            actor=self.orderer,
            now=self.now,
        )

    def decide(self, contract: Contract, *, approve: bool, reason: str = "") -> Any:
        return operations.decide_order(
            order_number=contract.order_number,
            organisation_id=self.buyer.pk,
            approve=approve,
            reason=reason,
            actor=self.approver,
            now=self.now,
        )

    def hand_over(self, contract: Contract, *, now: datetime | None = None, **said: Any) -> Contract:
        return operations.confirm_delivery(
            **{
                "number": contract.number,
                "provider_organisation_id": self.provider.organisation_id,
                "resource_id": "i-0001",
                "actor": self.operator,
                "now": now or self.now,
                **said,
            }
        )

    def accept(self, contract: Contract, *, quantity: int | None = None, now: datetime | None = None) -> Contract:
        return operations.accept_delivery(
            number=contract.number,
            organisation_id=self.buyer.pk,
            quantity=quantity or contract.quantity,
            actor=self.orderer,
            now=now or self.now,
        )

    def deliver(self, contract: Contract, *, now: datetime | None = None, **said: Any) -> Contract:
        """Handed over and accepted."""
        self.hand_over(contract, now=now, **said)
        return self.accept(contract, now=now)

    def reject(self, contract: Contract, *, reason: str = "无法登录", now: datetime | None = None) -> Contract:
        return operations.reject_delivery(
            number=contract.number,
            organisation_id=self.buyer.pk,
            reason=reason,
            actor=self.orderer,
            now=now or self.now,
        )

    def decline(self, contract: Contract, *, reason: str = "机房检修") -> Contract:
        return operations.decline_delivery(
            number=contract.number,
            provider_organisation_id=self.provider.organisation_id,
            reason=reason,
            actor=self.operator,
            now=self.now,
        )

    def suspend(self, contract: Contract, *, reason: str = "欠费") -> Contract:
        return operations.suspend(
            number=contract.number,
            organisation_id=self.provider.organisation_id,
            reason=reason,
            actor=self.operator,
            now=self.now,
        )

    def resume(self, contract: Contract) -> Contract:
        return operations.resume(
            number=contract.number,
            organisation_id=self.provider.organisation_id,
            reason="",
            actor=self.operator,
            now=self.now,
        )

    def end(self, contract: Contract, *, now: datetime | None = None, reason: str = "") -> Contract:
        return operations.end_contract(
            number=contract.number,
            organisation_id=self.buyer.pk,
            reason=reason,
            actor=self.orderer,
            now=now or self.now,
        )


@pytest.fixture
def deal(db: None, now: datetime) -> Deal:
    return Deal(now=now)
