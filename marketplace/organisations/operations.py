"""Writes: organisations, members, keys, audit rows."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import uscc
from marketplace.organisations import actors
from marketplace.organisations.models import ApiKey, AuditEntry, Division, Membership, Organisation, User

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 O 1 I: numbers are read aloud on the telephone
LONGEST_KEY_LIFE = timedelta(days=366)
# What `billing.rules.uscc` says, which knows no languages.
CODE_SENTENCES = (
    gettext_noop("A unified social credit code has exactly 18 characters."),
    gettext_noop("Copy all 18 characters from the business licence."),
    gettext_noop("A unified social credit code holds only digits and capitals other than I, O, S, V, Z."),
    gettext_noop("Write 1 for I, 0 for O, 5 for S and 2 for Z, and use capitals."),
    gettext_noop("A unified social credit code never begins with 0."),
    gettext_noop("Copy the first character from the business licence again."),
    gettext_noop("The last character does not match the others."),
    gettext_noop("Compare the code with the business licence, character by character."),
)


def random_number(*, prefix: str, length: int = 10) -> str:
    """A public number that cannot be guessed, e.g. ``HT-7K2MQ9XW4B``."""
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


def record(
    *,
    actor: actors.Actor,
    action: str,
    object_type: str,
    object_id: object,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Write an audit row, in the caller's transaction. Never put secrets or personal data in `details`."""
    AuditEntry.objects.create(
        happened_at=now,
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        api_key_id=actor.api_key_id,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        details=details or {},
    )


def record_each(
    *, actor: actors.Actor, action: str, object_type: str, details: Mapping[str, dict[str, Any]], now: datetime
) -> None:
    """An audit row for each of several objects (object's id → its details), in one statement; see `record`."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            happened_at=now,
            organisation_id=actor.organisation_id,
            user_id=actor.user_id,
            api_key_id=actor.api_key_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            details=own,
        )
        for object_id, own in details.items()
    )


@transaction.atomic
def load_divisions(*, prefectures: Mapping[str, str], counties: Mapping[str, tuple[str, str]]) -> int:
    """Write divisions of GB/T 2260 that are not there yet; returns how many.

    `prefectures`: code → name; `counties`: code → (name, code of the prefecture).
    """
    before = Division.objects.count()
    Division.objects.bulk_create(
        [Division(code=code, name=name) for code, name in prefectures.items()], ignore_conflicts=True
    )
    Division.objects.bulk_create(
        [Division(code=code, name=name, prefecture_id=above) for code, (name, above) in counties.items()],
        ignore_conflicts=True,
    )
    return Division.objects.count() - before


@transaction.atomic
def create_organisation(
    *,
    side: str,
    name: str,
    code: str,
    county_code: str | None,
    needs_approval: bool,
    actor: actors.Actor,
    now: datetime,
    is_sample: bool = False,
) -> Organisation:
    """Register an organisation by its unified social credit code (GB 32100-2015).

    Raises ValidationError naming the field: `code` (form, check character, taken) or `side`.
    """
    if side not in actors.ROLES:
        raise ValidationError({"side": _("Choose buyer, provider or platform.")})
    try:
        uscc.check(code)
    except uscc.InvalidCode as error:
        raise ValidationError({"code": _say(error)}) from error
    code = uscc.normalise(code)
    if Organisation.objects.filter(uscc=code).exists():
        raise ValidationError({"code": _("An organisation with this code is registered already.")})
    organisation = Organisation.objects.create(
        public_id=random_number(prefix="ORG"),
        side=side,
        name=name,
        uscc=code,
        county_id=county_code,
        needs_approval=needs_approval,
        is_sample=is_sample,
        created_at=now,
    )
    record(
        actor=actor,
        action="organisation.created",
        object_type="organisation",
        object_id=organisation.public_id,
        now=now,
    )
    return organisation


@transaction.atomic
def correct_organisation(
    *, organisation_id: int, name: str, code: str, county_code: str | None, actor: actors.Actor, now: datetime
) -> Organisation:
    """Mend what was mistyped at registration. Raises ValidationError naming `name` or `code`, as `create_organisation`.

    Rooms decide until when this is allowed: documents that exist carry the old name.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    code, name = uscc.normalise(code), name.strip()
    if not name:
        raise ValidationError({"name": _("Give the name as it stands on the business licence.")})
    try:
        uscc.check(code)
    except uscc.InvalidCode as error:
        raise ValidationError({"code": _say(error)}) from error
    if Organisation.objects.filter(uscc=code).exclude(pk=organisation.pk).exists():
        raise ValidationError({"code": _("An organisation with this code is registered already.")})
    if (organisation.name, organisation.uscc, organisation.county_id) == (name, code, county_code):
        return organisation
    organisation.name, organisation.uscc, organisation.county_id = name, code, county_code
    organisation.save(update_fields=["name", "uscc", "organisation_class", "county"])
    record(
        actor=actor,
        action="organisation.corrected",
        object_type="organisation",
        object_id=organisation.public_id,
        now=now,
    )
    return organisation


@transaction.atomic
def create_user(*, email: str, password: str, full_name: str, actor: actors.Actor, now: datetime) -> User:
    """Register a person. Raises ValidationError naming `email` (taken) or `password` (too weak)."""
    if User.objects.filter(email=email.lower()).exists():
        raise ValidationError({"email": _("A person with this e-mail address is registered already.")})
    try:
        password_validation.validate_password(password)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    user = User.objects.create_user(email, password, full_name=full_name, date_joined=now)
    record(actor=actor, action="user.created", object_type="user", object_id=user.pk, now=now)
    return user


@transaction.atomic
def add_member(
    *, organisation: Organisation, user: User, roles: Collection[str], actor: actors.Actor, now: datetime
) -> Membership:
    """Give a person roles in an organisation, in place of those held before. Raises ValidationError on `roles`."""
    known = actors.ROLES[organisation.side]
    unknown = sorted(set(roles) - set(known))
    if unknown or not roles:
        raise ValidationError({"roles": _("Choose from: %(roles)s.") % {"roles": ", ".join(known)}})
    membership, _created = Membership.objects.update_or_create(
        organisation=organisation, user=user, defaults={"roles": sorted(roles)}
    )
    record(
        actor=actor,
        action="member.roles_set",
        object_type="organisation",
        object_id=organisation.public_id,
        now=now,
        details={"user": user.pk, "roles": membership.roles},
    )
    return membership


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, which nobody can read again."""

    key: ApiKey
    token: str


@transaction.atomic
def issue_api_key(
    *, name: str, scopes: Collection[str], lives_for: timedelta, actor: actors.Actor, now: datetime
) -> IssuedKey:
    """Issue a key for the actor's organisation.

    Raises ValidationError naming the field: `name`, `scopes`, `lives_for` (at most 366 days).
    """
    allowed = actors.SCOPES.get(actor.side, ())
    if not name.strip():
        raise ValidationError({"name": _("Give the key a name, so that you know later where it is used.")})
    if not scopes or set(scopes) - set(allowed):
        raise ValidationError({"scopes": _("Choose at least one of: %(scopes)s.") % {"scopes": ", ".join(allowed)}})
    if not timedelta() < lives_for <= LONGEST_KEY_LIFE:
        raise ValidationError({"lives_for": _("A key lives at least a day and at most 366 days.")})
    if actor.organisation_id is None or actor.user_id is None:
        raise ValueError("Only a person who acts for an organisation issues keys.")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        organisation_id=actor.organisation_id,
        name=name.strip()[:60],
        prefix=prefix,
        secret_hash=hash_secret(secret=secret),
        scopes=sorted(scopes),
        created_by_id=actor.user_id,
        created_at=now,
        expires_at=now + lives_for,
    )
    record(
        actor=actor,
        action="api_key.issued",
        object_type="api_key",
        object_id=prefix,
        now=now,
        details={"scopes": key.scopes},
    )
    return IssuedKey(key=key, token=f"crm_{prefix}_{secret}")


@transaction.atomic
def revoke_api_key(*, key: ApiKey, actor: actors.Actor, now: datetime) -> None:
    """Stop a key from working at once. Revoking twice changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        record(actor=actor, action="api_key.revoked", object_type="api_key", object_id=key.prefix, now=now)


def hash_secret(*, secret: str) -> str:
    """SHA-256, hex. A plain hash is enough for 256 random bits; passwords use Argon2."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _say(error: uscc.InvalidCode) -> str:
    """What is wrong with a code and what to do, in the reader's language."""
    return f"{_(error.reason)} {_(error.remedy)}"
