"""What is compared of an offering: price, specifications, service, compliance; and what of it is measured for scores.

A security level or a PUE without evidence that is in force is printed as a claim and measures nothing. The share of
green power is the provider's word, and says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.rules import availability
from listings import wording
from listings.comparison import scoring, table
from listings.comparison.offers import Offer
from listings.comparison.table import MONEY, RATE, SCORE, Cell
from listings.models import PriceComponent, Product
from listings.prices import normalised, pricing
from listings.taxonomy import specs
from providers import queries as providers
from providers.models import DataCentre, Evidence

SUPPORT_HOURS: Final = {"5x8": Decimal(40), "7x12": Decimal(84), "7x24": Decimal(168)}
FINE: Final = Decimal("0.0001")  # a hundredth of a fen
Build = Callable[[Offer], Cell]
Proofs = Mapping[int, Mapping[str, Evidence]]  # by data centre and kind


def build_table(
    *,
    found: Sequence[Offer],
    schema: Sequence[specs.Spec],
    weights: scoring.Weights,
    quantity: int,
    term_months: int,
    usage: Sequence[tuple[PriceComponent, Decimal]],
    evidence: Proofs,
) -> table.Table:
    """The whole comparison of `found`.

    `usage`: expected a month, by meter; `evidence`: what is proven of their data centres on the day.
    """
    service = table.group("service", _("Service level"), _service(found))
    compliance = table.group("compliance", _("Compliance and green power"), _compliance(found, evidence))
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
        usage=tuple(
            table.Usage(
                meter=row.meter,
                label=wording.choose(row.name, row.name_en),
                quantity=quantity_used,
                unit=wording.write_unit(row.unit),
            )
            for row, quantity_used in usage
        ),
    )


def title_of(product: Product) -> str:
    return wording.choose(product.title, product.title_en)


def _column(one: Offer) -> table.Column:
    product, centre, category = one.product, _centre(one), one.product.main_category
    book = one.plan.price_book if one.plan else None
    left = providers.count_remaining(pools=centre.pools.all(), draws=product.draws)
    return table.Column(
        offering_id=product.pk,
        code=product.code or "",
        title=title_of(product),
        category=wording.choose(category.name, category.name_en) if category else "",
        provider=str(product.partner.name) if product.partner else "",
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
    yield table.row(
        "usage",
        _("Of which expected use"),
        (Cell() if one.usage_total is None else Cell(value=one.usage_total) for one in found),
        kind=MONEY,
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
    missing = "、".join(wording.choose(row.name, row.name_en) for row in one.unstated)
    if not one.has_total:
        return Cell(note=_("Paid by use. State the use a month to compare it: %(meters)s.") % {"meters": missing})
    return Cell(value=one.total, note=_("without use of: %(meters)s") % {"meters": missing} if missing else "")


def _net(one: Offer) -> Cell:
    if one.plan is None or one.quote is None or not one.has_total:
        return Cell()
    rates = sorted({row.vat_rate for row, _component in pricing.components_of(plan=one.plan)})
    shown = "、".join(f"{(rate * 100).normalize():f}%" for rate in rates)
    return Cell(value=one.quote.term_total.net.to_decimal(), note=_("VAT %(rates)s") % {"rates": shown})


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
    """One row per normalised unit; prices per different units are not compared with each other."""
    normals = [one.normal for one in found]
    for unit in dict.fromkeys(one.unit for one in normals if one is not None):
        label = normalised.NORMAL_UNITS[unit].label
        yield table.row(
            f"normal_{unit}",
            _("List price per %(unit)s") % {"unit": label},
            (
                Cell(value=one.amount.quantize(FINE, rounding=ROUND_HALF_UP), unit=label)
                if one is not None and one.unit == unit
                else Cell()
                for one in normals
            ),
            kind=RATE,
            better=scoring.LOWER,
            mark=_("lowest"),
        )


def _specs(found: Sequence[Offer], schema: Sequence[specs.Spec]) -> Iterator[table.Row | None]:
    """The union of the categories' compared specifications, each category's in its order."""
    seen: dict[str, specs.Spec] = {}
    for one in schema:
        seen.setdefault(one.code, one)
    for code, spec in seen.items():
        yield table.row(
            f"spec_{code}",
            spec.label,
            (_spec(offer.product.specs.get(code), spec=spec) for offer in found),
            better=spec.better,
        )


def _spec(value: Any, *, spec: specs.Spec) -> Cell:
    if value is None:
        return Cell()
    number = Decimal(str(value)) if isinstance(value, int | float) else None
    return Cell(value=number, text=spec.write(value))


def _service(found: Sequence[Offer]) -> Iterator[table.Row | None]:
    rows: list[tuple[str, str, Build, str]] = [
        ("sla", _("Availability promised (SLA)"), _sla, scoring.HIGHER),
        ("sla_credits", _("Credit for a missed month"), _credits, scoring.HIGHER),
        ("lead_time", _("Lead time"), lambda one: _days(one.product.lead_time_days, working=True), scoring.LOWER),
        ("support", _("Technical support"), _support, scoring.HIGHER),
        ("reviews", _("Reviews"), _reviews, ""),
        ("exit_notice", _("Notice to leave"), lambda one: _days(one.product.exit_notice_days), scoring.LOWER),
        ("exit_export", _("Data export after the end"), _export, scoring.HIGHER),
        ("exit_fee", _("Fee for leaving"), _exit_fee, scoring.LOWER),
    ]
    for code, label, build, better in rows:
        yield table.row(code, label, (build(one) for one in found), better=better)


def _sla(one: Offer) -> Cell:
    share = one.product.sla_percent
    return Cell() if share is None else Cell(value=share, text=f"{share.normalize():f}%")


def _credits(one: Offer) -> Cell:
    """By the first step: what a month just below the promise earns, the others beside it."""
    if not one.product.sla_credits:
        return Cell(text=_("the marketplace's table") if one.product.sla_percent else "")
    first, *worse = availability.read_table(one.product.sla_credits)
    note = " · ".join(f"< {step.below:f}%: {step.percent.normalize():f}%" for step in worse)
    return Cell(value=first.percent, text=f"{first.percent.normalize():f}%", note=note)


def _support(one: Offer) -> Cell:
    code = one.product.support
    return Cell(value=SUPPORT_HOURS.get(code), text=str(one.product.get_support_display()) if code else "")


def _reviews(one: Offer) -> Cell:
    """The means of what buyers said; printed, not scored: few voices are no measure."""
    product = one.product
    if not product.review_count:
        return Cell()
    words = _("Service %(service)s, delivery %(delivery)s of 5") % {
        "service": f"{product.service_score:.1f}",
        "delivery": f"{product.delivery_score:.1f}",
    }
    count = product.review_count
    return Cell(text=words, note=ngettext("%(count)s review", "%(count)s reviews", count) % {"count": count})


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


def _compliance(found: Sequence[Offer], evidence: Proofs) -> Iterator[table.Row | None]:
    yield table.row("mlps", _("Security level"), (_mlps(one, evidence) for one in found), better=scoring.HIGHER)
    yield table.row("recommended", _("Recommended catalogue"), (_recommended(one) for one in found))
    yield table.row("place", _("Data centre location"), (Cell(text=_place(one)) for one in found))
    yield table.row("green", _("Green power"), (_green(one, evidence) for one in found), better=scoring.HIGHER)
    yield table.row("pue", _("Measured PUE"), (_pue(one, evidence) for one in found), better=scoring.LOWER)


def _mlps(one: Offer, evidence: Proofs) -> Cell:
    centre = _centre(one)
    proof = evidence.get(centre.pk, {}).get(Evidence.Kind.MLPS)
    if proof is not None and proof.value is not None:
        level = int(proof.value)
        return Cell(value=Decimal(level), text=str(wording.MLPS_LEVELS.get(level, level)), note=_document(proof))
    if not centre.mlps_level:
        return Cell()
    return Cell(
        text=str(wording.MLPS_LEVELS.get(centre.mlps_level, centre.mlps_level)), note=_("claimed, no valid evidence")
    )


def _document(proof: Evidence) -> str:
    """What proves it, and until when."""
    if proof.valid_until is None:
        return str(proof.document_number)
    return _("%(document)s, valid until %(day)s") % {
        "document": proof.document_number or proof.issuer,
        "day": date_format(proof.valid_until, "SHORT_DATE_FORMAT"),
    }


def _recommended(one: Offer) -> Cell:
    return Cell(
        value=Decimal(int(one.product.is_recommended)),
        text=_("Recommended") if one.product.is_recommended else _("Not in the recommended catalogue"),
    )


def _green(one: Offer, evidence: Proofs) -> Cell:
    centre = _centre(one)
    proof = evidence.get(centre.pk, {}).get(Evidence.Kind.GREEN_POWER)
    if proof is not None and proof.value is not None:
        return Cell(value=proof.value, text=f"{proof.value.normalize():f}%", note=_document(proof))
    share = centre.green_power_percent
    return Cell() if share is None else Cell(text=f"{share}%", note=_("claimed, no valid evidence"))


def _pue(one: Offer, evidence: Proofs) -> Cell:
    centre = _centre(one)
    proof = evidence.get(centre.pk, {}).get(Evidence.Kind.PUE)
    design = _("design %(pue)s") % {"pue": centre.design_pue} if centre.design_pue else ""
    if proof is not None and proof.value is not None:
        note = "；".join(part for part in (_document(proof), design) if part)
        return Cell(value=proof.value, text=f"{proof.value.normalize():f}", note=note)
    if centre.measured_pue is None:
        return Cell(text=_("Not measured yet"), note=design)
    note = "；".join(part for part in (_("claimed, no valid evidence"), design) if part)
    return Cell(text=f"{centre.measured_pue}", note=note)


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
    centre: DataCentre | None = one.product.data_centre
    if centre is None:  # the database refuses to publish such a one
        raise ValueError(f"offering {one.product.pk} has no data centre")
    return centre


def _place(one: Offer) -> str:
    county = _centre(one).county
    return f"{county.prefecture.name} {county.name}" if county.prefecture else str(county.name)
