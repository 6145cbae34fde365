"""The cards of the catalogue. What a card always says is written once and kept until its offering is written again.

Kept (`kept.py`) by the stamp of the offering's row (`queries.Mark`) and the language, also for other processes. What
changes from minute to minute or reader to reader is added each time: what is left and proven, the reason, the tray,
and prices that are agreed with the reader's organisation, which are never kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from billing.rules import periods
from frontend import tray
from frontend.pages.public import icons, kept
from frontend.templatetags.marketplace_ui import draw_icon, money, percent, quantity, unit_price
from listings import queries, wording
from listings.prices import queries as prices
from marketplace import clock
from providers import queries as providers
from providers.evidence import proven as proven_facts

SPECS_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Tag:
    """A fact in a frame; `muted` if the provider states it and nobody has checked it."""

    icon: SafeString | str
    words: str
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What always holds of one offering: parts of its card as HTML, and what the rest is worked out from."""

    pk: int
    title: str
    address: str
    place: str
    head: SafeString
    facts: SafeString
    price: SafeString
    toggle: SafeString
    words: str
    data_centre: int
    level: int | None
    draws: Mapping[str, Any]
    is_operating: bool
    is_priced: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A card on a page."""

    card: Card
    left: str
    badge: str
    tone: str
    reason: str
    is_orderable: bool
    is_in_tray: bool
    has_agreed_price: bool
    level: str
    is_proven: bool


def show(*, found: queries.CataloguePage, request: HttpRequest, organisation_id: int | None) -> list[Shown]:
    """The cards of a page: one query for what is left, one for a buyer's agreed prices, 5 if some were not kept."""
    if not found.marks:
        return []
    pks = [mark.pk for mark in found.marks]
    own = prices.list_agreed(product_ids=pks, organisation_id=organisation_id) if organisation_id else set()
    language = get_language()
    keys = {mark.pk: (mark.pk, mark.stamp, language) for mark in found.marks}
    held: dict[kept.Key, Card] = kept.find([key for pk, key in keys.items() if pk not in own])
    cards = {pk: held[key] for pk, key in keys.items() if pk not in own and key in held}
    fresh: dict[kept.Key, Card] = {}
    for row in queries.read_rows(
        page=found, pks=[pk for pk in pks if pk not in cards], organisation_id=organisation_id
    ):
        card = cards[row.product.pk] = _build(row)
        if card.pk not in own:
            fresh[keys[card.pk]] = card
    if not connection.in_atomic_block:  # what is not committed is nobody else's
        kept.keep(fresh)
    centres = {card.data_centre for card in cards.values()}
    pools = providers.pools_of(data_centre_ids=centres)
    documents = providers.evidence_in_force(data_centre_ids=centres, on=periods.civil_date(clock.now()))
    proven = {pk: proven_facts.facts(documents=found).proven_mlps_level for pk, found in documents.items()}
    chosen = tray.read(request).ids
    return [
        _show(cards[pk], found=found, pools=pools, proven=proven, chosen=chosen, has_agreed_price=pk in own)
        for pk in pks
        if pk in cards
    ]


def _show(
    card: Card,
    *,
    found: queries.CataloguePage,
    pools: Mapping[int, Iterable[Any]],
    proven: Mapping[int, int | None],
    chosen: tuple[int, ...],
    has_agreed_price: bool,
) -> Shown:
    remaining = providers.count_remaining(pools=pools[card.data_centre], draws=card.draws)
    badge, tone, left = "", "", ""
    if not card.is_operating:
        badge, tone = _("Not orderable yet"), "badge-warn"
    elif remaining == 0:
        badge, tone = _("Sold out"), "badge-neutral"
    elif remaining:
        left = " · " + _("%(remaining)s left") % {"remaining": quantity(remaining)}
    level = proven.get(card.data_centre) or card.level
    is_proven = proven.get(card.data_centre) is not None
    words = _("MLPS level %(level)s, verified") if is_proven else _("MLPS level %(level)s, claimed")
    return Shown(
        card=card,
        level=words % {"level": level} if level else "",
        is_proven=is_proven,
        left=left,
        badge=badge,
        tone=tone,
        reason=queries.explain(page=found, text=card.words),
        is_orderable=card.is_operating and card.is_priced and remaining != 0,
        is_in_tray=card.pk in chosen,
        has_agreed_price=has_agreed_price,
    )


def _build(row: queries.OfferingRow) -> Card:
    product = row.product
    address = product.get_absolute_url()
    context = {
        "row": row,
        "address": address,
        "icon": draw_icon(icons.icon_of(row), 24),
        "kind": f"{wording.SERVICES.get(product.service_model, '')} · {row.category}",
        "specs": row.specs[:SPECS_SHOWN],
        "tags": list(_tags(row)),
        "price": unit_price(row.list_price.gross, row.list_price.currency) if row.list_price else "",
        "notes": list(_notes(row)),
    }
    head, facts, price = render_to_string("public/card_kept.html", context).split("<!-- part -->")
    toggle = render_to_string(
        "public/compare_toggle.html", {"pk": product.pk, "title": row.title, "frame": {"compare": {"ids": ()}}}
    )
    return Card(
        pk=product.pk,
        title=row.title,
        address=address,
        place=_place(row),
        head=_safe(head),
        facts=_safe(facts),
        price=_safe(price),
        toggle=_safe(toggle),
        words=product.search_text,
        data_centre=row.data_centre.pk,
        level=row.data_centre.mlps_level,
        draws=product.draws,
        is_operating=row.is_operating,
        is_priced=row.list_price is not None,
    )


def _safe(html: str) -> SafeString:
    """A part of what a template wrote, which has escaped it."""
    return SafeString(html.strip())


def _place(row: queries.OfferingRow) -> str:
    county = row.data_centre.county
    prefecture = f"{county.prefecture.name} " if county.prefecture else ""
    provider = f"{row.product.partner.name} · " if row.product.partner else ""
    return f"{provider}{prefecture}{county.name}"


def _tags(row: queries.OfferingRow) -> Iterable[Tag]:
    product, centre = row.product, row.data_centre
    if product.sla_percent:
        yield Tag(draw_icon("shield-check", 14), f"SLA {quantity(product.sla_percent)}%")
    share = centre.green_power_percent if centre.proven_green_percent is None else centre.proven_green_percent
    if share is not None:
        words = _("Green power %(share)s%%") % {"share": share}
        yield Tag(draw_icon("leaf", 14), words, muted=centre.proven_green_percent is None)
    days = product.lead_time_days
    yield Tag(
        draw_icon("timer", 14), ngettext("Ready in %(days)s day", "Ready in %(days)s days", days) % {"days": days}
    )
    if row.is_metered and row.list_price is not None and row.list_price.kind != "metered":
        yield Tag(draw_icon("gauge", 14), _("Pay as you go too"))


def _notes(row: queries.OfferingRow) -> Iterable[str]:
    price: Any = row.list_price
    if price is None:
        return
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
