"""What is compared of an offering: price, specifications, service, compliance; and what of it is measured for scores.

A security level without a valid filing and a PUE that was only designed are printed as claims and measure nothing. The
share of green power is the provider's word, and says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from listings import wording
from listings.comparison import scoring, table
from listings.comparison.offers import Offer
from listings.comparison.table import MONEY, RATE, SCORE, Cell
from listings.models import CategoryAttribute, Product
from listings.prices import pricing
from listings.taxonomy import specs
from providers import queries as providers
from providers.models import DataCentre

SUPPORT_HOURS: Final = {"5x8": Decimal(40), "7x12": Decimal(84), "7x24": Decimal(168)}
Build = Callable[[Offer], Cell]


def build_table(
    *,
    found: Sequence[Offer],
    schema: Sequence[CategoryAttribute],
    weights: scoring.Weights,
    quantity: int,
    term_months: int,
    on: date,
) -> table.Table:
    """The whole comparison of `found`; evidence counts that is in force on `on`."""
    service = table.group("service", _("Service level"), _service(found))
    compliance = table.group("compliance", _("Compliance and green power"), _compliance(found, on=on))
    scores = scoring.score(
        measures=list(_measures(found, service=service, compliance=compliance)), weights=weights, count=len(found)
    )
    prices = table.group("price", _("Price and score"), [*_prices(found, term_months=term_months), _scores(scores)])
    units = {wording.write_unit(one.unit).split("·")[0] for one in found if one.unit}
    return table.Table(
        quantity=quantity,
        term_months=term_months,
        currency=next((one.quote.currency for one in found if one.quote), "CNY"),
        unit=units.pop() if len(units) == 1 else "",
        weights=weights.as_dict(),
        formula_version=scoring.FORMULA_VERSION,
        columns=tuple(_column(one) for one in found),
        groups=tuple(
            one
            for one in (prices, table.group("specs", _("Specifications"), _specs(found, schema)), service, compliance)
            if one.rows
        ),
        scores=scores,
    )


def title_of(product: Product) -> str:
    return wording.choose(product.title, product.title_en)


def _column(one: Offer) -> table.Column:
    product, centre = one.product, _centre(one)
    book = one.plan.price_book if one.plan else None
    left = providers.count_remaining(pools=centre.pools.all(), draws=product.draws)
    return table.Column(
        offering_id=product.pk,
        code=product.code or "",
        title=title_of(product),
        category=wording.choose(product.main_category.name, product.main_category.name_en),
        provider=str(product.partner.name),
        place=_place(one),
        url=product.get_absolute_url(),
        version=product.version_number,
        plan_id=one.plan.pk if one.plan else 0,
        plan=wording.choose(one.plan.name, one.plan.name_en) if one.plan else "",
        price_book=book.version if book else 0,
        price_basis=str(book.get_basis_display()) if book else "",
        is_own_price=book is not None and book.organisation_id is not None,
        is_recommended=product.is_recommended,
        is_orderable=one.quote is not None and centre.status == DataCentre.Status.OPERATING and left != 0,
    )


def _prices(found: Sequence[Offer], *, term_months: int) -> Iterator[table.Row | None]:
    yield table.row(
        "total",
        _("Total, tax included"),
        (_total(one, term_months=term_months) for one in found),
        kind=MONEY,
        better=scoring.LOWER,
        mark=_("lowest"),
    )
    yield table.row("net", _("Total without tax"), (_net(one) for one in found), kind=MONEY)
    yield table.row(
        "monthly_unit",
        _("Equivalent unit price"),
        (Cell(value=one.monthly_unit_price, unit=_per_month(one)) if one.has_total else Cell() for one in found),
        kind=MONEY,
    )
    yield from _normalised(found)
    yield table.row("list_price", _("List price and discount"), (_list_price(one) for one in found), kind=RATE)
    yield table.row("plan", _("Plan"), (Cell(text=_plan(one)) for one in found))


def _total(one: Offer, *, term_months: int) -> Cell:
    if one.plan is None:
        return Cell(note=_("No price is published."))
    if one.quote is None:
        terms = "、".join(str(term.months) for term in one.plan.terms.all())
        return Cell(
            note=_("Not offered for %(months)s months; offered for %(terms)s.")
            % {"months": term_months, "terms": terms or "0"}
        )
    if not one.has_total:
        return Cell(note=_("Paid by use; nothing is committed."))
    return Cell(value=one.total)


def _net(one: Offer) -> Cell:
    if one.quote is None or not one.has_total:
        return Cell()
    rates = sorted({row.vat_rate for row, _component in pricing.components_of(plan=one.plan)})
    shown = "、".join(f"{(rate * 100).normalize():f}%" for rate in rates)
    return Cell(value=one.quote.term.net.to_decimal(), note=_("VAT %(rates)s") % {"rates": shown})


def _list_price(one: Offer) -> Cell:
    if one.plan is None:
        return Cell()
    price = pricing.list_price(plan=one.plan, currency=one.plan.price_book.currency)
    note = ""
    if one.quote is not None and one.quote.discount:
        note = _("%(months)s months: %(percent)s%% off") % {
            "months": one.quote.term_months,
            "percent": f"{(one.quote.discount * 100).normalize():f}",
        }
    return Cell(value=price.gross, unit=wording.write_unit(price.unit), note=note)


def _plan(one: Offer) -> str:
    if one.plan is None:
        return ""
    return f"{wording.choose(one.plan.name, one.plan.name_en)} · {one.plan.price_book.get_basis_display()}"


def _per_month(one: Offer) -> str:
    unit = wording.write_unit(one.unit)
    month = wording.write_unit("台·月").split("·")[-1]
    return unit if unit.endswith(f"·{month}") else f"{unit.split('·')[0]}·{month}"


def _scores(scores: Sequence[scoring.Score]) -> table.Row | None:
    return table.row(
        "score",
        _("Score"),
        (Cell(value=one.total, note=_("rank %(rank)s") % {"rank": one.rank}) for one in scores),
        kind=SCORE,
        better=scoring.HIGHER,
        mark=_("highest"),
    )


def _normalised(found: Sequence[Offer]) -> Iterator[table.Row | None]:
    """One row per normalised unit that the categories name."""
    kinds = dict.fromkeys(
        (one.product.main_category.normal_unit, one.product.main_category.normal_spec)
        for one in found
        if one.product.main_category.normal_unit
    )
    for unit, spec in kinds:
        yield table.row(
            f"normal_{unit}",
            _("Equivalent price per normalised unit"),
            (_normal(one, unit=unit, spec=spec) for one in found),
            kind=RATE,
            better=scoring.LOWER,
            mark=_("lowest"),
        )


def _normal(one: Offer, *, unit: str, spec: str) -> Cell:
    if one.product.main_category.normal_unit != unit:
        return Cell()
    size = Decimal(str(one.product.specs.get(spec, 0) or 0)) if spec else Decimal(1)
    return Cell(value=one.normal_price(size=size), unit=unit)


def _specs(found: Sequence[Offer], schema: Sequence[CategoryAttribute]) -> Iterator[table.Row | None]:
    """The union of the categories' compared specifications, each category's in its order."""
    seen: dict[str, Any] = {}
    for use in schema:
        seen.setdefault(use.attribute.code, use.attribute)
    for code, attribute in seen.items():
        yield table.row(
            f"spec_{code}",
            wording.choose(attribute.name, attribute.name_en),
            (_spec(one.product.specs.get(code), unit=attribute.unit) for one in found),
            better=attribute.better,
        )


def _spec(value: Any, *, unit: str) -> Cell:
    if value is None:
        return Cell()
    number = Decimal(str(value)) if isinstance(value, int | float) else None
    return Cell(value=number, text=specs.write_value(value, unit=wording.write_unit(unit)))


def _service(found: Sequence[Offer]) -> Iterator[table.Row | None]:
    rows: list[tuple[str, str, Build, str]] = [
        ("sla", _("Availability promised (SLA)"), _sla, scoring.HIGHER),
        ("lead_time", _("Lead time"), lambda one: _days(one.product.lead_time_days, working=True), scoring.LOWER),
        ("support", _("Technical support"), _support, scoring.HIGHER),
        ("exit_notice", _("Notice to leave"), lambda one: _days(one.product.exit_notice_days), scoring.LOWER),
        ("exit_export", _("Data export after the end"), _export, scoring.HIGHER),
        ("exit_fee", _("Fee for leaving"), _exit_fee, scoring.LOWER),
    ]
    for code, label, build, better in rows:
        yield table.row(code, label, (build(one) for one in found), better=better)


def _sla(one: Offer) -> Cell:
    share = one.product.sla_percent
    return Cell() if share is None else Cell(value=share, text=f"{share.normalize():f}%")


def _support(one: Offer) -> Cell:
    code = one.product.support
    return Cell(value=SUPPORT_HOURS.get(code), text=str(one.product.get_support_display()) if code else "")


def _days(days: int | None, *, working: bool = False) -> Cell:
    if days is None:
        return Cell()
    words = (
        ngettext("%(days)s working day", "%(days)s working days", days)
        if working
        else ngettext("%(days)s day", "%(days)s days", days)
    )
    return Cell(value=Decimal(days), text=words % {"days": days})


def _export(one: Offer) -> Cell:
    cell = _days(one.product.exit_export_days)
    return Cell(value=cell.value, text=cell.text, note=one.product.exit_export_formats)


def _exit_fee(one: Offer) -> Cell:
    fee = one.product.exit_fee
    if fee is None:
        return Cell()
    return Cell(value=fee, text=_("free") if not fee else _("¥%(fee)s without tax") % {"fee": f"{fee:,.2f}"})


def _compliance(found: Sequence[Offer], *, on: date) -> Iterator[table.Row | None]:
    yield table.row("mlps", _("Security level"), (_mlps(one, on=on) for one in found), better=scoring.HIGHER)
    yield table.row("recommended", _("Recommended catalogue"), (_recommended(one) for one in found))
    yield table.row("place", _("Data centre location"), (Cell(text=_place(one)) for one in found))
    yield table.row("green", _("Green power"), (_green(one) for one in found), better=scoring.HIGHER)
    yield table.row("pue", _("Measured PUE"), (_pue(one, on=on) for one in found), better=scoring.LOWER)


def _mlps(one: Offer, *, on: date) -> Cell:
    centre = _centre(one)
    level = centre.mlps_level
    if not level:
        return Cell()
    words = str(wording.MLPS_LEVELS.get(level, level))
    if not centre.mlps_filing_number:
        return Cell(text=words, note=_("not filed"))
    if centre.mlps_valid_until is not None and centre.mlps_valid_until < on:
        return Cell(text=words, note=_("assessment lapsed on %(day)s") % {"day": _day(centre.mlps_valid_until)})
    note = centre.mlps_filing_number
    if centre.mlps_valid_until is not None:
        note = _("%(document)s, valid until %(day)s") % {"document": note, "day": _day(centre.mlps_valid_until)}
    return Cell(value=Decimal(level), text=words, note=note)


def _recommended(one: Offer) -> Cell:
    return Cell(
        value=Decimal(int(one.product.is_recommended)),
        text=_("Recommended") if one.product.is_recommended else _("Not in the recommended catalogue"),
    )


def _green(one: Offer) -> Cell:
    share = _centre(one).green_power_percent
    return Cell() if share is None else Cell(value=Decimal(share), text=f"{share}%", note=_("stated by the provider"))


def _pue(one: Offer, *, on: date) -> Cell:
    centre = _centre(one)
    design = _("design %(pue)s") % {"pue": centre.design_pue} if centre.design_pue else ""
    if centre.measured_pue is None:
        return Cell(text=_("Not measured yet"), note=design)
    return Cell(value=centre.measured_pue, text=f"{centre.measured_pue}", note=design)


def _measures(found: Sequence[Offer], *, service: table.Group, compliance: table.Group) -> Iterable[scoring.Measure]:
    """What scores read: the total, and the rows of service and compliance that say which way is better."""
    yield scoring.Measure("total", scoring.PRICE, scoring.LOWER, tuple(one.total for one in found))
    green = {"green", "pue"}
    for row in (*service.rows, *compliance.rows):
        better = scoring.HIGHER if row.code == "recommended" else row.better
        if better:
            criterion = (
                scoring.GREEN if row.code in green else scoring.SERVICE if row in service.rows else scoring.COMPLIANCE
            )
            yield scoring.Measure(row.code, criterion, better, tuple(cell.value for cell in row.cells))


def _centre(one: Offer) -> DataCentre:
    return one.product.data_centre  # type: ignore[no-any-return]  # what is published has one


def _place(one: Offer) -> str:
    county = _centre(one).county
    return f"{county.prefecture.name} {county.name}" if county.prefecture else str(county.name)


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
