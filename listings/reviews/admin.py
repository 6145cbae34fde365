from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from listings.reviews.models import ProductReview


@admin.register(ProductReview)
class ProductReviewAdmin(ModelAdmin):
    """To read only: reviews are written by buyers and hidden at the operator's desk, with a reason."""

    list_display = ("code", "product", "organisation", "score", "delivery_score", "status", "version", "revised_at")
    list_filter = ("status",)
    list_select_related = ("product", "organisation")
    search_fields = ("code", "title", "body")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
