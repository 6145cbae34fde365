"""The deployment adviser's answer to an order, as the order's and the approver's pages show it."""

from typing import Any

from listings import wording
from marketplace.procurement import adviser


def describe(*, order_number: str) -> dict[str, Any] | None:
    """The stored answer in the reader's words; None where nothing was asked."""
    kept = adviser.find_advice(order_number=order_number)
    if kept is None:
        return None
    return {
        "kept": kept,
        "tone": "warn" if kept.outcome == kept.Outcome.WARNED else "good",
        "information": adviser.INFORMATION.get(kept.information_class, kept.information_class),
        "business": adviser.BUSINESS.get(kept.business_class, kept.business_class),
        "allowed": [wording.DEPLOYMENT_MODELS.get(one, one) for one in kept.allowed],
        "chosen": [
            {**one, "models": [wording.DEPLOYMENT_MODELS.get(model, model) for model in one["models"]]}
            for one in kept.chosen
        ],
    }
