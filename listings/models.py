"""Offerings and their price books.

An offering is Oscar's Product; what Oscar's stock record calls a price is only the amount committed at the order.
What is billed is the price book version that the contract froze.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.abstract_models import AbstractCategory, AbstractProduct, AbstractProductAttribute

from listings import pricing


class Category(AbstractCategory):
    """A kind of offering below a service type, e.g. 云主机 below IaaS."""

    name_en = models.CharField(_("name in English"), max_length=120, blank=True)


class ProductAttribute(AbstractProductAttribute):
    """One entry of the spec schema of a service type. The values stand in `Product.specs`, not in attribute tables."""

    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)


class Product(AbstractProduct):
    """An offering: one provider's service in one data centre. What is filtered by stands in columns."""

    class ServiceModel(models.TextChoices):
        IAAS = "iaas", "IaaS"
        PAAS = "paas", "PaaS"
        SAAS = "saas", "SaaS"
        VALUE_ADDED = "value_added", _("Value-added")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    partner = models.ForeignKey(
        "partner.Partner", models.PROTECT, null=True, related_name="offerings", verbose_name=_("provider")
    )
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, null=True, related_name="offerings", verbose_name=_("data centre")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    service_model = models.CharField(_("service type"), max_length=12, choices=ServiceModel, blank=True)
    main_category = models.ForeignKey(
        "catalogue.Category", models.PROTECT, null=True, related_name="+", verbose_name=_("category")
    )
    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    deployment_models = ArrayField(models.CharField(max_length=12), default=list, verbose_name=_("deployment models"))
    solution_domains = ArrayField(
        models.CharField(max_length=30), default=list, blank=True, verbose_name=_("solution domains")
    )
    specs = models.JSONField(_("specifications"), default=dict)
    sla_percent = models.DecimalField(_("availability, %"), max_digits=6, decimal_places=3, null=True)
    lead_time_days = models.PositiveSmallIntegerField(_("lead time, days"), default=1)
    is_recommended = models.BooleanField(_("in the recommended catalogue"), default=False)
    draws = models.JSONField(
        _("capacity drawn per unit"), default=dict, blank=True, help_text=_("Resource → quantity, e.g. {'vcpu': 4}.")
    )
    from_price = models.DecimalField(
        _("lowest price, tax included"), max_digits=16, decimal_places=8, null=True, editable=False
    )
    from_price_unit = models.CharField(max_length=30, blank=True, editable=False)
    is_sample = models.BooleanField(_("sample data"), default=False)

    class Meta(AbstractProduct.Meta):
        indexes = [
            models.Index(fields=["state", "service_model"], name="product_state_model"),
            GinIndex(fields=["deployment_models"], name="product_deployment"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="published")
                | models.Q(partner__isnull=False, data_centre__isnull=False, main_category__isnull=False),
                name="product_published_is_complete",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_public = self.state == self.State.PUBLISHED
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("offering", kwargs={"pk": self.pk, "slug": self.slug})

    def quote(self, *, plan_id: int, quantity: int, term_months: int) -> pricing.Quote | None:
        """The price of one of this offering's published plans; None if the plan is not (or no longer) for sale.

        Oscar's strategy lives upstream, in `providers`, and asks the product for its price.
        Raises pricing.UnknownTerm, pricing.InvalidQuantity.
        """
        plan = (
            Plan.objects.filter(pk=plan_id, price_book__product=self, price_book__status=PriceBook.Status.PUBLISHED)
            .select_related("price_book")
            .first()
        )
        return None if plan is None else pricing.quote(plan=plan, quantity=quantity, term_months=term_months)


class PriceBook(models.Model):
    """One version of an offering's prices. A published version never changes: a new price is a new version."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    product = models.ForeignKey(Product, models.PROTECT, related_name="price_books", verbose_name=_("offering"))
    version = models.PositiveIntegerField(_("version"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("price book")
        verbose_name_plural = _("price books")
        ordering = ["product", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["product", "version"], name="price_book_version_unique"),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(status="published"), name="price_book_one_published"
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft") | models.Q(published_at__isnull=False),
                name="price_book_published_has_date",
            ),
        ]


class Plan(models.Model):
    """One way to buy an offering, e.g. by the month or by use."""

    price_book = models.ForeignKey(PriceBook, models.PROTECT, related_name="plans", verbose_name=_("price book"))
    code = models.SlugField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["price_book", "code"], name="plan_code_unique")]


class PlanTerm(models.Model):
    """A length of contract that a plan offers, with the discount on its recurring prices."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="terms", verbose_name=_("plan"))
    months = models.PositiveSmallIntegerField(_("months"))
    discount = models.DecimalField(_("discount"), max_digits=5, decimal_places=4, default=0)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["months"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "months"], name="plan_term_unique"),
            models.CheckConstraint(condition=models.Q(months__gte=1, months__lte=60), name="plan_term_months"),
            models.CheckConstraint(condition=models.Q(discount__gte=0, discount__lt=1), name="plan_term_discount"),
        ]


class PriceComponent(models.Model):
    """One price of a plan, without tax: once, per month, or per metered unit."""

    class Kind(models.TextChoices):
        ONE_TIME = "one_time", _("One-time")
        RECURRING = "recurring", _("Per month")
        METERED = "metered", _("Metered")

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="components", verbose_name=_("plan"))
    code = models.SlugField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    unit = models.CharField(_("unit"), max_length=30)
    meter = models.CharField(_("meter"), max_length=40, blank=True)
    unit_price = models.DecimalField(_("unit price without tax"), max_digits=20, decimal_places=8)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("price component")
        verbose_name_plural = _("price components")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "code"], name="price_component_code_unique"),
            models.UniqueConstraint(
                fields=["plan", "meter"], condition=models.Q(kind="metered"), name="price_component_meter_unique"
            ),
            models.CheckConstraint(condition=models.Q(unit_price__gte=0), name="price_component_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(vat_rate__gte=0, vat_rate__lt=1), name="price_component_vat_rate"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="metered") ^ models.Q(meter=""), name="price_component_meter_iff_metered"
            ),
        ]


from oscar.apps.catalogue.models import *  # noqa: E402, F403
