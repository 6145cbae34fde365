"""Offerings, their versions, and the steps of their life. Taxonomy and prices stand in rooms of their own.

An offering is Oscar's Product; what Oscar's stock record calls a price is only the amount committed at the order.
What is billed is the price book version that the contract froze; what was bought is the offering version.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.abstract_models import AbstractProduct

from listings import wording
from listings.exchange.models import ListingImport, ListingImportLine
from listings.prices import pricing
from listings.prices.models import Plan, PlanTerm, PriceBook, PriceComponent
from listings.recommended.models import CriteriaSet, Edition, EditionEntry, EditionSeries, Signature
from listings.search.models import SearchMark
from listings.taxonomy.models import (
    Category,
    CategoryAttribute,
    ProductAttribute,
    SolutionDomain,
    StandardRow,
    SynonymGroup,
)

__all__ = [
    "Category",
    "CategoryAttribute",
    "CriteriaSet",
    "Edition",
    "EditionEntry",
    "EditionSeries",
    "ListingImport",
    "ListingImportLine",
    "OfferingStep",
    "OfferingVersion",
    "Plan",
    "PlanTerm",
    "PriceBook",
    "PriceComponent",
    "Product",
    "ProductAttribute",
    "SearchMark",
    "Signature",
    "SolutionDomain",
    "StandardRow",
    "SynonymGroup",
]


class Product(AbstractProduct):
    """An offering: one provider's service in one data centre. What is filtered by stands in columns.

    The columns are those of the published version (`version_number`); `versions` keeps every one.
    """

    class ServiceModel(models.TextChoices):
        IAAS = "iaas", "IaaS"
        PAAS = "paas", "PaaS"
        SAAS = "saas", "SaaS"
        VALUE_ADDED = "value_added", _("Value-added")
        PROJECT = "project", _("Project work")

    class State(models.TextChoices):
        DRAFT = "draft", wording.STATES["draft"]
        PUBLISHED = "published", wording.STATES["published"]
        FROZEN = "frozen", wording.STATES["frozen"]
        WITHDRAWN = "withdrawn", wording.STATES["withdrawn"]

    partner = models.ForeignKey(
        "partner.Partner", models.PROTECT, null=True, related_name="offerings", verbose_name=_("provider")
    )
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, null=True, related_name="offerings", verbose_name=_("data centre")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    version_number = models.PositiveIntegerField(_("published version"), default=0)
    service_model = models.CharField(_("service type"), max_length=12, choices=ServiceModel, blank=True)
    main_category = models.ForeignKey(
        "catalogue.Category", models.PROTECT, null=True, related_name="+", verbose_name=_("category")
    )
    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    title_mn = models.CharField(_("title in Mongolian"), max_length=255, blank=True)
    summary = models.CharField(_("summary"), max_length=500, blank=True)
    summary_en = models.CharField(_("summary in English"), max_length=500, blank=True)
    summary_mn = models.CharField(_("summary in Mongolian"), max_length=500, blank=True)
    deployment_models = ArrayField(models.CharField(max_length=12), default=list, verbose_name=_("deployment models"))
    solution_domains = ArrayField(
        models.CharField(max_length=30), default=list, blank=True, verbose_name=_("solution domains")
    )
    specs = models.JSONField(_("specifications"), default=dict)
    sla_percent = models.DecimalField(_("availability, %"), max_digits=6, decimal_places=3, null=True)
    sla_credits = models.CharField(_("credits for a missed month"), max_length=120, blank=True, default="")
    support = models.CharField(_("technical support"), max_length=5, choices=list(wording.SUPPORT.items()), blank=True)
    lead_time_days = models.PositiveSmallIntegerField(_("lead time, days"), default=1)
    exit_notice_days = models.PositiveSmallIntegerField(_("notice to leave, days"), null=True, blank=True)
    exit_export_days = models.PositiveSmallIntegerField(
        _("data can be exported for, days after the end"), null=True, blank=True
    )
    exit_export_formats = models.CharField(_("formats of exported data"), max_length=120, blank=True)
    exit_fee = models.DecimalField(
        _("fee for leaving, CNY without tax"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    is_recommended = models.BooleanField(
        _("in the recommended catalogue"),
        default=False,
        editable=False,
        help_text=_("Written with the edition in force, by nothing else."),
    )
    draws = models.JSONField(
        _("capacity drawn per unit"), default=dict, blank=True, help_text=_("Resource → quantity, e.g. {'vcpu': 4}.")
    )
    from_price = models.DecimalField(
        _("lowest price, tax included"), max_digits=24, decimal_places=8, null=True, editable=False
    )
    from_price_unit = models.CharField(max_length=30, blank=True, editable=False)
    normal_price = models.DecimalField(
        _("price per normalised unit, tax included"), max_digits=28, decimal_places=8, null=True, editable=False
    )
    normal_unit = models.CharField(_("normalised unit"), max_length=20, blank=True, editable=False)
    review_count = models.PositiveIntegerField(_("reviews shown"), default=0, editable=False)
    service_score = models.DecimalField(
        _("mean score for the service"), max_digits=3, decimal_places=2, null=True, editable=False
    )
    delivery_score = models.DecimalField(
        _("mean score for the delivery"), max_digits=3, decimal_places=2, null=True, editable=False
    )
    search_text = models.TextField(default="", blank=True, editable=False)
    search_vector = SearchVectorField(null=True, editable=False)
    is_sample = models.BooleanField(_("sample data"), default=False)

    class Meta(AbstractProduct.Meta):
        indexes = [
            models.Index(fields=["state", "service_model"], name="product_state_model"),
            GinIndex(fields=["deployment_models"], name="product_deployment"),
            GinIndex(fields=["search_vector"], name="product_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="published")
                | models.Q(partner__isnull=False, data_centre__isnull=False, main_category__isnull=False),
                name="product_published_is_complete",
            ),
            models.CheckConstraint(
                condition=models.Q(review_count=0, service_score=None, delivery_score=None)
                | models.Q(review_count__gte=1, service_score__range=(1, 5), delivery_score__range=(1, 5)),
                name="product_scores_of_reviews",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_public = self.state == self.State.PUBLISHED
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("offering", kwargs={"pk": self.pk, "slug": self.slug})

    def quote(
        self, *, plan_id: int, quantity: int, term_months: int, organisation_id: int | None = None
    ) -> pricing.Quote | None:
        """The price of one of this offering's plans; None if it is not (or no longer) for sale to the organisation.

        Oscar's strategy lives upstream, in `providers`, and asks the product for its price.
        Raises pricing.UnknownTerm, pricing.InvalidQuantity.
        """
        from listings.prices import queries  # it reads the models of this file

        plans = queries.plans_for(products=[self], organisation_id=organisation_id)[self.pk]
        plan = next((one for one in plans if one.pk == plan_id), None)
        return None if plan is None else pricing.quote(plan=plan, quantity=quantity, term_months=term_months)


class OfferingVersion(models.Model):
    """One text of an offering, as a provider submitted it and a buyer bought it. Frozen once it is submitted.

    `content` holds the columns of Product that describe (see `listings.content`), `price_book` the list prices that
    came into force with it. One version of an offering is published; at most one is being worked on.
    """

    class State(models.TextChoices):
        DRAFT = "draft", wording.STATES["draft"]
        SUBMITTED = "submitted", wording.STATES["submitted"]
        IN_REVIEW = "in_review", wording.STATES["in_review"]
        RETURNED = "returned", wording.STATES["returned"]
        PUBLISHED = "published", wording.STATES["published"]
        SUPERSEDED = "superseded", wording.STATES["superseded"]

    product = models.ForeignKey(Product, models.PROTECT, related_name="versions", verbose_name=_("offering"))
    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    content = models.JSONField(_("content"))
    price_book = models.ForeignKey(
        PriceBook, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("price book")
    )
    findings = models.JSONField(_("findings"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"))
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("version of an offering")
        verbose_name_plural = _("versions of offerings")
        ordering = ["product", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="offering_version_unique"),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(state="published"), name="offering_version_one_published"
            ),
            models.UniqueConstraint(
                fields=["product"],
                condition=models.Q(state__in=["draft", "submitted", "in_review"]),
                name="offering_version_one_open",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published") | models.Q(published_at__isnull=False),
                name="offering_version_published_has_date",
            ),
        ]


class OfferingStep(models.Model):
    """One step in an offering's life: who, when, why. Rows are never changed."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="steps", verbose_name=_("offering"))
    version_number = models.PositiveIntegerField(_("version"))
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10)
    happened_at = models.DateTimeField(_("when"))
    user = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="+", verbose_name=_("organisation")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("step of an offering")
        verbose_name_plural = _("steps of offerings")
        ordering = ["id"]


class Freeze(models.Model):
    """One reason why a listing is hidden. It is shown again when no reason is left.

    `reason` is what a person wrote, or a source text that `values` fill, so that each reader has it in their language.
    """

    class Cause(models.TextChoices):
        PERSON = "person", _("Decided by the platform")
        PROOF = "proof", _("Proof that lapsed")
        ALERT = "alert", _("Security alert")

    product = models.ForeignKey(Product, models.PROTECT, related_name="freezes", verbose_name=_("offering"))
    cause = models.CharField(_("cause"), max_length=10, choices=Cause)
    subject = models.CharField(_("subject"), max_length=60, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    values = models.JSONField(default=dict, blank=True)
    frozen_at = models.DateTimeField(_("frozen"))
    lifted_at = models.DateTimeField(_("lifted"), null=True)

    class Meta:
        verbose_name = _("freeze")
        verbose_name_plural = _("freezes")
        ordering = ["frozen_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "cause", "subject"], condition=models.Q(lifted_at=None), name="freeze_once"
            )
        ]


from oscar.apps.catalogue.models import *  # noqa: E402, F403
