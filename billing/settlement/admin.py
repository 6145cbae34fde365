from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from billing.settlement.models import Settlement


@admin.register(Settlement)
class SettlementAdmin(ModelAdmin):
    """To look at: settlements are moved on the finance pages, where the ledger moves with them."""

    list_display = ("number", "provider", "period_start_date", "currency", "gross_minor", "net_minor", "status")
    list_filter = ("status", "period_start_date")
    list_select_related = ("provider",)
    search_fields = ("number", "provider__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
