"""Reads: who acts, with which roles."""

import hmac
from datetime import datetime

from marketplace.organisations import actors, errors
from marketplace.organisations.models import ApiKey, AuditEntry, Membership, Organisation, User
from marketplace.organisations.operations import hash_secret


class NoSuchOrganisation(errors.NotFound):
    """Not an organisation this person belongs to."""


def find_actor(*, user: User, organisation_id: int | None) -> actors.Actor:
    """The person as a member of the chosen organisation, or of their first one."""
    memberships = list_memberships(user_id=user.pk)
    chosen = next((m for m in memberships if m.organisation_id == organisation_id), None) or next(
        iter(memberships), None
    )
    if chosen is None:
        return actors.Actor(user_id=user.pk, user_name=user.get_full_name())
    return actors.Actor(
        side=chosen.organisation.side,
        roles=frozenset(chosen.roles),
        organisation_id=chosen.organisation_id,
        organisation_name=chosen.organisation.name,
        user_id=user.pk,
        user_name=user.get_full_name(),
        memberships=tuple(memberships),
    )


def find_actor_by_token(*, token: str, now: datetime) -> actors.Actor | None:
    """The machine behind an API key; None if the key is unknown, wrong, revoked or expired."""
    kind, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "crm" or not prefix or not secret:
        return None
    key = (
        ApiKey.objects.filter(prefix=prefix, revoked_at=None, expires_at__gt=now).select_related("organisation").first()
    )
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret=secret)):
        return None
    return actors.Actor(
        side=key.organisation.side,
        scopes=frozenset(key.scopes),
        organisation_id=key.organisation_id,
        organisation_name=key.organisation.name,
        api_key_id=key.pk,
    )


def find_user(*, email: str) -> User | None:
    """A person by e-mail address."""
    return User.objects.filter(email=email.lower()).first()


def list_memberships(*, user_id: int) -> list[Membership]:
    """A person's memberships, each with its organisation; the first is whom they act for if they choose none."""
    return list(Membership.objects.filter(user_id=user_id).select_related("organisation").order_by("id"))


def list_api_keys(*, organisation_id: int) -> list[ApiKey]:
    """The keys of an organisation, newest first; secrets are not among the fields worth showing."""
    return list(ApiKey.objects.filter(organisation_id=organisation_id).select_related("created_by"))


def find_api_key(*, organisation_id: int, prefix: str) -> ApiKey | None:
    """One key of an organisation by its prefix."""
    return ApiKey.objects.filter(organisation_id=organisation_id, prefix=prefix).first()


def get_organisation(*, organisation_id: int) -> Organisation:
    """An organisation by its id. Raises Organisation.DoesNotExist."""
    return Organisation.objects.select_related("county__prefecture").get(pk=organisation_id)


def find_organisation(*, code: str) -> Organisation | None:
    """An organisation by its unified social credit code."""
    return Organisation.objects.filter(uscc=code).first()


def get_platform() -> Organisation:
    """The operator of the platform: the issuer of invoices. Raises Organisation.DoesNotExist."""
    return Organisation.objects.filter(side=Organisation.Side.PLATFORM).order_by("id")[:1].get()


def list_organisations(*, side: str) -> list[Organisation]:
    """All organisations of a side, by name."""
    return list(Organisation.objects.filter(side=side).order_by("name"))


def list_audit_entries(*, object_type: str, object_id: str) -> list[AuditEntry]:
    """What was done to one object, newest first."""
    return list(AuditEntry.objects.filter(object_type=object_type, object_id=object_id).select_related("user")[:200])
