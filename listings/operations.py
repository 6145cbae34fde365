"""Writes: the life of a listing: drafted, submitted, reviewed, published, frozen, withdrawn; by whom, when and why.

A provider drafts a version and submits it; automatic checks (`listings.checks`) come first, then a person who is no
member of the provider takes it, and returns or publishes it. Publishing writes the version's content to the columns of
Product, which the catalogue reads; the version before is superseded and stays readable for those who bought it.
Every operation locks the offering's row, checks the transition, and may be repeated without further effect.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from listings import content, life, review, steps
from listings.content import Content, ForeignDataCentre, UnknownCategory
from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    OfferingVersion,
    PriceBook,
    Product,
    ProductClass,
)
from listings.review import (
    ChecksFailed,
    NoPublishedPrices,
    ProofIsMissing,
    TakenByAnother,
    freeze,
    lift_freeze,
    publish_version,
    return_version,
    take_for_review,
    withdraw,
)
from listings.steps import ReviewerIsMember, WrongState
from listings.text import InvalidContent, read_text
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.models import DataCentre, Partner, StockRecord  # type: ignore[attr-defined]  # so is StockRecord

__all__ = [
    "ChecksFailed",
    "ForeignDataCentre",
    "InvalidContent",
    "NoPublishedPrices",
    "OfferingCodeTaken",
    "ProofIsMissing",
    "ReviewerIsMember",
    "TakenByAnother",
    "UnknownCategory",
    "WrongState",
    "freeze",
    "lift_freeze",
    "publish_version",
    "return_version",
    "take_for_review",
    "withdraw",
]

State = OfferingVersion.State
LONGEST_CODE = 40


class OfferingCodeTaken(errors.Conflict):
    """Another offering has this code."""


@transaction.atomic
def create_offering(
    *,
    code: str,
    title: str,
    partner: Partner,
    data_centre: DataCentre,
    category_slug: str,
    offering_specs: Mapping[str, Any],
    draws: Mapping[str, Any],
    actor: actors.Actor,
    now: datetime,
    is_sample: bool = False,
    schema: content.Schema | None = None,
    **facts: Any,
) -> Product:
    """Write a draft offering with its first version and its stock record. `facts` are further fields of Content.

    `schema` saves reading it again for many offerings of one provider (`life.read_schema`).
    Raises OfferingCodeTaken, UnknownCategory, ForeignDataCentre, InvalidContent, or specs.InvalidSpecs.
    """
    schema = schema or life.read_schema(partner_id=partner.pk)
    code = read_text(code, field="code", label=_("code"), longest=LONGEST_CODE, is_needed=True)
    written = content.check(
        values={
            "title": title,
            "category": category_slug,
            "data_centre": data_centre.code,
            "specs": offering_specs,
            "draws": draws,
            **facts,
        },
        schema=schema,
    )
    if Product.objects.filter(code=code).exists():
        raise OfferingCodeTaken(_("An offering with the code %(code)s exists already.") % {"code": code}, field="code")
    columns = written.to_columns(schema=schema)
    product = Product.objects.create(
        code=code,
        upc=code,
        slug=make_slug(written=written, code=code),
        product_class=ProductClass.objects.get(slug=columns["service_model"]),
        partner=partner,
        date_created=now,
        is_sample=is_sample,
        **columns,
    )
    product.categories.add(columns["main_category_id"])
    StockRecord.objects.create(
        product=product, partner=partner, partner_sku=code, price_currency="CNY", price=Decimal(0)
    )
    _write_version(product=product, number=1, written=written, actor=actor, now=now)
    return product


def make_slug(*, written: Content, code: str) -> str:
    """What stands in an offering's address beside its id: its English title, else its title, else its code."""
    return (slugify(written.title_en) or slugify(written.title, allow_unicode=True) or code.lower())[:255]


@transaction.atomic
def draft_version(*, product: Product, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """The version that is being worked on: the open draft, else a new one with the content of the last version.

    The version in force stays in force. Raises WrongState while a version is submitted or in review.
    """
    locked = steps.lock(product_id=product.pk)
    last = steps.current_version(product=locked)
    if last is not None and last.state == State.DRAFT:
        return last
    if last is not None and last.state in steps.OPEN_STATES:
        raise steps.refuse_change(state=last.state)
    written = Content.from_product(locked) if last is None else Content.from_json(last.content)
    number = 1 if last is None else last.number + 1
    return _write_version(product=locked, number=number, written=written, actor=actor, now=now)


@transaction.atomic
def change_draft(
    *,
    version: OfferingVersion,
    values: Mapping[str, Any],
    actor: actors.Actor,
    now: datetime,
    schema: content.Schema | None = None,
) -> OfferingVersion:
    """Change some fields of a draft; `values` by the names of Content. Raises WrongState, or what content.check does.

    A new category drops the specifications that it does not know.
    """
    product = steps.lock(product_id=version.product_id)
    draft = OfferingVersion.objects.select_for_update().get(pk=version.pk)
    if draft.state != State.DRAFT:
        raise steps.refuse_change(state=draft.state)
    draft.product = product
    schema = schema or life.read_schema(partner_id=product.partner_id)
    before = Content.from_json(draft.content)
    if "category" in values and values["category"] in schema.categories and "specs" not in values:
        known = {entry.code for entry in schema.categories[values["category"]].attributes}
        values = {**values, "specs": {code: one for code, one in before.specs_of.items() if code in known}}
    after = content.merge(content=before, values=values, schema=schema)
    if after != before:
        draft.content, draft.findings = after.to_json(), []
        draft.save(update_fields=["content", "findings"])
        organisations.record(
            actor=actor,
            action="offering.changed",
            object_type="offering",
            object_id=product.code,
            now=now,
            details={"version": draft.number, "fields": [name for name, _old, _new in before.changes_to(after)]},
        )
        if not product.version_number:  # nothing is published yet: the columns show the draft to its owner
            steps.write_columns(product=product, written=after, schema=schema)
    return draft


def submit(*, version: OfferingVersion, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """Hand a draft in for review, with the draft prices it should bring into force. Submitting twice changes nothing.

    Raises ChecksFailed, with the findings stored in the draft, or WrongState.
    """
    with transaction.atomic():
        locked = steps.lock_version(version=version)
        if locked.state == State.SUBMITTED:
            return locked
        if locked.state != State.DRAFT:
            raise steps.refuse(state=locked.state)
        locked.price_book = _prices_for(locked.product)
        found = review.run_checks(version=locked)
        locked.findings = [one.to_json() for one in found]
        locked.save(update_fields=["findings", "price_book"])
        if not any(one.is_error for one in found):
            return steps.move(version=locked, after=State.SUBMITTED, submitted_at=now, actor=actor, now=now)
    raise ChecksFailed(found)


@transaction.atomic
def take_back(*, version: OfferingVersion, reason: str, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """The provider takes back what waits for a decision, to change it: the draft that goes on from its content.

    The version and the prices it was submitted with stay as they were, returned by their own provider. Taking it back
    twice changes nothing. Raises WrongState, InvalidContent (field `reason`).
    """
    locked = steps.lock_version(version=version)
    if locked.state in steps.WAITING_STATES:
        reason = steps.check_reason(reason)
        steps.move(version=locked, after=State.RETURNED, reason=reason, actor=actor, now=now)
    elif locked.state != State.RETURNED:
        raise steps.refuse(state=locked.state)
    return draft_version(product=locked.product, actor=actor, now=now)


def _write_version(
    *, product: Product, number: int, written: Content, actor: actors.Actor, now: datetime
) -> OfferingVersion:
    version = OfferingVersion.objects.create(product=product, number=number, content=written.to_json(), created_at=now)
    steps.write(product=product, number=number, before="", after=State.DRAFT, actor=actor, now=now)
    return version


def _prices_for(product: Product) -> PriceBook | None:
    """The list prices that come into force with a version: the newest draft, else what is announced or in force."""
    books = PriceBook.objects.filter(product=product, organisation=None).order_by("-version")
    for status in (PriceBook.Status.DRAFT, PriceBook.Status.PUBLISHED, PriceBook.Status.ANNOUNCED):
        book = books.filter(status=status).first()
        if book is not None:
            return book
    return None
