"""Reads what `criteria` judges: constant queries, however many offerings there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count

from listings.models import OfferingVersion, Plan, PriceBook, Product
from listings.recommended import criteria
from providers import queries as providers
from providers.models import Evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offering, its published version if it has one, and what is known of it."""

    product: Product
    version: OfferingVersion | None
    facts: criteria.Facts

    def judge(self, rules: Sequence[criteria.Criterion]) -> list[criteria.Result]:
        return criteria.judge(criteria=rules, facts=self.facts)


def read_candidates(*, on: date, product_ids: Collection[int] | None = None) -> list[Candidate]:
    """The published offerings (among `product_ids`, if given) in the catalogue's order, as they are on a day."""
    found = Product.objects.filter(state=Product.State.PUBLISHED)
    if product_ids is not None:
        found = found.filter(pk__in=product_ids)
    products = list(
        found.select_related("partner", "main_category", "data_centre__county__prefecture").order_by(
            "service_model", "main_category__path", "code"
        )
    )
    ids = [product.pk for product in products]
    versions = {row.product_id: row for row in OfferingVersion.objects.filter(product__in=ids, state="published")}
    documents = providers.evidence_in_force(
        data_centre_ids={product.data_centre_id for product in products if product.data_centre_id}, on=on
    )
    recognitions = providers.recognitions_in_force(
        partner_ids={product.partner_id for product in products if product.partner_id}, on=on
    )
    plans = _count_plans(ids)
    return [
        Candidate(
            product=product,
            version=versions.get(product.pk),
            facts=_facts(
                product,
                on=on,
                documents=documents.get(product.data_centre_id or 0, {}),
                recognition=recognitions.get(product.partner_id or 0),
                plans=plans.get(product.pk, (0, 0)),
            ),
        )
        for product in products
    ]


def _facts(
    product: Any,
    *,
    on: date,
    documents: dict[str, Evidence],
    recognition: Evidence | None,
    plans: tuple[int, int],
) -> criteria.Facts:
    return criteria.Facts(
        on=on,
        data_centre_status=product.data_centre.status if product.data_centre else "",
        mlps=_proof(documents.get("mlps")),
        pue=_proof(documents.get("pue")),
        assessment=_proof(documents.get("assessment")),
        recognition=_proof(recognition),
        sla_percent=product.sla_percent,
        support=product.support,
        exit_notice_days=product.exit_notice_days,
        exit_export_days=product.exit_export_days,
        exit_export_formats=product.exit_export_formats,
        exit_fee=product.exit_fee,
        plans=plans[0],
        plans_priced=plans[1],
    )


def _proof(evidence: Evidence | None) -> criteria.Proof | None:
    if evidence is None:
        return None
    return criteria.Proof(
        id=evidence.pk,
        kind=evidence.kind,
        value=evidence.value,
        number=evidence.document_number,
        issuer=evidence.issuer,
        issued_date=evidence.issued_date,
        valid_from=evidence.valid_from,
        valid_until=evidence.valid_until,
    )


def _count_plans(product_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """For each offering the plans of its list prices in force, and how many of them have a price and a term."""
    counts: dict[int, tuple[int, int]] = {}
    rows = (
        Plan.objects.filter(
            price_book__product__in=product_ids,
            price_book__status=PriceBook.Status.PUBLISHED,
            price_book__organisation__isnull=True,
        )
        .order_by()
        .annotate(prices=Count("components", distinct=True), lengths=Count("terms", distinct=True))
        .values_list("price_book__product", "prices", "lengths")
    )
    for product_id, prices, lengths in rows:
        plans, priced = counts.get(product_id, (0, 0))
        counts[product_id] = (plans + 1, priced + bool(prices and lengths))
    return counts
