"""Writes: what a provider states about its data centres. What it states is a claim until a document proves it.

A provider adds a data centre and says how it is built; that it operates, only the platform says (`decide_opening`),
because from then on buyers can order from it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from marketplace.organisations.models import Division
from providers import operations as providers
from providers.models import CapacityPool, DataCentre, Partner

CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{2,19}")
CLASSES: Final = ("", "A", "B", "C")
# Who states less than one has measured wrongly; above three nobody builds.
DESIGN_PUE: Final = (Decimal("1.00"), Decimal("3.00"))
# Bounds that a slip of the hand passes and no real data centre does.
MOST: Final[Mapping[str, int]] = {
    "green_power_percent": 100,
    "rtt_to_beijing_ms": 1000,
    "racks": 1_000_000,
    "servers_capacity": 10_000_000,
    "servers_installed": 10_000_000,
    "servers_available": 10_000_000,
}
# What a provider may do by itself. That a data centre operates is said by the platform.
CHANGES: Final[Mapping[str, frozenset[str]]] = {
    "planned": frozenset({"building", "closed"}),
    "building": frozenset({"planned", "closed"}),
    "operating": frozenset({"closed"}),
    "closed": frozenset({"planned", "building"}),
}


class InvalidFacts(errors.Refused):
    """A fact of a data centre is missing or impossible; `field` says which."""


class NotYours(errors.NotFound):
    """No such data centre, or another provider's."""


class NotAsked(errors.Conflict):
    """The provider has not asked for the data centre to open, or takes back what was decided."""


class OwnCentre(errors.Refused):
    """Nobody opens a data centre of an organisation they belong to."""


class StillUsed(errors.Conflict):
    """Capacity of the data centre is sold, held or reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a provider states about a data centre. None and "" mean: not stated."""

    name: str
    county_code: str
    gb50174_class: str = ""
    mlps_level: int | None = None
    design_pue: Decimal | None = None
    green_power_percent: int | None = None
    rtt_to_beijing_ms: int | None = None
    lines: str = ""
    racks: int = 0
    servers_capacity: int = 0
    servers_installed: int = 0
    servers_available: int | None = None


def facts_of(*, data_centre: DataCentre) -> Facts:
    """What is stated now."""
    own = {name: getattr(data_centre, name) for name in Facts.__slots__ if name != "county_code"}
    return Facts(county_code=data_centre.county_id, **own)


@transaction.atomic
def add(*, partner: Partner, code: str, status: str, facts: Facts, actor: actors.Actor, now: datetime) -> DataCentre:
    """Enter a data centre that is planned or being built. Raises InvalidFacts, providers.DataCentreCodeTaken,
    PermissionDenied (needs `evidence.record`)."""
    actor.require("evidence.record")
    code = code.strip().upper()
    if not CODE.fullmatch(code):
        raise InvalidFacts(_("Give a code of 3 to 20 letters A to Z, digits and hyphens, e.g. CF-SS-01."), field="code")
    if status not in ("planned", "building"):
        raise InvalidFacts(
            _("Enter it as planned or under construction, then ask the platform to open it."), field="status"
        )
    checked = _as_columns(check(facts=facts))
    return providers.add_data_centre(
        code=code,
        partner=partner,
        county_code=checked.pop("county_id"),
        name=checked.pop("name"),
        status=status,
        actor=actor,
        now=now,
        **checked,
    )


@transaction.atomic
def edit(*, data_centre_id: int, status: str, facts: Facts, actor: actors.Actor, now: datetime) -> DataCentre:
    """State the facts anew; the same again changes nothing. The change stands in the audit trail, old and new.

    Raises InvalidFacts, StillUsed if it is to close while capacity is taken, PermissionDenied.
    """
    actor.require("evidence.record")
    wanted = {**_as_columns(check(facts=facts)), "status": status}
    centre = _lock(data_centre_id, actor=actor)
    changed = {name: value for name, value in wanted.items() if getattr(centre, name) != value}
    if "status" in changed:
        _check_status(centre, status)
        changed["asked_to_open_at"] = None
    if not changed:
        return centre
    details = {
        name: {"before": _write(getattr(centre, name)), "after": _write(value)}
        for name, value in changed.items()
        if name != "asked_to_open_at"
    }
    for name, value in changed.items():
        setattr(centre, name, value)
    centre.save(update_fields=list(changed))
    _note(centre, "data_centre.edited", actor=actor, now=now, details=details)
    return centre


@transaction.atomic
def ask_to_open(*, data_centre_id: int, actor: actors.Actor, now: datetime) -> DataCentre:
    """Ask the platform to say that the data centre operates. Asking twice changes nothing.

    Raises InvalidFacts (field of what is missing), PermissionDenied.
    """
    actor.require("evidence.record")
    centre = _lock(data_centre_id, actor=actor)
    if centre.status == DataCentre.Status.OPERATING or centre.asked_to_open_at:
        return centre
    for name, words in (("racks", _("standard racks")), ("servers_installed", _("servers installed"))):
        if not getattr(centre, name):
            raise InvalidFacts(
                _("State the number of %(what)s first: nothing can be sold without any.") % {"what": words}, field=name
            )
    if not CapacityPool.objects.filter(data_centre=centre, total__gt=0).exists():
        raise InvalidFacts(_("Add a capacity pool first: offerings draw from it."), field="resource")
    centre.asked_to_open_at = now
    centre.save(update_fields=["asked_to_open_at"])
    _note(centre, "data_centre.asked_to_open", actor=actor, now=now)
    return centre


@transaction.atomic
def decide_opening(
    *, data_centre_id: int, is_open: bool, reason: str, actor: actors.Actor, now: datetime
) -> DataCentre:
    """The platform opens a data centre, or says why not yet; the provider is told. Nobody opens their own.

    Raises NotAsked, OwnCentre, InvalidFacts (field `reason`), PermissionDenied (needs `evidence.verify`).
    """
    actor.require("evidence.verify")
    centre = _lock(data_centre_id)
    reason = errors.check_reason(reason, refusal=InvalidFacts, is_required=not is_open)
    if is_open and centre.status == DataCentre.Status.OPERATING:
        return centre
    if centre.asked_to_open_at is None:
        raise NotAsked(_("The provider does not ask for it to open (any more). Look at its page again."))
    memberships = people.list_memberships(user_id=actor.user_id) if actor.user_id else []
    if centre.partner.organisation_id in {one.organisation_id for one in memberships}:
        raise OwnCentre(_("You belong to this provider. Somebody else has to decide."))
    asked_at, centre.asked_to_open_at = centre.asked_to_open_at, None
    centre.status = DataCentre.Status.OPERATING if is_open else centre.status
    centre.save(update_fields=["status", "asked_to_open_at"])
    action = "data_centre.opened" if is_open else "data_centre.opening_refused"
    _note(centre, action, actor=actor, now=now, details={"reason": reason} if reason else {})
    opened = gettext_noop("The platform has opened %(centre)s: what you list there can be ordered.")
    refused = gettext_noop("The platform does not open %(centre)s yet: %(reason)s")
    notices.notify(
        organisation_id=centre.partner.organisation_id,
        key=f"{action}:{centre.code}:{asked_at.isoformat()}",
        permission="evidence.record",
        text=opened if is_open else refused,
        values={"centre": centre.name, "reason": reason},
        path=f"/provider/data-centres/{centre.code}/",
        now=now,
    )
    return centre


def check(*, facts: Facts) -> Facts:
    """The facts, trimmed. Raises InvalidFacts at the first field that cannot be."""
    own = asdict(facts)
    own["name"], own["lines"] = facts.name.strip(), facts.lines.strip()
    if not own["name"] or len(own["name"]) > 120:
        raise InvalidFacts(_("Give a name of at most 120 characters."), field="name")
    if len(own["lines"]) > 120:
        raise InvalidFacts(_("Shorten the lines to 120 characters."), field="lines")
    if not Division.objects.filter(code=facts.county_code, prefecture__isnull=False).exists():
        raise InvalidFacts(_("Choose the county that the data centre stands in."), field="county_code")
    if facts.gb50174_class not in CLASSES:
        raise InvalidFacts(_("Choose the class A, B or C, or leave it open."), field="gb50174_class")
    if facts.mlps_level is not None and not 1 <= facts.mlps_level <= 5:
        raise InvalidFacts(_("Give the MLPS level, from 1 to 5."), field="mlps_level")
    low, high = DESIGN_PUE
    pue = facts.design_pue
    if pue is not None and not (pue.is_finite() and low <= pue <= high and pue == round(pue, 2)):
        raise InvalidFacts(_("Give the design PUE from 1.00 to 3.00, with at most two decimals."), field="design_pue")
    for name, most in MOST.items():
        if own[name] is not None and not 0 <= own[name] <= most:
            raise InvalidFacts(_("Give a number from 0 to %(most)s.") % {"most": f"{most:,}"}, field=name)
    _check_servers(facts)
    return Facts(**own)


def _check_servers(facts: Facts) -> None:
    """Available are some of those installed, installed are some of those planned."""
    if facts.servers_installed > facts.servers_capacity:
        raise InvalidFacts(
            _("More servers are installed than planned. Raise the number planned."), field="servers_installed"
        )
    if facts.servers_available is not None and facts.servers_available > facts.servers_installed:
        raise InvalidFacts(
            _("More servers are available than installed. Give at most the number installed."),
            field="servers_available",
        )


def _check_status(centre: DataCentre, status: str) -> None:
    if status == DataCentre.Status.OPERATING:
        raise InvalidFacts(_("Ask the platform to open it: only the platform says that it operates."), field="status")
    if status not in CHANGES[centre.status]:
        raise InvalidFacts(
            _("What operates can only be closed. Announce maintenance for a shorter time."), field="status"
        )
    taken = CapacityPool.objects.alias(taken=F("allocated") + F("held") + F("reserved")).filter(taken__gt=0)
    if status == DataCentre.Status.CLOSED and taken.filter(data_centre=centre).exists():
        raise StillUsed(
            _("Capacity here is sold, held or reserved. End or move those contracts before you close it."),
            field="status",
        )


def _as_columns(facts: Facts) -> dict[str, Any]:
    own = asdict(facts)
    return {"county_id": own.pop("county_code"), **own}


def _lock(data_centre_id: int, *, actor: actors.Actor | None = None) -> DataCentre:
    """The row, of the actor's organisation if one is named. Raises NotYours."""
    rows = DataCentre.objects.select_for_update(of=("self",), no_key=True).select_related("partner")
    if actor is not None:
        rows = rows.filter(partner__organisation_id=actor.organisation_id or 0)  # a visitor has none
    found = rows.filter(pk=data_centre_id).first()
    if found is None:
        raise NotYours(data_centre_id)
    return found


def _write(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)


def _note(
    centre: DataCentre, action: str, *, actor: actors.Actor, now: datetime, details: dict[str, Any] | None = None
) -> None:
    organisations.record(
        actor=actor, action=action, object_type="data_centre", object_id=centre.code, now=now, details=details
    )
