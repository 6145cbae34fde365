"""Cases about what a quantity costs: by a price model, with free units, a commitment, a discount or a cap."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from billing.rules import components, decimals, pricing, tiers
from billing.rules.components import Component, Tier
from billing.rules.rate import times
from billing.rules.rate.reading import Answer, Case, InvalidCase, Row, plain

_ZERO: Final = Decimal(0)
_MODELS: Final = (
    (("percentage",), components.PERCENTAGE),
    (("graduated",), components.GRADUATED),
    (("volume",), components.VOLUME),
    (("package",), components.PACKAGE),
    (("flat",), components.FLAT),
)
QUANTITY: Final = ("quantity", "new_quantity", "units", "usage")
UNIT: Final = (
    "unit",
    "unit_price",
    "per_unit_amount",
    "unit_amount",
    "price",
    "amount",
    "list_price",
    "on_demand_rate",
)
FLAT: Final = ("flat", "flat_amount", "flat_price", "flat_fee", "fixed", "fixed_amount")
MINIMUM: Final = ("minimum", "minimum_amount", "commitment", "commitment_amount", "minimum_spend")
MAXIMUM: Final = ("maximum", "maximum_amount", "cap", "cap_amount", "maximum_spend", "spending_cap")
FREE: Final = ("free_units", "included", "included_quantity", "free_quantity", "usage_discount")
RULES: Final = {
    components.PER_UNIT: "quantity × unit price",
    components.FLAT: "the price, whatever the quantity",
    components.GRADUATED: "each tier's units at its price, and the flat part of every tier entered",
    components.VOLUME: "all units at the price of the tier reached, and its flat part",
    components.PACKAGE: "packages × price; a package that is begun is paid in full",
    components.PERCENTAGE: "amount × rate; with tiers each tier's part at its rate",
}
LIMITS: Final = (
    "; up_to belongs to its tier; included units come first; a percentage is taken off before minimum and maximum; "
    "the true-up falls due with the last part of the period"
)


def rate_quantity(case: Case) -> Answer:
    """A price model on a quantity, then discount, minimum and maximum over what is billed already."""
    fees = case.numbers("fees", "charges")
    if fees is not None:
        return _limit(case, decimals.add(*fees), lines=[], rule="the fees", only_true_up=True)
    if case.has("tiers") and any(row.has("block", "max_blocks") for row in case.rows("tiers") or []):
        return _limit(case, *_blocks(case))
    component = read_component(case)
    before = case.number("previous_quantity", "pre_line_period_quantity", "already_billed_quantity", default="0")
    quantity = decimals.add(before, case.number(*QUANTITY))
    lines = by_tier(pricing.rate_metered(component, quantity=quantity).lines)
    gross = decimals.add(*lines)
    rule = RULES[component.model]
    if before:
        gross = decimals.add(gross, -pricing.metered_charge(component, quantity=before))
        lines, rule = [gross], f"{rule}; of a further part, the difference to what came before"
    return _limit(case, gross, lines=lines, rule=rule)


def rate_share(case: Case) -> Answer:
    """A share of amounts, with a fee for each event; the first events or the first amount may be free."""
    if case.has("tiers"):
        return rate_quantity(case)
    rate = case.share("rate", "percent", "percentage")
    if rate is None:
        raise InvalidCase("rate_percent", "is missing; give it in per cent, or rate as a fraction")
    if not 0 <= rate <= 1:
        raise InvalidCase("rate", "must lie from 0 to 100 %; give rate_percent 1.3, or rate 0.013")
    fee = case.number("fixed_per_event", "fixed_amount", "fixed", "fee_per_event", default="0")
    amounts = case.numbers("amounts")
    rows = case.rows("events", "transactions")
    if amounts is None and rows is not None:
        amounts = [row.number("amount", "value", "quantity") for row in rows]
    total = case.number("amount", "quantity", "volume", default=decimals.add(*amounts) if amounts is not None else None)
    count = case.number("event_count", "count", "events_count", default=str(len(amounts or [])))
    running = case.numbers("running_totals", "running_total")
    free_events, free_amount = _free(case, amounts, running)
    least, most = (
        case.maybe(f"per_transaction_{end}", f"per_transaction_{end}_amount", f"{end}_per_event", f"per_event_{end}")
        for end in ("min", "max")
    )
    rule = "amount × rate + events × fee; what is free counts neither, and an event wholly within it has no fee"
    if least is None and most is None:
        shared = decimals.multiply(max(_ZERO, decimals.add(total, -free_amount)), rate)
        fixed = decimals.multiply(max(_ZERO, decimals.add(count, -Decimal(free_events))), fee)
        parts = {"percentage": decimals.format_plain(shared), "fixed": decimals.format_plain(fixed)}
        return _limit(case, decimals.add(shared, fixed), lines=[], rule=rule, parts=parts)
    if amounts is None:
        raise InvalidCase("amounts", "is missing; a minimum or maximum for each event needs the events' amounts")
    charged, used = [], _ZERO
    for at, amount in enumerate(amounts, 1):
        free = min(amount, max(_ZERO, decimals.add(free_amount, -used)))
        used = decimals.add(used, amount)
        if at <= free_events:
            continue
        one = decimals.add(decimals.multiply(decimals.add(amount, -free), rate), fee)
        one = one if least is None else max(one, least)
        charged.append(one if most is None else min(one, most))
    return _limit(case, decimals.add(*charged), lines=charged, rule=f"{rule}; each event between its own limits")


def _free(case: Case, amounts: list[Decimal] | None, running: list[Decimal] | None) -> tuple[int, Decimal]:
    """How many events, and how much of the amount, is free: the first events, as far as the free amount reaches."""
    most_events = case.maybe("free_events", "free_units_per_events", "free_event_count")
    most_amount = case.maybe("free_amount", "free_units_per_total_aggregation", "free_units")
    if not most_events and not most_amount:
        return 0, _ZERO
    if running is None:
        running, so_far = [], _ZERO
        for amount in amounts or []:
            so_far = decimals.add(so_far, amount)
            running.append(so_far)
    if not running:
        if most_events:
            raise InvalidCase("amounts", "is missing; which amounts are free depends on the events")
        return 0, most_amount or _ZERO
    if most_events:
        running = running[: int(most_events)]
    if not most_amount:
        return len(running), running[-1]
    return sum(1 for one in running if one <= most_amount), min(running[-1], most_amount)


def rate_committed(case: Case) -> Answer:
    """N units committed at their own rate, due used or not; the rest at list price."""
    committed = case.number("committed_quantity", "commitment", "commitment_quantity", "commit", "committed_units")
    rate = case.number("committed_price", "committed_rate", "commitment_rate", "committed_unit_price", "rate")
    quantity = case.number(*QUANTITY)
    within = decimals.multiply(committed, rate)
    over = max(_ZERO, decimals.add(quantity, -committed))
    rated = pricing.rate_metered(read_component(case), quantity=over)
    unused = max(_ZERO, decimals.add(committed, -quantity))
    parts = {
        "committed": decimals.format_plain(within),
        "on_demand": decimals.format_plain(rated.amount),
        "unused_quantity": decimals.format_plain(unused),
        "unused": decimals.format_plain(decimals.multiply(unused, rate)),
    }
    rule = "committed units × their rate, used or not; further units by the list price, whose tiers begin with them"
    return _limit(case, decimals.add(within, rated.amount), lines=[within, rated.amount], rule=rule, parts=parts)


def rate_shared(case: Case) -> Answer:
    """Included units shared by contracts in the order given: by start date, then number."""
    component = read_component(case)
    left, amounts, taken = component.included_quantity, [], []
    rows = case.rows("contracts", "subscriptions", "usages")
    if rows is None:
        raise InvalidCase("contracts", "is missing; give each contract's quantity in the order of use")
    for row in rows:
        quantity = row.number(*QUANTITY, "value")
        free = min(quantity, left)
        left = decimals.add(left, -free)
        amounts.append(pricing.metered_charge(replace(component, included_quantity=free), quantity=quantity))
        taken.append(free)
    rule = "the included units go to the contracts in the order of start date and number, each as far as it uses them"
    return _limit(case, decimals.add(*amounts), lines=amounts, rule=rule, parts={"included": plain(taken)})


def read_component(case: Case) -> Component:
    """The price of a case as the marketplace knows it."""
    model = case.text("model", default="")
    found = next((ours for names, ours in _MODELS if any(name in model for name in names)), "")
    if not found:
        category = case.text("category")
        found = category if category in components.MODELS else components.PER_UNIT
        found = components.PERCENTAGE if category == "graduated_percentage" else found
    rows = case.rows("tiers", "ranges", "graduated_ranges", "volume_ranges")
    if rows and found not in (*components.TIERED, components.PERCENTAGE):
        found = components.GRADUATED
    if rows is None and found in components.TIERED:
        raise InvalidCase("tiers", "is missing; give at least one")
    size = case.maybe("size", "package_size", "quantity_per_package") if found == components.PACKAGE else None
    names = ("amount", "price", "package_price", *UNIT) if found == components.PACKAGE else (*UNIT, *FLAT)
    price = _ZERO if rows else case.share("rate") if found == components.PERCENTAGE else case.number(*names)
    try:
        return Component(
            code="case",
            kind=components.METERED,
            unit_price=_ZERO if price is None else price,
            vat_rate=_ZERO,
            unit="unit",
            meter="units",
            model=found,
            tiers=tuple(_tiers(rows, is_share=found == components.PERCENTAGE)) if rows else (),
            package_size=size,
            included_quantity=case.number(*FREE, default="0"),
        )
    except components.InvalidComponent as error:
        raise InvalidCase(error.field, str(error)) from error


def _tiers(rows: list[Row], *, is_share: bool) -> list[Tier]:
    found, below = [], _ZERO
    for row in rows:
        up_to = row.maybe("up_to", "up_to_amount", "to", "to_value", "upper", "max")
        start = row.maybe("from", "from_value", "above", "lower")
        if start is not None and not below <= start <= decimals.add(below, Decimal(1)):
            raise InvalidCase(f"{row.name}.from", "is not where the tier before ends; leave no gap")
        price = row.share("rate") if is_share else None
        if price is None:
            price = row.number(*UNIT, "rate", default="0")
        found.append(Tier(up_to, price, row.number(*FLAT, default="0")))
        below = up_to if up_to is not None else below
    return found


def by_tier(lines: tuple[tiers.Line, ...]) -> list[Decimal]:
    """What each tier comes to with its flat part; without tiers, each row."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.part != tiers.INCLUDED:
            key = f"tier{line.tier}" if line.tier else line.key
            found[key] = decimals.add(found.get(key, _ZERO), line.amount)
    return list(found.values())


def _blocks(case: Case) -> tuple[Decimal, list[Decimal], str]:
    """Tiers of blocks: each holds `max_blocks` blocks of its own size; a block that is begun is paid in full."""
    rows, left = case.rows("tiers") or [], case.number(*QUANTITY)
    policy = case.text("policy", default="").upper()
    is_top = policy == "TOP_TIER" or (not policy and "volume" in case.text("model", default=""))
    if policy not in ("", "TOP_TIER", "ALL_TIERS"):
        raise InvalidCase("policy", f"{policy!r} is not known; use ALL_TIERS or TOP_TIER")
    quantity, lines = left, []
    for place, row in enumerate(rows, 1):
        size, price = row.number("block", "size", "block_size"), row.number("price", *UNIT)
        most = row.maybe("max_blocks", "max")
        if size <= 0:
            raise InvalidCase(f"{row.name}.block", "must be above 0")
        begun = Decimal(decimals.divide_up(left, size))
        is_reached = most is None or begun <= most or place == len(rows)
        if is_top and is_reached:
            number = Decimal(decimals.divide_up(quantity, size))
            amount = decimals.multiply(number, price)
            return (
                amount,
                [amount],
                "all blocks at the price of the tier reached; a block that is begun is paid in full",
            )
        if not is_top and (begun or place == 1):
            lines.append(decimals.multiply(begun if is_reached or most is None else most, price))
        if is_reached or most is None:
            break
        left = decimals.add(left, -decimals.multiply(most, size))
    return decimals.add(*lines), lines, "each tier's blocks at its price; a block that is begun is paid in full"


def _limit(
    case: Case,
    gross: Decimal,
    lines: list[Decimal],
    rule: str,
    *,
    parts: dict[str, Any] | None = None,
    only_true_up: bool = False,
) -> Answer:
    """Discount, minimum and maximum. What is billed already counts towards both limits, and is not billed again."""
    show = decimals.format_plain
    found: dict[str, Any] = {"lines": plain(lines), **(parts or {})} if lines else dict(parts or {})
    percent = case.share("discount", "percentage_discount")
    off = decimals.multiply(gross, percent) if percent else _ZERO
    net = decimals.add(gross, -off)
    if percent is not None:
        found |= {"gross": show(gross), "percentage_discount": show(off)}
    before = case.number("already_billed_amount", "already_billed", "previously_billed_amount", default="0")
    least, most = case.maybe(*MINIMUM) if case.text("category") != "committed_use" else None, case.maybe(*MAXIMUM)
    if least is not None:
        least = _in_part(case, least)
        is_last = case.flag("last_slice_of_period", default=True)
        missing = max(_ZERO, decimals.add(least, -before, -net)) if is_last else _ZERO
        found |= {"usage": show(net), "true_up": show(missing)}
        if only_true_up:
            return Answer(missing, "commitment − fees, at least 0, due with the last part of the period", found)
        net = decimals.add(net, missing)
    if most is not None:
        allowed = max(_ZERO, decimals.add(most, -before))
        over = max(_ZERO, decimals.add(net, -allowed))
        found |= {"gross": show(gross), "cap_discount": show(over)}
        net = decimals.add(net, -over)
    return Answer(net, rule + LIMITS, found)


def _in_part(case: Case, amount: Decimal) -> Decimal:
    """A minimum in a part of the period: by its days."""
    if not case.has("period", "period_days", "days_in_period"):
        return amount
    days, whole = times.read_share(case)
    return decimals.divide(decimals.multiply(amount, Decimal(days)), whole) if whole else amount
