"""The deployment adviser: which deployment models fit an agency's information and business, by a dated table.

The table is data with versions (`AdviserRules`); the version in force on a day judges that day's orders. What does not
fit needs a reason and an approver, or is refused if the version says so; state secrets are always refused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods, uscc
from listings import wording
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Organisation
from marketplace.procurement.models import AdviserRules, DeploymentAdvice

NOTICE: Final = timedelta(days=7)
SHORTEST_REASON: Final = 10
LONGEST_REASON: Final = 500
LONGEST_ADVICE: Final = 200
LONGEST_SOURCE: Final = 300

INFORMATION: Final[dict[str, Promise]] = {
    "public": gettext_lazy("Public information"),
    "sensitive": gettext_lazy("Sensitive information"),
}
BUSINESS: Final[dict[str, Promise]] = {
    "general": gettext_lazy("General business"),
    "important": gettext_lazy("Important business"),
    "critical": gettext_lazy("Critical business"),
}
MODELS: Final = tuple(wording.DEPLOYMENT_MODELS)
AGENCIES: Final = (uscc.GOVERNMENT, uscc.PUBLIC_INSTITUTION)


class StatementMissing(errors.Refused):
    """An agency did not say which information and business a purchase is for; `field` names what is missing."""


class StateSecret(errors.Refused):
    """State secrets are not bought for here."""


class DoesNotFit(errors.Refused):
    """What was chosen does not fit, and the rules in force refuse that."""


class ReasonMissing(errors.Refused):
    """What was chosen does not fit; it can be ordered with a reason, which is missing or too short."""


class InvalidRules(errors.Refused):
    """A new version of the rules is incomplete, unknown or comes too early; `field` names the input."""


class RulesChanged(errors.Conflict):
    """Somebody announced a version in the same moment."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an agency says of a purchase; `reason` is needed where what it chose does not fit."""

    information: str
    business: str
    is_state_secret: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the rules answer: the models that fit (none for state secrets), and the words of the rule."""

    statement: Statement
    rules: AdviserRules
    allowed: tuple[str, ...]
    words: str

    @property
    def labels(self) -> list[str]:
        """The models that fit, in the reader's words."""
        return [str(wording.DEPLOYMENT_MODELS[one]) for one in self.allowed]


@dataclass(frozen=True, slots=True)
class Choice:
    """One offering on a purchase list."""

    code: str
    title: str
    models: tuple[str, ...]


def must_state(organisation: Organisation) -> bool:
    """Whether an organisation says what it buys for: state organs, public institutions, and who needs approval."""
    return organisation.needs_approval or organisation.organisation_class in AGENCIES


def rules_in_force(*, on: date) -> AdviserRules | None:
    """The version that judges on a day: the latest in force; None before the first."""
    return AdviserRules.objects.filter(effective_date__lte=on).order_by("-effective_date", "-version").first()


def list_rules() -> list[AdviserRules]:
    """Every version, the newest first."""
    return list(AdviserRules.objects.select_related("announced_by"))


def advise(*, statement: Statement, rules: AdviserRules) -> Advice:
    """What `rules` say of a statement. Raises StatementMissing for a class that does not exist."""
    _check_classes(statement)
    if statement.is_state_secret:
        return Advice(statement, rules, (), _("State secrets stay on systems for state secrets. Nothing here fits."))
    cell = rules.table[statement.information][statement.business]
    allowed = tuple(one for one in MODELS if one in cell["models"])
    return Advice(statement, rules, allowed, wording.choose(cell["advice"], cell.get("advice_en", "")))


def misfits(*, advice: Advice, choices: Collection[Choice]) -> list[Choice]:
    """The offerings none of whose deployment models fit."""
    return [one for one in choices if not set(one.models) & set(advice.allowed)]


def judge(*, statement: Statement | None, choices: Collection[Choice], on: date) -> Advice:
    """The advice for a purchase, if it may be ordered so; where something does not fit, with a reason.

    Raises StatementMissing, StateSecret, DoesNotFit, ReasonMissing; `field` is the input's.
    """
    if statement is None:
        raise StatementMissing(_("Say which information and business this is for."), field="information_class")
    rules = rules_in_force(on=on)
    if rules is None:
        raise StatementMissing(_("No rules of the deployment adviser are in force. Ask the operator."))
    advice = advise(statement=statement, rules=rules)
    if statement.is_state_secret:
        raise StateSecret(
            _("Purchases for state secrets are refused here: such systems run where the law on secrets says."),
            field="is_state_secret",
        )
    wrong = misfits(advice=advice, choices=choices)
    if not wrong:
        return advice
    words = {"titles": "、".join(one.title for one in wrong), "models": "、".join(advice.labels)}
    if rules.mode == AdviserRules.Mode.BLOCK:
        raise DoesNotFit(_("%(titles)s: only %(models)s fits this purchase. Choose another offering.") % words)
    reason = statement.reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        bounds = {"least": SHORTEST_REASON, "most": LONGEST_REASON}
        message = _(
            "%(titles)s: %(models)s fits this purchase. Choose another offering, or give a reason of %(least)s to"
            " %(most)s characters; an approver decides."
        )
        raise ReasonMissing(message % {**words, **bounds}, field="advice_reason")
    return advice


def record_advice(
    *, order_number: str, advice: Advice, choices: Sequence[Choice], actor: actors.Actor, now: datetime
) -> DeploymentAdvice:
    """Keep the answer with its order, in the order's transaction."""
    if actor.user_id is None or actor.organisation_id is None:
        raise ValueError("A person of an organisation states what a purchase is for.")
    wrong = {one.code for one in misfits(advice=advice, choices=choices)}
    outcome = DeploymentAdvice.Outcome.WARNED if wrong else DeploymentAdvice.Outcome.FITS
    kept = DeploymentAdvice.objects.create(
        order_number=order_number,
        organisation_id=actor.organisation_id,
        information_class=advice.statement.information,
        business_class=advice.statement.business,
        is_state_secret=advice.statement.is_state_secret,
        rules=advice.rules,
        allowed=list(advice.allowed),
        chosen=[
            {"code": one.code, "title": one.title, "models": list(one.models), "fits": one.code not in wrong}
            for one in choices
        ],
        outcome=outcome,
        reason=advice.statement.reason.strip() if wrong else "",
        stated_by_id=actor.user_id,
        stated_at=now,
    )
    organisations.record(
        actor=actor,
        action=f"advice.{outcome.value}",
        object_type="order",
        object_id=order_number,
        now=now,
        details={"rules": advice.rules.version, "allowed": list(advice.allowed)},
    )
    return kept


def find_advice(*, order_number: str) -> DeploymentAdvice | None:
    """The advice that an order was placed under; None where none was asked for."""
    return DeploymentAdvice.objects.filter(order_number=order_number).select_related("rules", "stated_by").first()


def announce_rules(
    *,
    table: Mapping[str, Mapping[str, Mapping[str, Any]]],
    mode: str,
    source: str,
    effective_date: date,
    actor: actors.Actor,
    now: datetime,
) -> AdviserRules:
    """Publish the next version, in force at least 7 days after today. Raises InvalidRules, RulesChanged."""
    earliest = periods.civil_date(now) + NOTICE
    if effective_date < earliest:
        message = _("Changes of the rules are announced 7 days ahead: choose %(day)s or later.")
        raise InvalidRules(message % {"day": earliest.isoformat()}, field="effective_date")
    if mode not in AdviserRules.Mode.values:
        raise InvalidRules(_("Choose whether to warn or to refuse."), field="mode")
    if not 1 <= len(source.strip()) <= LONGEST_SOURCE:
        raise InvalidRules(
            _("Name the source, at most %(most)s characters.") % {"most": LONGEST_SOURCE}, field="source"
        )
    last = AdviserRules.objects.order_by("-version").values_list("version", flat=True).first() or 0
    try:
        with transaction.atomic():
            rules = AdviserRules.objects.create(
                version=last + 1,
                announced_at=now,
                announced_by_id=actor.user_id,
                effective_date=effective_date,
                mode=mode,
                table=_check_table(table),
                source=source.strip(),
            )
            organisations.record(
                actor=actor, action="adviser.announced", object_type="adviser_rules", object_id=rules.version, now=now
            )
    except IntegrityError as error:
        if AdviserRules.objects.filter(version=last + 1).exists():
            raise RulesChanged(
                _("Another version was announced in this moment. Look at it, then try again.")
            ) from error
        raise
    return rules


def _check_classes(statement: Statement) -> None:
    if statement.information not in INFORMATION:
        raise StatementMissing(_("Say which information this is for."), field="information_class")
    if statement.business not in BUSINESS:
        raise StatementMissing(_("Say which business this is for."), field="business_class")


def _check_table(table: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """The table with every cell: models that exist, at least one, and words."""
    checked: dict[str, dict[str, dict[str, Any]]] = {}
    for information in INFORMATION:
        for business in BUSINESS:
            cell = table.get(information, {}).get(business, {})
            chosen, field = [one for one in MODELS if one in cell.get("models", ())], f"{information}_{business}"
            words = {name: str(cell.get(name, "")).strip() for name in ("advice", "advice_en")}
            if not chosen:
                raise InvalidRules(_("Choose at least one deployment model in every cell."), field=field)
            if not words["advice"] or any(len(text) > LONGEST_ADVICE for text in words.values()):
                message = _("Write the rule in every cell, at most %(most)s characters.")
                raise InvalidRules(message % {"most": LONGEST_ADVICE}, field=f"{field}_advice")
            checked.setdefault(information, {})[business] = {"models": chosen, **words}
    return checked
