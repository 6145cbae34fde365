"""The back office of the taxonomy: a change reaches the next page, and `load_taxonomy` keeps it."""

from django.contrib import admin
from oscar.apps.catalogue.admin import *  # noqa: F403  (registers Oscar's, which are replaced below)
from unfold.admin import ModelAdmin, TabularInline

from listings.models import Category, CategoryAttribute, ProductAttribute, SolutionDomain, SynonymGroup

admin.site.unregister(Category)
admin.site.unregister(ProductAttribute)


class SchemaInline(TabularInline):
    """What offerings of a category state: required, filters, compared, in this order."""

    model = CategoryAttribute
    extra = 0
    fields = ("attribute", "is_required", "is_facet", "is_compared", "position")
    autocomplete_fields = ("attribute",)


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    """Places in the tree come from the data files; names, units, bands and the schema are edited here."""

    list_display = ("name", "name_en", "slug", "depth", "normal_unit")
    search_fields = ("name", "name_en", "slug")
    ordering = ("path",)
    fields = ("name", "name_en", "slug", "normal_unit", "normal_spec", "price_bands", "is_public")
    readonly_fields = ("slug",)
    inlines = (SchemaInline,)

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(ProductAttribute)
class ProductAttributeAdmin(ModelAdmin):
    """Specifications of a service type. Offerings keep the code, so a code stays."""

    list_display = ("product_class", "code", "name", "name_en", "type", "unit", "minimum", "maximum", "better")
    list_display_links = ("code",)
    list_filter = ("product_class", "type")
    list_select_related = ("product_class",)
    search_fields = ("code", "name", "name_en")
    ordering = ("product_class", "position")
    fields = (
        "product_class",
        "code",
        "name",
        "name_en",
        "type",
        "unit",
        "minimum",
        "maximum",
        "options",
        "better",
        "position",
    )


@admin.register(SolutionDomain)
class SolutionDomainAdmin(ModelAdmin):
    list_display = ("code", "name", "name_en", "position")
    search_fields = ("code", "name", "name_en")


@admin.register(SynonymGroup)
class SynonymGroupAdmin(ModelAdmin):
    list_display = ("__str__",)
