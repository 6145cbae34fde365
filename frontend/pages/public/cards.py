"""What a card of the catalogue says, written out: the template only places it, twenty times a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from frontend.pages.public import icons
from frontend.templatetags.marketplace_ui import draw_icon, money, percent, quantity, unit_price
from listings import queries, wording

SPECS_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Tag:
    """A fact in a frame; `muted` if the provider states it and nobody has checked it."""

    icon: SafeString | str
    words: str
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One offering in words. `badges`: (tone, icon, words)."""

    pk: int
    title: str
    address: str
    icon: SafeString
    kind: str
    by: str
    badges: tuple[tuple[str, SafeString | str, str], ...]
    specs: tuple[tuple[str, str], ...]
    tags: tuple[Tag, ...]
    price: str
    unit: str
    notes: tuple[str, ...]
    reason: str
    is_orderable: bool


def build(rows: Iterable[queries.OfferingRow]) -> list[Card]:
    """The cards of a page."""
    return [_build(row) for row in rows]


def _build(row: queries.OfferingRow) -> Card:
    product = row.product
    return Card(
        pk=product.pk,
        title=row.title,
        address=product.get_absolute_url(),
        icon=draw_icon(icons.icon_of(row), 24),
        kind=f"{wording.SERVICES.get(product.service_model, '')} · {row.category}",
        by=_by(row),
        badges=tuple(_badges(row)),
        specs=row.specs[:SPECS_SHOWN],
        tags=tuple(_tags(row)),
        price=unit_price(row.list_price.gross, row.list_price.currency) if row.list_price else "",
        unit=row.list_unit,
        notes=tuple(_notes(row)),
        reason=row.reason,
        is_orderable=row.is_orderable,
    )


def _by(row: queries.OfferingRow) -> str:
    county = row.data_centre.county
    prefecture = f"{county.prefecture.name} " if county.prefecture else ""
    parts = [row.product.partner.name, f"{prefecture}{county.name}"] if row.product.partner else [county.name]
    if row.is_operating and row.remaining:
        parts.append(_("%(remaining)s left") % {"remaining": quantity(row.remaining)})
    return " · ".join(parts)


def _badges(row: queries.OfferingRow) -> Iterable[tuple[str, SafeString | str, str]]:
    if row.product.is_recommended:
        yield "badge-good badge-icon", draw_icon("badge-check", 14), _("Recommended")
    if not row.is_operating:
        yield "badge-warn", "", _("Not orderable yet")
    elif row.remaining == 0:
        yield "badge-neutral", "", _("Sold out")
    if row.is_agreed:
        yield "badge-info badge-icon", draw_icon("handshake", 14), _("You have an agreed price")


def _tags(row: queries.OfferingRow) -> Iterable[Tag]:
    product, centre = row.product, row.data_centre
    if product.sla_percent:
        yield Tag(draw_icon("shield-check", 14), f"SLA {quantity(product.sla_percent)}%")
    if centre.green_power_percent is not None:
        words = _("Green power %(share)s%%") % {"share": centre.green_power_percent}
        yield Tag(draw_icon("leaf", 14), words, muted=True)
    days = product.lead_time_days
    yield Tag(
        draw_icon("timer", 14), ngettext("Ready in %(days)s day", "Ready in %(days)s days", days) % {"days": days}
    )
    if centre.mlps_level and centre.mlps_filing_number:
        yield Tag("", _("MLPS level %(level)s, filed") % {"level": centre.mlps_level})
    if row.is_metered and row.list_price is not None and row.list_price.kind != "metered":
        yield Tag(draw_icon("gauge", 14), _("Pay as you go too"))


def _notes(row: queries.OfferingRow) -> Iterable[str]:
    price: Any = row.list_price
    if price is None:
        return
    if row.is_agreed and row.product.from_price is not None:
        yield _("List price %(gross)s") % {"gross": unit_price(row.product.from_price, price.currency)}
    elif not row.is_agreed:
        yield _("List price")
    yield _("without tax %(net)s, VAT %(rate)s") % {
        "net": unit_price(price.net, price.currency),
        "rate": percent(price.vat_rate),
    }
    if row.normal_price:
        yield row.normal_price
    if row.yearly:
        yield _("12 months %(gross)s, %(discount)s off") % {
            "gross": money(row.yearly.term.gross.amount_minor),
            "discount": percent(row.yearly.discount),
        }
