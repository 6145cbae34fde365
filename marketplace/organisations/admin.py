from django.contrib import admin
from unfold.admin import ModelAdmin

from marketplace.organisations.models import AuditEntry, Membership, Organisation, User


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    list_display = ("name", "side", "uscc", "organisation_class", "county")
    list_filter = ("side", "organisation_class")
    search_fields = ("name", "uscc")


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    list_display = ("user", "organisation", "roles")
    list_select_related = ("user", "organisation")
    autocomplete_fields = ("user", "organisation")


@admin.register(User)
class UserAdmin(ModelAdmin):
    list_display = ("email", "full_name", "is_active", "is_staff")
    search_fields = ("email", "full_name")
    exclude = ("password",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    """Read only: the database refuses every change anyway."""

    list_display = ("happened_at", "organisation", "user", "action", "object_type", "object_id")
    list_select_related = ("organisation", "user")

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
