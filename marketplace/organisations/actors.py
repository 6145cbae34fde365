"""An actor: the person or machine behind a request, on behalf of one organisation.

What a role may do stands in `PERMISSIONS`, once. Doors ask `actor.require(...)`; rooms are given the actor
for the audit trail and trust the door.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

BUYER, PROVIDER, PLATFORM = "buyer", "provider", "platform"

ROLES: Final = {
    BUYER: ("owner", "buyer", "approver", "finance"),
    PROVIDER: ("owner", "sales", "operations", "finance"),
    PLATFORM: ("owner", "officer", "operator", "finance", "auditor"),
}

# permission → (side, roles that hold it). Reading one's own side's records is a permission as well.
PERMISSIONS: Final[dict[str, dict[str, frozenset[str]]]] = {
    # buyer
    "orders.view": {BUYER: frozenset({"owner", "buyer", "approver", "finance"})},
    "orders.place": {BUYER: frozenset({"owner", "buyer"})},
    "orders.approve": {BUYER: frozenset({"owner", "approver"})},
    "contracts.view": {
        BUYER: frozenset({"owner", "buyer", "approver", "finance"}),
        PROVIDER: frozenset({"owner", "sales", "operations", "finance"}),
        PLATFORM: frozenset({"operator", "finance", "auditor"}),
    },
    "contracts.end": {BUYER: frozenset({"owner", "buyer"}), PLATFORM: frozenset({"operator"})},
    "contracts.deliver": {PROVIDER: frozenset({"owner", "operations"})},
    "contracts.suspend": {PROVIDER: frozenset({"owner", "operations"}), PLATFORM: frozenset({"operator"})},
    # usage
    "usage.report": {PROVIDER: frozenset({"owner", "operations"})},
    # money
    "invoices.view": {
        BUYER: frozenset({"owner", "buyer", "approver", "finance"}),
        PLATFORM: frozenset({"operator", "finance", "auditor"}),
    },
    "credit_notes.issue": {PLATFORM: frozenset({"finance"})},
    "disputes.open": {BUYER: frozenset({"owner", "finance"})},
    "disputes.answer": {PROVIDER: frozenset({"owner", "finance"})},
    "disputes.decide": {PLATFORM: frozenset({"finance"})},
    "write_offs.decide": {PLATFORM: frozenset({"finance"})},
    "invoices.hold": {PLATFORM: frozenset({"finance"})},
    "tax_profile.edit": {BUYER: frozenset({"owner", "finance"}), PLATFORM: frozenset({"owner", "finance"})},
    "payments.view": {PLATFORM: frozenset({"operator", "finance", "auditor"}), BUYER: frozenset({"owner", "finance"})},
    "payments.make": {BUYER: frozenset({"owner", "finance"})},
    "payments.record": {PLATFORM: frozenset({"finance"})},
    "settlements.view": {
        PROVIDER: frozenset({"owner", "finance"}),
        PLATFORM: frozenset({"operator", "finance", "auditor"}),
    },
    "settlements.approve": {PLATFORM: frozenset({"finance"})},
    "settlements.pay": {PLATFORM: frozenset({"finance"})},
    "exports.view": {
        PROVIDER: frozenset({"owner", "finance"}),
        PLATFORM: frozenset({"operator", "finance", "auditor"}),
    },
    "exports.request": {PROVIDER: frozenset({"owner", "finance"}), PLATFORM: frozenset({"operator", "finance"})},
    # listings
    "listings.view": {
        PROVIDER: frozenset({"owner", "sales", "operations", "finance"}),
        PLATFORM: frozenset({"owner", "officer", "operator", "auditor"}),
    },
    "listings.edit": {PROVIDER: frozenset({"owner", "sales"})},
    "listings.review": {PLATFORM: frozenset({"owner", "operator"})},
    "evidence.record": {
        PROVIDER: frozenset({"owner", "operations"}),
        PLATFORM: frozenset({"owner", "officer", "operator"}),
    },
    "evidence.verify": {PLATFORM: frozenset({"owner", "officer", "operator"})},
    "recommended.edit": {PLATFORM: frozenset({"officer"})},
    "recommended.sign": {PLATFORM: frozenset({"owner", "officer", "operator"})},
    "comparisons.report": {BUYER: frozenset({"owner", "buyer", "approver"}), PLATFORM: frozenset({"officer"})},
    "adviser.edit": {PLATFORM: frozenset({"owner", "officer", "operator"})},
    # organisation
    "notices.view": {side: frozenset(roles) for side, roles in ROLES.items()},
    "documents.view": {side: frozenset(roles) for side, roles in ROLES.items()},  # one's own, see providers.documents
    "providers.apply": {PROVIDER: frozenset({"owner"})},
    "providers.view": {PLATFORM: frozenset({"owner", "officer", "operator", "auditor"})},
    "providers.review": {PLATFORM: frozenset({"owner", "operator"})},
    "providers.recognise": {PLATFORM: frozenset({"owner", "officer", "operator"})},
    "capacity.view": {
        PROVIDER: frozenset({"owner", "sales", "operations", "finance"}),
        PLATFORM: frozenset({"owner", "operator", "auditor"}),
    },
    "capacity.edit": {PROVIDER: frozenset({"owner", "operations"})},
    "connections.manage": {PROVIDER: frozenset({"owner", "operations"})},
    "incidents.report": {
        BUYER: frozenset({"owner", "buyer"}),
        PROVIDER: frozenset({"owner", "operations"}),
        PLATFORM: frozenset({"operator"}),
    },
    "sla.decide": {
        BUYER: frozenset({"owner", "buyer"}),
        PROVIDER: frozenset({"owner", "operations"}),
        PLATFORM: frozenset({"operator"}),
    },
    "contracts.accept": {BUYER: frozenset({"owner", "buyer"})},
    "contracts.change": {BUYER: frozenset({"owner", "buyer"}), PROVIDER: frozenset({"owner", "sales"})},
    "reviews.write": {BUYER: frozenset({"owner", "buyer"})},
    "reviews.reply": {PROVIDER: frozenset({"owner", "sales"})},
    "reviews.flag": {side: frozenset(roles) for side, roles in ROLES.items()},
    "reviews.moderate": {PLATFORM: frozenset({"owner", "operator"})},
    "alerts.manage": {PLATFORM: frozenset({"owner", "operator"})},
    "api_keys.manage": {PROVIDER: frozenset({"owner", "operations"}), BUYER: frozenset({"owner"})},
    "members.manage": {BUYER: frozenset({"owner"}), PROVIDER: frozenset({"owner"}), PLATFORM: frozenset({"owner"})},
    "audit.view": {PLATFORM: frozenset({"operator", "auditor"})},
}

# What an API key may be allowed to do, per side. A scope is a permission's name.
SCOPES: Final = {
    BUYER: ("contracts.view", "invoices.view"),
    PROVIDER: (
        "contracts.view",
        "contracts.deliver",
        "usage.report",
        "settlements.view",
        "exports.view",
        "exports.request",
    ),
    PLATFORM: (),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `organisation_id` is None for a visitor or a person without a membership."""

    side: str = "public"
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    organisation_id: int | None = None
    organisation_name: str = ""
    user_id: int | None = None
    user_name: str = ""
    api_key_id: int | None = None
    memberships: tuple[Any, ...] = field(default=(), compare=False, repr=False)  # a person's, for the frame's switch

    @property
    def is_authenticated(self) -> bool:
        return self.user_id is not None or self.api_key_id is not None

    def can(self, permission: str) -> bool:
        """Whether a role (of a person) or a scope (of a key) holds `permission`. KeyError if it does not exist."""
        holders = PERMISSIONS[permission]
        if self.api_key_id is not None:
            return permission in self.scopes and self.side in holders
        return bool(holders.get(self.side, frozenset()) & self.roles)

    def require(self, permission: str) -> None:
        """Raise PermissionDenied unless the actor holds `permission`."""
        if not self.can(permission):
            raise PermissionDenied(
                _("Your role does not allow this. Ask the owner of your organisation for a role that does.")
            )


VISITOR: Final = Actor()
# Who acts when a day has come or a term has run out: nobody's organisation, and no person.
SYSTEM: Final = Actor(side=PLATFORM)
