"""Any worked case, rated by the rules of this package: `python -m billing.rules rate --json -`.

A case is an object with `category`, `model`, `currency`, `parameters` and `input`, as engines publish their examples;
decimals are text. The answer has the `amount` (rounded half up to the currency's minor unit), the same `unrounded`, the
parts that the category has (`lines`, `parts`, `tax`, …), the `rule` in words, and `not_read`: what the case says and
no rule used. Nothing of what a case expects is read.

    reading    fields of a case, whatever they are called; every refusal names field and remedy
    prices     what a quantity costs: models, commitment, cap, free units
    times      levels over time and other aggregations, proration, trial, switch of plan
    documents  shares, tax, rounding, credit notes, commission, prepaid balance
    events     which of the events that were sent count
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from billing.rules import decimals, money, periods, pricing, tax
from billing.rules.rate import documents, events, prices, times
from billing.rules.rate.reading import Answer, Case, InvalidCase

__all__ = ["CATEGORIES", "InvalidCase", "rate"]

CATEGORIES: Final[Mapping[str, Callable[[Case], Answer]]] = {
    **dict.fromkeys(
        ("flat", "per_unit", "standard", "unit", "graduated", "volume", "package", "included_quantity", "free_tier"),
        prices.rate_quantity,
    ),
    **dict.fromkeys(("percentage", "graduated_percentage"), prices.rate_share),
    **dict.fromkeys(("minimum_commitment", "commitment", "spending_cap", "cap", "maximum"), prices.rate_quantity),
    "committed_use": prices.rate_committed,
    "shared_free_tier": prices.rate_shared,
    **dict.fromkeys(
        (
            "weighted_sum", "weighted_average", "sum", "count", "max", "latest", "unique", "unique_count",
            "aggregation",
        ),
        times.aggregate,
    ),
    **dict.fromkeys(("proration", "trial", "plan_switch", "resize"), times.prorate),
    **dict.fromkeys(("commission_split", "split", "allocation"), documents.split),
    "commission": documents.commission,
    **dict.fromkeys(("credit_note", "refund"), documents.credit_note),
    "tax": documents.tax_of,
    "rounding": documents.rounding,
    **dict.fromkeys(("prepaid", "prepaid_balance", "wallet"), documents.prepaid),
    **dict.fromkeys(("idempotency", "late_events", "corrections", "deduplication"), events.count_once),
}  # fmt: skip

_FIELDS: Final[Mapping[type[Exception], str]] = {
    money.UnknownCurrency: "currency",
    pricing.InvalidQuantity: "quantity",
    tax.InvalidRate: "tax_percent",
}
_PLACES: Final = re.compile(r"\b(\d{1,2}) ?(?:dp|decimals|decimal places)\b")


def rate(given: Any) -> dict[str, Any]:
    """The answer to one case. Raises InvalidCase naming the field and what to do."""
    case = Case(given)
    category = case.text("category")
    rule = CATEGORIES.get(category)
    if rule is None:
        raise InvalidCase("category", f"{category!r} is not known; use one of {', '.join(sorted(CATEGORIES))}")
    currency = case.text("currency", default="CNY")
    try:
        minor = money.minor_units(currency)
        answer = rule(case)
    except InvalidCase:
        raise
    except periods.InvalidInterval as error:
        raise InvalidCase("period", str(error)) from error
    except (ValueError, TypeError) as error:
        raise InvalidCase(_field_of(error), str(error)) from error
    convention = case.text("convention", default="none")
    places = minor if answer.places is None else answer.places
    told = _PLACES.search(convention)
    if told:
        places = int(told[1])
    case.require_half_up()
    whole = decimals.half_up(decimals.shift(answer.amount, places=places))
    return {
        **{name: given[name] for name in ("id", "category", "model") if name in given},
        "currency": currency,
        "amount": f"{decimals.shift(Decimal(whole), places=-places):f}",
        "unrounded": decimals.format_plain(answer.amount),
        **answer.parts,
        "rule": answer.rule,
        "convention": convention,
        "not_read": case.not_read(),
    }


def _field_of(error: Exception) -> str:
    return next((field for kind, field in _FIELDS.items() if isinstance(error, kind)), "parameters")
