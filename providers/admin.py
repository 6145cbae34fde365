from django.contrib import admin
from oscar.apps.partner.admin import *  # noqa: F403
from unfold.admin import ModelAdmin

from providers.models import Agreement, CapacityPool, DataCentre, MlpsInterval


@admin.register(DataCentre)
class DataCentreAdmin(ModelAdmin):
    list_display = ("code", "name", "partner", "county", "status", "measured_pue", "mlps_level")
    list_filter = ("status", "gb50174_class", "mlps_level")
    list_select_related = ("partner", "county")
    search_fields = ("code", "name")


@admin.register(CapacityPool)
class CapacityPoolAdmin(ModelAdmin):
    """`allocated` is moved by orders, never by hand."""

    list_display = ("data_centre", "resource", "unit", "total", "allocated")
    list_select_related = ("data_centre",)
    readonly_fields = ("allocated",)


@admin.register(Agreement)
class AgreementAdmin(ModelAdmin):
    list_display = ("partner", "version", "effective_date", "commission_rate", "commission_vat_rate")
    list_select_related = ("partner",)


@admin.register(MlpsInterval)
class MlpsIntervalAdmin(ModelAdmin):
    """A rule that changes is a new row with a later date; the old one keeps explaining old assessments."""

    list_display = ("level", "months", "effective_date", "source")
