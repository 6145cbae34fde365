"""What each audience can go to: the header's items and the console's side groups.

An entry whose URL name does not exist is left out, so that a room can come
with its pages, or without.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.organisations import actors

Label = str | Promise


@dataclass(frozen=True)
class Entry:
    """A place to go to. Without a `permission` every member of the audience sees it."""

    label: Label
    url_name: str
    icon: str
    permission: str = ""
    in_header: bool = False


@dataclass(frozen=True)
class Item:
    """An entry as a template shows it."""

    label: Label
    url: str
    icon: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Group:
    label: Label
    items: tuple[Item, ...]


PUBLIC = (
    Entry(_("Catalogue"), "catalogue", "layout-grid", in_header=True),
    Entry(_("Recommended catalogue"), "recommended", "badge-check", in_header=True),
    Entry(_("Comparison"), "compare", "scale", in_header=True),
    Entry(_("Market statistics"), "statistics", "chart-line", in_header=True),
)

CONSOLES: dict[str, tuple[tuple[Label, tuple[Entry, ...]], ...]] = {
    "public": (),
    "buyer": (
        (
            _("Purchasing"),
            (
                Entry(_("Purchase list"), "basket:summary", "clipboard-list"),
                Entry(_("Deployment adviser"), "adviser", "compass"),
                Entry(_("Orders"), "buyer:orders", "receipt-text", "orders.view", in_header=True),
                Entry(_("Approvals"), "buyer:approvals", "stamp", "orders.approve"),
                Entry(_("Comparison reports"), "reports", "file-check", "comparisons.report"),
            ),
        ),
        (
            _("Resources"),
            (Entry(_("Contracts and usage"), "buyer:contracts", "gauge", "contracts.view", in_header=True),),
        ),
        (
            _("Billing"),
            (
                Entry(_("Invoices"), "buyer:invoices", "file-text", "invoices.view", in_header=True),
                Entry(_("Credit notes"), "buyer:credit_notes", "file-minus", "invoices.view"),
                Entry(_("Balance"), "buyer:balance", "wallet", "payments.view"),
            ),
        ),
        (_("Organisation"), (Entry(_("Notices"), "notices", "bell", "notices.view"),)),
    ),
    "provider": (
        (
            _("Fulfilment"),
            (
                Entry(_("Overview"), "provider:overview", "layout-dashboard", "contracts.view"),
                Entry(_("To deliver"), "provider:deliveries", "truck", "contracts.view", in_header=True),
                Entry(_("Contracts"), "provider:contracts", "file-check", "contracts.view", in_header=True),
                Entry(_("Usage reports"), "provider:usage", "gauge", "usage.report"),
                Entry(_("Incidents"), "provider:incidents", "triangle-alert", "incidents.report"),
                Entry(_("Probes"), "provider:probes", "activity", "incidents.report"),
                Entry(_("Service level credits"), "provider:credits", "percent", "sla.decide"),
                Entry(_("Reviews"), "provider:reviews", "star", "reviews.reply"),
            ),
        ),
        (
            _("Listings"),
            (
                Entry(_("Listings"), "provider:listings", "layout-list", "listings.view", in_header=True),
                Entry(_("Import and export"), "provider:listing_imports", "file-spreadsheet", "listings.view"),
                Entry(_("Data centres"), "provider:data_centres", "building-2", "listings.view"),
                Entry(_("Capacity"), "provider:capacity", "server", "capacity.view"),
            ),
        ),
        (
            _("Settlement"),
            (
                Entry(_("Settlements"), "provider:settlements", "receipt-text", "settlements.view", in_header=True),
                Entry(_("Invoices issued"), "provider:invoices", "file-text"),
                Entry(_("Export centre"), "provider:exports", "download", "exports.view"),
            ),
        ),
        (
            _("Settings"),
            (
                Entry(_("Onboarding"), "provider:onboarding", "list-checks", "providers.apply"),
                Entry(_("Notices"), "notices", "bell", "notices.view"),
                Entry(_("API keys"), "provider:api_keys", "key-round", "api_keys.manage"),
                Entry(_("Webhooks"), "provider:webhooks", "webhook", "connections.manage"),
                Entry(_("Cloud connections"), "provider:connections", "cloud-cog", "connections.manage"),
            ),
        ),
    ),
    "platform": (
        (
            _("Settlement"),
            (
                Entry(_("Overview"), "finance:dashboard", "layout-dashboard", "settlements.view", in_header=True),
                Entry(_("Settlements"), "finance:settlements", "receipt-text", "settlements.view", in_header=True),
                Entry(_("Invoices"), "finance:invoices", "file-text", "invoices.view"),
                Entry(_("Corrections"), "finance:corrections", "file-minus", "invoices.view"),
                Entry(_("Payments"), "finance:payments", "banknote", "payments.view", in_header=True),
                Entry(_("Bank receipts"), "finance:bank_lines", "landmark", "payments.view"),
                Entry(_("Overdue"), "finance:overdue", "alarm-clock", "payments.view"),
                Entry(_("Balances"), "finance:balances", "wallet", "payments.view"),
                Entry(_("Payment services"), "finance:services", "credit-card", "payments.view"),
            ),
        ),
        (
            _("Data"),
            (
                Entry(_("Export centre"), "finance:exports", "download", "exports.view", in_header=True),
                Entry(_("Notices"), "notices", "bell", "notices.view"),
            ),
        ),
        (
            _("Providers"),
            (
                Entry(_("Review of providers"), "operator:applications", "building-2", "providers.view"),
                Entry(_("Recognitions"), "operator:recognitions", "award", "providers.recognise"),
                Entry(_("Incidents"), "operator:incidents", "triangle-alert", "incidents.report"),
                Entry(_("Evidence"), "operator:evidence", "file-check", "evidence.verify"),
                Entry(_("Security alerts"), "operator:alerts", "siren", "alerts.manage"),
                Entry(_("Service level credits"), "operator:credits", "percent", "sla.decide"),
                Entry(_("Reviews"), "operator:reviews", "star", "reviews.moderate"),
            ),
        ),
        (
            _("Catalogue"),
            (
                Entry(
                    _("Review of listings"), "operator:listings", "clipboard-check", "listings.review", in_header=True
                ),
                Entry(_("Capacity"), "operator:capacity", "server", "capacity.view"),
                Entry(_("Recommended catalogue"), "officer:catalogue", "badge-check", "recommended.sign"),
                Entry(_("Comparison reports"), "reports", "file-check", "comparisons.report", in_header=True),
                Entry(_("Deployment adviser"), "adviser_rules", "compass", "adviser.edit"),
            ),
        ),
    ),
}


def page_url(*url_names: str) -> str | None:
    """The address of the first name that exists, or None."""
    for url_name in url_names:
        try:
            return reverse(url_name)
        except NoReverseMatch:
            continue
    return None


def build_header(request: HttpRequest, actor: actors.Actor) -> list[Item]:
    """The items of the header, the one the request is in marked; on a page of the side only, none is."""
    public = PUBLIC if actor.side in (actors.VISITOR.side, actors.BUYER) else PUBLIC[:1]
    entries = [*public, *(entry for _label, group in CONSOLES.get(actor.side, ()) for entry in group)]
    in_header = {page_url(entry.url_name) for entry in entries if entry.in_header}
    return [item for item in mark_active(request, show(entries, actor)) if item.url in in_header]


def build_side(request: HttpRequest, actor: actors.Actor) -> list[Group]:
    """The groups of the console's side navigation, the item the request is in marked."""
    groups = [(label, show(entries, actor)) for label, entries in CONSOLES.get(actor.side, ())]
    marked = iter(mark_active(request, [item for _label, items in groups for item in items]))
    return [Group(label, tuple(next(marked) for _item in items)) for label, items in groups if items]


def show(entries: Iterable[Entry], actor: actors.Actor) -> list[Item]:
    items = []
    for entry in entries:
        url = page_url(entry.url_name)
        if url is not None and (not entry.permission or actor.can(entry.permission)):
            items.append(Item(entry.label, url, entry.icon))
    return items


def mark_active(request: HttpRequest, items: Sequence[Item]) -> list[Item]:
    """The item whose address is the longest beginning of the request's path is active."""
    here = [item.url for item in items if item.url != "/" and request.path.startswith(item.url)]
    longest = max(here, key=len, default=None)
    return [replace(item, active=item.url == longest) for item in items]
