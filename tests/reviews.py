"""Accepted deliveries and reviews of them, for tests."""

from datetime import UTC, datetime
from typing import Any

from billing.contracts.models import Contract
from listings.reviews import operations
from listings.reviews.models import ProductReview
from tests import deliveries, factories

NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


def accepted(buyer: Any, product: Any, **fields: Any) -> Contract:
    """A running contract whose delivery its buyer has accepted."""
    contract = factories.contract(buyer, product, **fields)
    handed_over = {"delivered_quantity": contract.quantity, "resource_id": "i-0001", "completed_at": NOW}
    deliveries.delivery(contract, **{"status": "completed", **handed_over})
    return contract


def write(contract: Contract, actor: Any = None, **said: Any) -> ProductReview:
    """A review in the buyer's name: 4 for the service, 5 for the delivery, if nothing else is said."""
    return operations.write_review(
        **{
            "number": contract.number,
            "score": 4,
            "delivery_score": 5,
            "title": "运行稳定",
            "body": "三个月没有中断，交付比约定早一天。",
            "after_version": 0,
            "actor": actor or factories.actor(contract.buyer, "buyer"),
            "now": NOW,
            **said,
        }
    )
