"""What a machine checks before a person reviews: named findings, errors that block and warnings that are shown.

A finding is stored as its code with its parameters and written in the reader's language when it is shown.
"""

import functools
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from django.db.models.functions import Lower

from billing.rules import availability
from listings import wording
from listings.content import CategoryRules, Content
from listings.findings import TEXTS
from listings.models import OfferingVersion, PriceBook, Product
from listings.prices import pricing
from marketplace.organisations import errors, findings
from providers.models import CapacityPool, DataCentre

# Rates of value-added tax in use: 13, 9 and 6 % of general taxpayers, 3, 5 and (for a time) 1 % simplified.
USUAL_VAT_RATES: Final = frozenset(Decimal(rate) for rate in ("0", "0.01", "0.03", "0.05", "0.06", "0.09", "0.13"))
SHORTEST_TITLE: Final = 3
# Advertising Law (广告法) article 9 (3): no 国家级, 最高级, 最佳 and the like.
SUPERLATIVES: Final = re.compile(r"国家级|最高级|最佳|最好|最优|最低价|第一品牌|全国第一|世界级|顶级|极品|独一无二")
CONTACTS: Final = re.compile(r"https?://|www\.|[\w.+-]+@[\w-]+\.\w|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}")
MONGOLIAN: Final = re.compile(r"[\u1800-\u18AF]")


class Finding(findings.Finding):
    """One thing an automatic check found. `field` is a field of Content, or "prices"."""

    TEXTS = TEXTS

    def shown(self) -> dict[str, str]:
        """Names in the reader's language, resources in words."""
        english = {name: text for name, text in self.params.items() if name.endswith("_en") and text}
        shown = {name: text for name, text in self.params.items() if not name.endswith("_en")}
        for name in shown:
            shown[name] = wording.choose(shown[name], english.get(f"{name}_en", ""))
        if "resource" in shown:
            shown["resource"] = str(wording.RESOURCES.get(shown["resource"], shown["resource"]))
        return shown


def run(*, product: Product, content: Content, rules: CategoryRules, price_book: PriceBook | None) -> list[Finding]:
    """Everything that is wrong or missing, errors first, then in the order of the wizard's steps.

    `price_book`: the draft that would come into force with this content, else the one in force. About 7 queries.
    """
    centre = DataCentre.objects.filter(code=content.data_centre).prefetch_related("pools").first()
    found = [
        *_check_specs(content, rules),
        *_check_places(content, centre),
        *_check_terms(content),
        *_check_texts(content),
        *_check_duplicates(product, content),
        *_check_prices(price_book),
    ]
    return sorted(found, key=lambda one: not one.is_error)


def stored_findings(*, version: OfferingVersion) -> list[Finding]:
    """What the checks found when they last ran over a version."""
    return Finding.read(version.findings)


def _check_specs(content: Content, rules: CategoryRules) -> Iterator[Finding]:
    missing = [one for one in rules.attributes if one.is_required and content.specs_of.get(one.code) in (None, "")]
    if missing:
        names = {
            "names": "、".join(one.name for one in missing),
            "names_en": ", ".join(one.name_en or one.name for one in missing),
        }
        yield Finding("specs.missing", "specs", names)
    elif not content.specs_of:
        yield Finding("specs.none", "specs")


def _check_places(content: Content, centre: DataCentre | None) -> Iterator[Finding]:
    if not content.deployment_models:
        yield Finding("deployment.missing", "deployment_models")
    if centre is None:
        yield Finding("data_centre.missing", "data_centre")
        return
    is_open = centre.status == DataCentre.Status.OPERATING
    is_coming = centre.status == DataCentre.Status.BUILDING
    if not is_open:
        code = "data_centre.not_yet" if is_coming else "data_centre.not_operating"
        yield Finding(code, "data_centre", {"name": centre.name})
    if not content.draws_of:
        yield Finding("capacity.nothing_drawn", "draws")
    pools = {pool.resource: pool for pool in centre.pools.all()}
    for resource, each in content.draws_of.items():
        yield from _check_pool(resource, each, pool=pools.get(resource), is_coming=is_coming)


def _check_pool(resource: str, each: Decimal, *, pool: CapacityPool | None, is_coming: bool) -> Iterator[Finding]:
    if pool is None:
        yield Finding("capacity.no_pool", "draws", {"resource": resource})
    elif pool.total < each and not is_coming:  # before it opens, a data centre has pools of nothing
        params = {"resource": resource, "each": f"{each:f}", "total": f"{pool.total.normalize():f}"}
        yield Finding("capacity.short", "draws", params)
    elif pool.available < each and not is_coming:
        yield Finding("capacity.sold_out", "draws", {"resource": resource})


def _check_terms(content: Content) -> Iterator[Finding]:
    if not content.sla_percent:
        yield Finding("sla.missing", "sla_percent")
    if content.sla_credits and content.sla_percent:
        bounds = [one.below for one in availability.read_table(content.sla_credits) if one.below is not None]
        if bounds and bounds[0] >= content.sla_percent:
            yield Finding("sla.credits_not_below", "sla_credits", {"below": f"{bounds[0]:f}"})
    if not content.support:
        yield Finding("support.missing", "support")
    if content.lead_time_days is None:
        yield Finding("lead_time.missing", "lead_time_days")
    if content.exit_notice_days is None:
        yield Finding("exit.notice_missing", "exit_notice_days")
    if content.exit_export_days is None:
        yield Finding("exit.export_missing", "exit_export_days")
    elif content.exit_export_days and not content.exit_export_formats:
        yield Finding("exit.formats_missing", "exit_export_formats")
    if content.exit_fee is None:
        yield Finding("exit.fee_missing", "exit_fee")


def _check_texts(content: Content) -> Iterator[Finding]:
    letters = [one for one in content.title if one.isalpha()]
    if len(content.title) < SHORTEST_TITLE or not letters or len(set(content.title)) < 2:
        yield Finding("title.says_nothing", "title")
    if not content.summary:
        yield Finding("summary.missing", "summary")
    elif content.summary == content.title:
        yield Finding("summary.repeats", "summary")
    for name in ("title", "summary"):
        text = getattr(content, name)
        if found := SUPERLATIVES.search(text):
            yield Finding("text.superlative", name, {"words": found.group()})
        if CONTACTS.search(text):
            yield Finding("text.contact", name)
    if not content.title_en or (content.summary and not content.summary_en):
        yield Finding("text.no_english", "title_en" if not content.title_en else "summary_en")
    if not content.title_mn:
        yield Finding("text.no_mongolian", "title_mn")
    elif not MONGOLIAN.search(content.title_mn):
        yield Finding("text.not_mongolian", "title_mn")


def _check_duplicates(product: Product, content: Content) -> Iterator[Finding]:
    twins = (
        Product.objects.filter(data_centre__code=content.data_centre)
        .exclude(pk=product.pk)
        .exclude(state=Product.State.WITHDRAWN)
        .annotate(low=Lower("title"))
        .filter(low=content.title.lower())
    )
    twin = twins.values_list("code", flat=True).order_by("code").first()
    if twin is not None:
        yield Finding("title.duplicate", "title", {"code": twin})


def _check_prices(price_book: PriceBook | None) -> Iterator[Finding]:
    if price_book is None:
        yield Finding("prices.missing", "prices")
        return
    plans = list(price_book.plans.prefetch_related("components", "terms"))
    if not plans:
        yield Finding("prices.missing", "prices")
    for plan in plans:
        names = {"plan": plan.name, "plan_en": plan.name_en}
        rows = list(plan.components.all())
        if not rows or not plan.terms.all():
            yield Finding("prices.incomplete", "prices", names)
        for term in plan.terms.all():
            if rows and not _is_computable(functools.partial(_quote, plan, term)):
                yield Finding("prices.not_computable", "prices", {**names, "months": str(term.months)})
        for rate in sorted({row.vat_rate for row in rows} - USUAL_VAT_RATES):
            yield Finding("prices.tax_unusual", "prices", {**names, "rate": f"{(rate * 100).normalize():f}"})


def _quote(plan: Any, term: Any) -> None:
    pricing.quote(plan=plan, quantity=1, term_months=term.months)
    pricing.list_price(plan=plan, currency=plan.price_book.currency)


def _is_computable(compute: Callable[[], None]) -> bool:
    """Whether the price function answers. The rules' own refusals are ValueErrors."""
    try:
        compute()
    except (errors.Refused, ValueError, ArithmeticError, TypeError):
        return False
    return True
