"""One delivery, known by a number, and the people of both sides."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from providers.fulfilment import opening, operations
from providers.fulfilment.models import Delivery
from tests import factories

NUMBER = "HT-TEST000001"


@dataclass
class Room:
    """The steps of one delivery of five, in the words of the tests."""

    now: datetime
    provider: Any = field(default_factory=factories.hongshan)
    buyer: Any = field(default_factory=factories.foods)

    def __post_init__(self) -> None:
        self.operator = factories.actor(self.provider.organisation, "operations")
        self.orderer = factories.actor(self.buyer, "buyer")
        self.own = {"number": NUMBER, "partner_id": self.provider.pk, "actor": self.operator, "now": self.now}
        self.theirs = {"number": NUMBER, "actor": self.orderer, "now": self.now}

    def open(self, *, is_held: bool = False, lead_time_days: int = 3, export_days: int = 30) -> Delivery:
        ordered = opening.Ordered(
            number=NUMBER,
            partner_id=self.provider.pk,
            buyer_id=self.buyer.pk,
            data_centre_id=None,
            offering_code="OF0001",
            offering_title="通用型云主机",
            plan_code="monthly",
            specs={"vcpu": 2},
            quantity=5,
            lead_time_days=lead_time_days,
            export_days=export_days,
        )
        (delivery,) = opening.open_deliveries(ordered=[ordered], is_held=is_held, actor=self.orderer, now=self.now)
        return delivery

    def take(self, step: str, **said: Any) -> Delivery:
        """One step by its name, with arguments that fit."""
        defaults: dict[str, dict[str, Any]] = {
            "clear": self.theirs,
            "accept": self.own,
            "start": self.own,
            "hand_over": {**self.own, "resource_id": "i-1"},
            "fail": {**self.own, "reason": "配额不足"},
            "decline": {**self.own, "reason": "机房检修"},
            "complete": {**self.theirs, "quantity": 5},
            "reject": {**self.theirs, "reason": "无法登录"},
            "cancel": {**self.theirs, "reason": ""},
        }
        return getattr(operations, step)(**{**defaults[step], **said})

    def bring_to(self, status: str) -> Delivery:
        way = {
            "waiting": (),
            "accepted": ("accept",),
            "provisioning": ("accept", "start"),
            "delivered": ("accept", "start", "hand_over"),
            "completed": ("accept", "start", "hand_over", "complete"),
            "declined": ("decline",),
            "cancelled": ("cancel",),
        }
        delivery = self.open(is_held=status == "held")
        for step in way.get(status, ()):
            delivery = self.take(step)
        delivery = Delivery.objects.get()
        assert delivery.status == status
        return delivery


@pytest.fixture
def room(db: None, now: datetime) -> Room:
    return Room(now=now)
