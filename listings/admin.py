from django.contrib import admin
from oscar.apps.catalogue.admin import *  # noqa: F403
from unfold.admin import ModelAdmin, TabularInline

from listings.models import Plan, PlanTerm, PriceBook, PriceComponent
from listings.taxonomy import admin as _taxonomy  # noqa: F401  (registers)


@admin.register(PriceBook)
class PriceBookAdmin(ModelAdmin):
    """The database refuses every change to a version that is published."""

    list_display = ("product", "version", "currency", "status", "published_at")
    list_filter = ("status",)
    list_select_related = ("product",)


class PriceComponentInline(TabularInline):
    model = PriceComponent
    extra = 0


class PlanTermInline(TabularInline):
    model = PlanTerm
    extra = 0


@admin.register(Plan)
class PlanAdmin(ModelAdmin):
    list_display = ("price_book", "code", "name")
    inlines = (PriceComponentInline, PlanTermInline)
