"""What verdicts write: the same rows as `listings.operations` and `listings.prices.operations`, by COPY.

A test holds this file against those operations, row by row.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max
from django.utils.translation import gettext as _

from listings import operations as listings
from listings.content import Content, Schema
from listings.exchange.copying import Rows, take_ids
from listings.exchange.judging import Outcome, Verdict
from listings.exchange.models import ListingImportLine
from listings.models import (  # type: ignore[attr-defined]  # some are Oscar's, by the star at the end
    OfferingStep,
    OfferingVersion,
    Plan,
    PlanTerm,
    PriceBook,
    PriceComponent,
    Product,
    ProductCategory,
    ProductClass,
)
from listings.prices import drafts
from listings.prices import operations as price_books
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import AuditEntry
from providers.models import StockRecord  # type: ignore[attr-defined]  # Oscar's, by the star at the end

LONGEST_NOTE: Final = 500


def write(
    *,
    verdicts: Sequence[Verdict],
    partner_id: int,
    schema: Schema,
    reason: str,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """Write what is created and changed; each verdict gets its code and version. The offerings are locked."""
    work = _Work(partner_id=partner_id, schema=schema, reason=reason, actor=actor, now=now)
    created = [one for one in verdicts if one.outcome == Outcome.CREATED]
    updated = [one for one in verdicts if one.outcome == Outcome.UPDATED]
    products = work.create(created)
    in_draft = [one for one in updated if one.current and one.current.version_state == OfferingVersion.State.DRAFT]
    renewed = [one for one in updated if one not in in_draft]
    for verdict in renewed:
        products[id(verdict)] = verdict.current.product_id  # type: ignore[union-attr]
        verdict.version_number = verdict.current.version_number + 1  # type: ignore[union-attr]
    work.write_versions([*created, *renewed], products)
    for verdict in in_draft:
        products[id(verdict)] = verdict.current.product_id  # type: ignore[union-attr]
        work.change_draft(verdict)
    work.write_prices([one for one in (*created, *updated) if one.plans], products)


def submit(*, verdicts: Sequence[Verdict], actor: actors.Actor, now: datetime) -> None:
    """Submit the drafts that the file made or changed, where the automatic checks find no error."""
    written = {one.code: one for one in verdicts if one.outcome in (Outcome.CREATED, Outcome.UPDATED)}
    versions = OfferingVersion.objects.filter(
        product__code__in=list(written), state=OfferingVersion.State.DRAFT
    ).select_related("product")
    for version in versions.order_by("product_id"):
        verdict = written[version.product.code]
        try:
            listings.submit(version=version, actor=actor, now=now)
        except listings.ChecksFailed as failed:
            verdict.note = _("Not submitted: %(reason)s") % {"reason": failed.message}
        else:
            verdict.is_submitted = True


def write_lines(*, upload_id: int, verdicts: Sequence[Verdict]) -> None:
    """What became of each offering; the unique place in the file keeps a chunk from being done twice."""
    names = ["listing_import_id", "row", "code", "title", "outcome", "version_number", "is_submitted", "note"]
    rows = Rows(ListingImportLine, ["id", *names])
    ids = take_ids(ListingImportLine, len(verdicts))
    for line_id, one in zip(ids, verdicts, strict=True):
        note = one.note or (one.problems[0].message if one.problems else "")
        rows.add(
            (
                line_id,
                upload_id,
                one.row,
                one.code,
                one.title,
                str(one.outcome),
                one.version_number,
                one.is_submitted,
                note[:LONGEST_NOTE],
            )
        )
    rows.send()


class _Work:
    """The rows of one chunk."""

    def __init__(self, *, partner_id: int, schema: Schema, reason: str, actor: actors.Actor, now: datetime) -> None:
        self.partner_id, self.schema, self.reason, self.actor, self.now = partner_id, schema, reason, actor, now

    def create(self, verdicts: list[Verdict]) -> dict[int, int]:
        """Offerings with their category and stock record; id(verdict) → product."""
        if not verdicts:
            return {}
        classes = dict(ProductClass.objects.values_list("slug", "pk"))
        own: list[str] = []
        products: Rows | None = None
        categories = Rows(ProductCategory, ["id", "product_id", "category_id"])
        stock = Rows(
            StockRecord,
            [
                "id",
                "product_id",
                "partner_id",
                "partner_sku",
                "price_currency",
                "price",
                "date_created",
                "date_updated",
            ],
        )
        ids = [take_ids(model, len(verdicts)) for model in (Product, ProductCategory, StockRecord)]
        for verdict, product_id, link_id, stock_id in zip(verdicts, *ids, strict=True):
            verdict.code = verdict.code or organisations.random_number(prefix="FW")
            written = _content_of(verdict)
            facts = written.to_columns(schema=self.schema)
            if products is None:
                own = list(facts)
                names = [
                    "id",
                    "code",
                    "upc",
                    "slug",
                    "product_class_id",
                    "partner_id",
                    "date_created",
                    "date_updated",
                    "is_public",
                ]
                products = Rows(Product, [*names, *own])
            slug = listings.make_slug(written=written, code=verdict.code)
            head = (
                product_id,
                verdict.code,
                verdict.code,
                slug,
                classes[facts["service_model"]],
                self.partner_id,
                self.now,
                self.now,
                False,
            )
            products.add((*head, *facts.values()))
            categories.add((link_id, product_id, facts["main_category_id"]))
            stock.add((stock_id, product_id, self.partner_id, verdict.code, "CNY", Decimal(0), self.now, self.now))
            verdict.version_number = 1
        for rows in (products, categories, stock):
            if rows is not None:
                rows.send()
        return {id(verdict): product_id for verdict, product_id in zip(verdicts, ids[0], strict=True)}

    def write_versions(self, verdicts: list[Verdict], products: dict[int, int]) -> None:
        """A draft for each, with the step that says who drafted it."""
        versions = Rows(OfferingVersion, ["id", "product_id", "number", "state", "content", "created_at"])
        steps = Rows(
            OfferingStep,
            [
                "id",
                "product_id",
                "version_number",
                "from_state",
                "to_state",
                "happened_at",
                "user_id",
                "organisation_id",
                "reason",
            ],
        )
        details = {"before": "", "reason": self.reason}
        audit = self._audit(len(verdicts))
        ids = [take_ids(model, len(verdicts)) for model in (OfferingVersion, OfferingStep)]
        for verdict, version_id, step_id in zip(verdicts, *ids, strict=True):
            product_id, number = products[id(verdict)], verdict.version_number
            written = json.dumps(_content_of(verdict).to_json(), ensure_ascii=False)
            versions.add((version_id, product_id, number, "draft", written, self.now))
            steps.add(
                (
                    step_id,
                    product_id,
                    number,
                    "",
                    "draft",
                    self.now,
                    self.actor.user_id,
                    self.actor.organisation_id,
                    self.reason,
                )
            )
            audit.add("offering.draft", verdict.code, {"version": number, **details})
        versions.send()
        steps.send()
        audit.rows.send()

    def change_draft(self, verdict: Verdict) -> None:
        """Bring an open draft to the new content."""
        current = verdict.current
        assert current is not None and current.version_id is not None  # noqa: S101  (it is a draft's verdict)
        verdict.version_number = current.version_number
        written = _content_of(verdict)
        if written != current.content:
            listings.change_draft(
                version=OfferingVersion(pk=current.version_id, product_id=current.product_id),
                values={name: value for name, _before, value in current.content.changes_to(written)},
                actor=self.actor,
                now=self.now,
                schema=self.schema,
            )

    def write_prices(self, verdicts: list[Verdict], products: dict[int, int]) -> None:
        """The next price book of each offering, as a draft."""
        last = dict(
            PriceBook.objects.filter(product__in=[products[id(one)] for one in verdicts if one.current])
            .values_list("product_id")
            .annotate(Max("version"))
        )
        price_books.drop_drafts(product_ids=[products[id(one)] for one in verdicts if one.current])
        books = Rows(PriceBook, ["id", "product_id", "version", "currency"])
        plans = Rows(Plan, ["id", "price_book_id", "code", "name", "name_en", "position"])
        terms = Rows(PlanTerm, ["id", "plan_id", "months", "discount"])
        names = "code name name_en kind model unit meter unit_price vat_rate tiers package_size included_quantity"
        own = [*names.split(), "minimum_amount", "maximum_amount", "aggregation"]
        components = Rows(PriceComponent, ["id", "plan_id", "position", *own])
        audit = self._audit(len(verdicts))
        written = [plan for one in verdicts for plan in one.plans or ()]
        book_ids, plan_ids = iter(take_ids(PriceBook, len(verdicts))), iter(take_ids(Plan, len(written)))
        term_ids = iter(take_ids(PlanTerm, sum(len(plan.terms) for plan in written)))
        component_ids = iter(take_ids(PriceComponent, sum(len(plan.components) for plan in written)))
        for verdict in verdicts:
            product_id, book_id = products[id(verdict)], next(book_ids)
            version = last.get(product_id, 0) + 1
            books.add((book_id, product_id, version, verdict.current.currency if verdict.current else "CNY"))
            audit.add("price_book.drafted", verdict.code, {"version": version})
            for position, plan in enumerate(verdict.plans or ()):
                plan_id = next(plan_ids)
                plans.add((plan_id, book_id, plan.code, plan.name, plan.name_en, position))
                for months, discount in sorted(plan.terms.items()):
                    terms.add((next(term_ids), plan_id, months, discount))
                for place, one in enumerate(plan.components):
                    values = [getattr(one, name) for name in own]
                    values[own.index("tiers")] = json.dumps(drafts.write_tiers(tiers=one.tiers))
                    components.add((next(component_ids), plan_id, place, *values))
        for rows in (books, plans, terms, components, audit.rows):
            rows.send()

    def _audit(self, count: int) -> "_Audit":
        return _Audit(self.actor, self.now, count)


class _Audit:
    """Rows of the audit trail, as `organisations.record` writes them."""

    def __init__(self, actor: actors.Actor, now: datetime, count: int) -> None:
        names = [
            "id",
            "happened_at",
            "organisation_id",
            "user_id",
            "api_key_id",
            "action",
            "object_type",
            "object_id",
            "details",
        ]
        self.rows, self.actor, self.now = Rows(AuditEntry, names), actor, now
        self.ids = iter(take_ids(AuditEntry, count))

    def add(self, action: str, code: str, details: dict[str, Any]) -> None:
        actor = self.actor
        self.rows.add(
            (
                next(self.ids),
                self.now,
                actor.organisation_id,
                actor.user_id,
                actor.api_key_id,
                action,
                "offering",
                code,
                details,
            )
        )


def _content_of(verdict: Verdict) -> Content:
    assert verdict.content is not None  # noqa: S101  (only good verdicts are written)
    return verdict.content
