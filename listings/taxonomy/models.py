"""What kinds of offerings there are, and what each kind must say of itself: data that the operator edits."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.abstract_models import AbstractCategory, AbstractProductAttribute


class Category(AbstractCategory):
    """A kind of offering below a service type, e.g. 云主机 below IaaS."""

    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    normal_unit = models.CharField(
        _("normalised unit"),
        max_length=20,
        blank=True,
        help_text=_("What prices of this kind are compared by, e.g. vcpu_month; see listings.prices.normalised."),
    )
    normal_spec = models.CharField(
        _("specification that a price is divided by"), max_length=60, blank=True, help_text=_("E.g. vcpu.")
    )
    price_bands = ArrayField(
        models.DecimalField(max_digits=14, decimal_places=4),
        default=list,
        blank=True,
        verbose_name=_("bounds of the price bands"),
        help_text=_("Ascending, CNY with tax per normalised unit."),
    )

    def __str__(self) -> str:
        return self.name


class ProductAttribute(AbstractProductAttribute):
    """One specification that offerings of a service type may state. The values stand in `Product.specs`.

    `type` is Oscar's: text, integer, float, boolean or option; `options` lists what an option may be.
    """

    class Better(models.TextChoices):
        NEITHER = "", _("Neither")
        HIGHER = "higher", _("More is better")
        LOWER = "lower", _("Less is better")

    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    minimum = models.DecimalField(_("at least"), max_digits=18, decimal_places=4, null=True, blank=True)
    maximum = models.DecimalField(_("at most"), max_digits=18, decimal_places=4, null=True, blank=True)
    options = models.JSONField(
        _("options"), default=list, blank=True, help_text=_('[{"value": "ssd", "name": "SSD", "name_en": "SSD"}, …]')
    )
    better = models.CharField(_("better"), max_length=6, choices=Better, default=Better.NEITHER, blank=True)


class CategoryAttribute(models.Model):
    """A specification in the schema of one category: whether it must be stated, filters, and is compared."""

    category = models.ForeignKey(
        "catalogue.Category", models.CASCADE, related_name="schema", verbose_name=_("category")
    )
    attribute = models.ForeignKey(
        "catalogue.ProductAttribute", models.CASCADE, related_name="uses", verbose_name=_("specification")
    )
    is_required = models.BooleanField(_("must be stated"), default=False)
    is_facet = models.BooleanField(_("filters"), default=False)
    is_compared = models.BooleanField(_("is compared"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("specification of a category")
        verbose_name_plural = _("specifications of categories")
        ordering = ["category", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["category", "attribute"], name="category_attribute_unique"),
        ]


class SolutionDomain(models.Model):
    """What an offering is good for: a tag from the policy, e.g. 电子政务. Offerings keep the code."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("solution domain")
        verbose_name_plural = _("solution domains")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name


class SynonymGroup(models.Model):
    """Words that mean the same to a searcher, e.g. 云主机 = 云服务器 = ECS. Searching one finds all."""

    words = ArrayField(models.CharField(max_length=60), verbose_name=_("words"))

    class Meta:
        verbose_name = _("synonyms")
        verbose_name_plural = _("synonyms")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=models.Q(words__len__gte=2), name="synonyms_at_least_two")]

    def __str__(self) -> str:
        return " = ".join(self.words)


class StandardRow(models.Model):
    """What the data files last said of one row of the taxonomy.

    The next load compares with it: a row that still says the same was not touched and follows the file; a row that
    says something else was edited in the back office and is kept.
    """

    key = models.CharField(_("row"), max_length=200, unique=True)
    content = models.JSONField(_("content"))
    loaded_at = models.DateTimeField(_("loaded"))

    class Meta:
        verbose_name = _("row of the standard taxonomy")
        verbose_name_plural = _("rows of the standard taxonomy")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
