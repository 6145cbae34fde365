from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketplace.statistics.models import Indicator, Snapshot


@admin.register(Indicator)
class IndicatorAdmin(ModelAdmin):
    list_display = ("code", "name", "name_en", "unit")


@admin.register(Snapshot)
class SnapshotAdmin(ModelAdmin):
    """To look at: a snapshot never changes."""

    list_display = ("indicator", "period_start_date", "value", "taken_at")
    list_filter = ("indicator",)
    list_select_related = ("indicator",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
