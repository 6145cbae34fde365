from django.contrib import admin
from unfold.admin import ModelAdmin

from providers.onboarding.models import StandardCommission


@admin.register(StandardCommission)
class StandardCommissionAdmin(ModelAdmin):
    """The dated table of standard rates; a change is another row."""

    list_display = ("effective_date", "commission_rate", "commission_vat_rate", "source")

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
