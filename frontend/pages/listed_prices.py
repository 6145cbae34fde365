"""The prices of a version as the pages of a listing show them: tables, and what differs between two versions."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from frontend.templatetags.marketplace_ui import percent, unit_price
from listings import life, wording
from listings.prices import queries as price_books
from listings.prices import table


def plans_of(version: Any) -> list[Any]:
    """The plans that stand, or would come into force, with a version; a draft's are those being written."""
    if version.state == "draft":
        return price_books.plans_to_revise(product_id=version.product_id)
    return price_books.plans_of(price_book_id=version.price_book_id) if version.price_book_id else []


def describe_plans(plans: Sequence[Any], *, version: str = "") -> list[dict[str, Any]]:
    """Plans for public/price_table.html; `version` tells the tables of one page apart, `lengths` are words."""
    return [
        {
            "plan": plan,
            "name": wording.choose(plan.name, plan.name_en),
            "version": version,
            "parts": table.describe_plan(plan=plan),
            "lengths": _lengths(plan),
            "terms": [],
        }
        for plan in plans
    ]


def changes(*, before: Sequence[Any], after: Sequence[Any]) -> list[life.Change]:
    """What differs in prices, row by row: what was not there or is no more is blank on its side."""
    old, new = _write(before), _write(after)
    return [
        life.Change(label=label, before=old.get(label, ""), after=new.get(label, ""))
        for label in dict.fromkeys([*old, *new])
        if old.get(label) != new.get(label)
    ]


def _write(plans: Sequence[Any]) -> dict[str, str]:
    """Label → price with its tax and unit, of every row of every plan."""
    written = {}
    for plan in plans:
        name, currency = wording.choose(plan.name, plan.name_en), plan.price_book.currency
        for part in table.describe_plan(plan=plan):
            for row in part.rows:
                label = " · ".join(one for one in (name, part.name, row.label) if one)
                gross = percent(row.gross, 6) if row.is_share else unit_price(row.gross, currency)
                price = f"{gross} / {row.unit}" if row.unit else gross
                written[label] = _("%(price)s with %(rate)s VAT") % {"price": price, "rate": percent(part.vat_rate)}
            if part.notes:
                written[f"{name} · {part.name} · {_('Notes')}"] = " · ".join(part.notes)
        written[f"{name} · {_('Terms')}"] = _lengths(plan)
    return written


def _lengths(plan: Any) -> str:
    words = []
    for term in plan.terms.all():
        months = _("%(months)s months") % {"months": term.months}
        words.append(f"{months} −{percent(term.discount)}" if term.discount else months)
    return "、".join(words)
