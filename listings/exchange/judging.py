"""What is to become of one offering of a file: created, changed, left as it is, or refused with the cells at fault.

The rules are those of the pages: `content.find_errors` for what an offering says of itself, `drafts.check_plans` for
its prices. Here it is only decided which cell a refusal belongs to.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from listings import content
from listings.content import Content, Schema
from listings.exchange import cells, columns, plans
from listings.exchange.columns import Layout
from listings.exchange.current import Current
from listings.exchange.entries import Entry
from listings.exchange.models import ListingImportLine
from listings.exchange.problems import Problem
from listings.models import OfferingVersion
from listings.prices import drafts
from listings.prices.drafts import PlanDraft

Outcome = ListingImportLine.Outcome
IN_HANDS: Final = (OfferingVersion.State.SUBMITTED, OfferingVersion.State.IN_REVIEW)


@dataclass(slots=True)
class Verdict:
    """`plans` is None where the prices stay as they are."""

    row: int
    code: str
    title: str
    outcome: Outcome
    content: Content | None = None
    plans: list[PlanDraft] | None = None
    current: Current | None = None
    problems: list[Problem] = field(default_factory=list)
    version_number: int = 0
    is_submitted: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """What offerings of one file are judged by."""

    layout: Layout
    schema: Schema
    kinds: Mapping[str, Mapping[str, str]]  # category → spec code → type


def make_bench(*, layout: Layout, schema: Schema) -> Bench:
    """Read once for all offerings of a file."""
    kinds = {slug: {one.code: one.kind for one in rules.attributes} for slug, rules in schema.categories.items()}
    return Bench(layout=layout, schema=schema, kinds=kinds)


def judge(*, entry: Entry, current: Current | None, is_foreign: bool, bench: Bench) -> Verdict:
    """The verdict on one offering; `is_foreign` if the code is another provider's."""
    title = str(entry.values.get("title") or (current.content.title if current else ""))[:255]
    verdict = Verdict(row=entry.row, code=entry.code, title=title, outcome=Outcome.FAILED, current=current)
    verdict.problems = entry.problems
    if current and not entry.problems and _says_the_same(entry, current, bench.layout):
        verdict.outcome, verdict.version_number = Outcome.UNCHANGED, current.version_number
        return verdict
    if is_foreign:
        message = _("This code cannot be used. Choose another one, or leave the cell blank.")
        _refuse(verdict, bench, entry.row, columns.CODE, message, entry.code)
    verdict.content = _judge_content(entry, current, bench, verdict)
    if bench.layout.prices and entry.prices:
        verdict.plans = _judge_prices(entry, current, bench, verdict)
    if verdict.problems or verdict.content is None:
        return verdict
    return _compare(verdict, current, bench)


def _compare(verdict: Verdict, current: Current | None, bench: Bench) -> Verdict:
    if current is None:
        verdict.outcome = Outcome.CREATED
        return verdict
    if verdict.plans is not None and plans.canonical(verdict.plans) == plans.canonical(current.plans):
        verdict.plans = None
    if verdict.plans is None and _is_same_content(verdict.content, current, bench.schema):
        verdict.outcome, verdict.version_number = Outcome.UNCHANGED, current.version_number
        return verdict
    message = _why_closed(current)
    if message:
        _refuse(verdict, bench, verdict.row, columns.CODE, message, verdict.code)
        return verdict
    verdict.outcome = Outcome.UPDATED
    return verdict


def _why_closed(current: Current) -> str:
    if current.version_state in IN_HANDS:
        return _("This offering is in review. Take the version back first, or wait for the decision.")
    return ""


def _is_same_content(new: Content | None, current: Current, schema: Schema) -> bool:
    """Whether both say the same, also where what is stored was written before today's rules of spelling."""
    if new == current.content:
        return True
    own = {name: getattr(current.content, name) for name in content.LABELS}
    return new == content.find_errors(values=own, schema=schema)[0]


def _says_the_same(entry: Entry, current: Current, layout: Layout) -> bool:
    """Whether the cells are those that an export would write now, so that nothing needs to be judged."""
    rows = list(current.to_rows())
    written = rows[0]
    if not all(_is_equal(value, written.get(name)) for name, value in entry.values.items()):
        return False
    more = [(columns.SPEC, entry.specs, layout.specs), (columns.DRAW, entry.draws, layout.draws)]
    for prefix, stated, places in more:
        if not all(_is_equal(stated.get(code), written.get(prefix + code)) for _place, code in places):
            return False
    if not entry.prices:
        return True
    if len(rows) != len(entry.prices):
        return False
    return all(
        _is_equal(value, row.get(name))
        for (_row, values), row in zip(entry.prices, rows, strict=True)
        for name, value in values.items()
        if name not in ("terms", "tiers")
    ) and _same_lists(entry, current, layout)


def _same_lists(entry: Entry, current: Current, layout: Layout) -> bool:
    """Terms and tiers are compared as what they mean."""
    if not {"terms", "tiers"} & set(layout.places):
        return True
    found, _rows, faults = plans.read_plans(prices=entry.prices, layout=layout, before=current.plans, code=entry.code)
    return not faults and plans.canonical(found) == plans.canonical(current.plans)


def _is_equal(cell: Any, written: Any) -> bool:
    """A cell of a file against what would be written; a number may have come as text."""
    if cell == written or cell is None or written is None:
        return bool(cell == written)
    if isinstance(written, str):
        return isinstance(cell, str | bool) and _as_text(cell) in (written, cells.unquote(written))
    try:
        return Decimal(cell if isinstance(cell, str) else repr(cell)) == written
    except InvalidOperation:
        return False


def _as_text(cell: str | bool) -> str:
    return str(cells.write_cell(cell)) if isinstance(cell, bool) else cell


def _judge_content(entry: Entry, current: Current | None, bench: Bench, verdict: Verdict) -> Content | None:
    values = dict(entry.values)
    if current:
        values = {name: getattr(current.content, name) for name in content.LABELS} | values
    layout = bench.layout
    kept = current.content.specs_of if current else {}
    known = {code for _place, code in layout.specs}
    values["specs"] = {code: value for code, value in kept.items() if code not in known}
    values["specs"] |= _read_specs(entry, str(values.get("category") or ""), bench, verdict)
    drawn = {code for _place, code in layout.draws}
    kept_draws = current.content.draws_of if current else {}
    values["draws"] = {code: value for code, value in kept_draws.items() if code not in drawn} | {
        code: value for code, value in entry.draws.items() if _reads_plain(entry, code, value, bench, verdict)
    }
    found, faults = content.find_errors(values=values, schema=bench.schema)
    said = {problem.field for problem in verdict.problems}
    for fault in faults:
        for name, message in _locate(fault, values, bench):
            if name not in said:
                _refuse(verdict, bench, entry.row, name, message, _value_of(name, entry))
    return found


def _read_specs(entry: Entry, category: str, bench: Bench, verdict: Verdict) -> dict[str, Any]:
    kinds = bench.kinds.get(category, {})
    found = {}
    for code, value in entry.specs.items():
        try:
            found[code] = cells.read_spec(value, kinds.get(code, "text"))
        except cells.Misfit as fault:
            _refuse(verdict, bench, entry.row, columns.SPEC + code, str(fault), value)
    return found


def _reads_plain(entry: Entry, code: str, value: Any, bench: Bench, verdict: Verdict) -> bool:
    try:
        cells.read_plain(value, columns.BY_NAME["title"])
    except cells.Misfit as fault:
        _refuse(verdict, bench, entry.row, columns.DRAW + code, str(fault), value)
        return False
    return True


def _locate(fault: Any, values: Mapping[str, Any], bench: Bench) -> list[tuple[str, str]]:
    """(column, message) of a refusal. Of specifications and resources the first is refused; here, each is asked."""
    if fault.field in content.LABELS and fault.field not in ("specs", "draws"):
        return [(fault.field, fault.message)]
    found = []
    for name, prefix in (("specs", columns.SPEC), ("draws", columns.DRAW)):
        for code, value in values[name].items():
            asked = {**values, "specs": {}, "draws": {}, name: {code: value}}
            _content, faults = content.find_errors(values=asked, schema=bench.schema)
            found += [(prefix + code, one.message) for one in faults if one.field in (code, name)]
    return found or [(fault.field, fault.message)]


def _value_of(name: str, entry: Entry) -> object:
    if name.startswith(columns.SPEC):
        return entry.specs.get(name[len(columns.SPEC) :], "")
    if name.startswith(columns.DRAW):
        return entry.draws.get(name[len(columns.DRAW) :], "")
    return entry.values.get(name) or ""


def _judge_prices(entry: Entry, current: Current | None, bench: Bench, verdict: Verdict) -> list[PlanDraft]:
    before: Sequence[PlanDraft] = current.plans if current else ()
    found, rows, faults = plans.read_plans(prices=entry.prices, layout=bench.layout, before=before, code=entry.code)
    verdict.problems.extend(faults)
    if verdict.problems:
        return found
    currency = current.currency if current else "CNY"
    try:
        drafts.check_plans(plans=found, currency=currency)
    except drafts.InvalidPriceBook:
        for row, name, message in _locate_prices(found, rows, currency=currency):
            _refuse(verdict, bench, row, name, message, _price_value(entry, row, name))
    return found


def _price_value(entry: Entry, row: int, name: str) -> object:
    value = next((values.get(name) for number, values in entry.prices if number == row), None)
    return value if isinstance(value, str | Decimal) else ""


def _locate_prices(
    found: Sequence[PlanDraft], rows: Mapping[tuple[str, str], int], *, currency: str
) -> Iterator[tuple[int, str, str]]:
    """Row, column and sentence of each refusal: each price is asked by itself, then each plan, then all."""
    is_said = False
    asked = [replace(plan, components=[one]) for plan in found for one in plan.components]
    for plans_asked in ([[plan] for plan in asked], [[plan] for plan in found], [found]):
        if is_said:
            return
        said: set[str] = set()
        for some in plans_asked:
            try:
                drafts.check_plans(plans=some, currency=currency)
            except drafts.InvalidPriceBook as refusal:
                row = rows.get((refusal.plan, refusal.component)) or rows.get((refusal.plan, "")) or min(rows.values())
                if refusal.message not in said:
                    yield row, _column_of(refusal), refusal.message
                said.add(refusal.message)
                is_said = True


def _column_of(refusal: drafts.InvalidPriceBook) -> str:
    """The column of what was refused; `tiers[2].unit_price` stands in tiers."""
    part = re.split(r"[.\[]", refusal.part)[0]
    if refusal.component:
        return {"code": "component", "name": "component_name", "name_en": "component_name_en"}.get(part, part)
    if refusal.field == "terms":
        return "terms"
    return {"code": "plan", "name": "plan_name", "name_en": "plan_name_en"}.get(part, "plan")


def _refuse(verdict: Verdict, bench: Bench, row: int, name: str, message: str, value: object) -> None:
    verdict.problems.append(bench.layout.problem(row=row, field=name, message=message, value=value, code=verdict.code))
