from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from billing.exports.models import ExportRun


@admin.register(ExportRun)
class ExportRunAdmin(ModelAdmin):
    """To look at: above all at runs that are parked with an error."""

    list_display = ("number", "kind", "format", "organisation", "status", "rows_done", "rows_total", "attempts")
    list_filter = ("status", "kind", "format")
    list_select_related = ("organisation",)
    search_fields = ("number", "settlement_number")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
