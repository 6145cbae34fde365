"""Price books: versions of an offering's prices, public or agreed with one organisation."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PriceBook(models.Model):
    """One version of an offering's prices. A published version never changes: a new price is a new version.

    A book is announced when it is to come into force on a later date. With an `organisation` it is that buyer's own
    (negotiated, or called off from a framework) and nobody else sees it.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ANNOUNCED = "announced", _("Announced")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    class Basis(models.TextChoices):
        LIST = "list", _("List price")
        NEGOTIATED = "negotiated", _("Negotiated")
        FRAMEWORK = "framework", _("Framework agreement")

    product = models.ForeignKey(
        "catalogue.Product", models.PROTECT, related_name="price_books", verbose_name=_("offering")
    )
    version = models.PositiveIntegerField(_("version"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    basis = models.CharField(_("basis"), max_length=10, choices=Basis, default=Basis.LIST)
    organisation = models.ForeignKey(
        "organisations.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("for this buyer only"),
    )
    submitted_at = models.DateTimeField(
        _("submitted"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Written by the database with the version that is submitted with it; from then on it is frozen."),
    )
    announced_at = models.DateTimeField(_("announced"), null=True, blank=True)
    effective_date = models.DateField(_("in force from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until, included"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("price book")
        verbose_name_plural = _("price books")
        ordering = ["product", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["product", "version"], name="price_book_version_unique"),
            models.UniqueConstraint(
                fields=["product", "organisation"],
                condition=models.Q(status="published"),
                nulls_distinct=False,
                name="price_book_one_published",
            ),
            models.UniqueConstraint(
                fields=["product", "organisation"],
                condition=models.Q(status="announced"),
                nulls_distinct=False,
                name="price_book_one_announced",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="published") | models.Q(published_at__isnull=False),
                name="price_book_published_has_date",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="announced")
                | models.Q(announced_at__isnull=False, effective_date__isnull=False),
                name="price_book_announced_has_date",
            ),
            models.CheckConstraint(
                condition=models.Q(basis="list", organisation__isnull=True)
                | (~models.Q(basis="list") & models.Q(organisation__isnull=False)),
                name="price_book_own_has_organisation",
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
    """One price of a plan, without tax: once, per month, or per metered unit.

    `billing.rules.pricing` says what each `model` means; per_unit multiplies `unit_price`, the others read their own
    columns.
    """

    class Kind(models.TextChoices):
        ONE_TIME = "one_time", _("One-time")
        RECURRING = "recurring", _("Per month")
        METERED = "metered", _("Metered")

    class Model(models.TextChoices):
        PER_UNIT = "per_unit", _("Per unit")
        FLAT = "flat", _("Flat")
        GRADUATED = "graduated", _("Graduated")
        VOLUME = "volume", _("Volume")
        PACKAGE = "package", _("Package")
        PERCENTAGE = "percentage", _("Percentage")

    class Aggregation(models.TextChoices):
        """What a month's events come to: `billing.rules.aggregation`."""

        SUM = "sum", _("Sum of what was reported")
        COUNT = "count", _("Number of reports")
        MAX = "max", _("Highest reading of the month")
        LATEST = "latest", _("Last reading of the month")
        UNIQUE = "unique", _("Number of different values")
        WEIGHTED_SUM = "weighted_sum", _("Level × hours")
        WEIGHTED_AVERAGE = "weighted_average", _("Average level of the month")

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="components", verbose_name=_("plan"))
    code = models.SlugField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    model = models.CharField(_("price model"), max_length=10, choices=Model, default=Model.PER_UNIT)
    unit = models.CharField(_("unit"), max_length=30)
    meter = models.CharField(_("meter"), max_length=40, blank=True)
    aggregation = models.CharField(_("what is counted"), max_length=20, choices=Aggregation, default=Aggregation.SUM)
    unit_price = models.DecimalField(_("unit price without tax"), max_digits=20, decimal_places=8)
    tiers = models.JSONField(
        _("tiers"),
        default=list,
        blank=True,
        help_text=_(
            '[{"up_to": "100", "unit_price": "0.5", "flat": "0"}, …]; decimals as text, the last "up_to" null.'
        ),
    )
    package_size = models.DecimalField(_("units per package"), max_digits=20, decimal_places=6, null=True, blank=True)
    included_quantity = models.DecimalField(_("included quantity"), max_digits=20, decimal_places=6, default=0)
    minimum_amount = models.DecimalField(
        _("at least, per month"), max_digits=20, decimal_places=8, null=True, blank=True
    )
    maximum_amount = models.DecimalField(
        _("at most, per month"), max_digits=20, decimal_places=8, null=True, blank=True
    )
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
            models.CheckConstraint(
                condition=models.Q(kind="metered") | models.Q(aggregation="sum"),
                name="price_component_aggregation_of_metered",
            ),
            models.CheckConstraint(
                condition=models.Q(maximum_amount__isnull=True)
                | models.Q(minimum_amount__isnull=True)
                | models.Q(maximum_amount__gte=models.F("minimum_amount")),
                name="price_component_minimum_below_maximum",
            ),
        ]
