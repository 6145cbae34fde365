"""Service level credits: proposed for breached months, agreed or disputed by the provider, decided by the operator.

    proposed ─ agree, or 7 days of silence ▶ agreed (granted)
        ├── dispute ▶ disputed ─ decide ▶ decided (granted or not)
        └── its figures are no longer right ▶ withdrawn

An incident confirmed or corrected later withdraws a credit that is open and proposes the right one; beside those that
are closed it proposes the difference. Each is a further revision: the figures of a row never change.

Availability is `providers.service`'s, the sums are `billing.rules.availability`'s, the charge below zero is
`billing.rating.credits`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.contracts import credit_tables
from billing.contracts.models import Contract, CreditTable, SlaCredit
from billing.rules import availability as rules
from billing.rules import periods
from billing.rules.periods import Month
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.service import queries as service

State = SlaCredit.State

OPEN: Final = (State.PROPOSED, State.DISPUTED)
ANSWER_WITHIN: Final = timedelta(days=7)
# Reports may be decided after their month's close: 48 hours for the provider, and then the operator's time.
MONTHS_BACK: Final = 3
PAGE_SIZE: Final = 50

PROPOSED: Final = gettext_noop(
    "Contract %(number)s reached %(reached)s %% in %(month)s, less than promised. Agree to a credit of %(percent)s %% "
    "or dispute it within 7 days."
)
GRANTED: Final = gettext_noop("You get a service level credit of %(percent)s %% for contract %(number)s and %(month)s.")
DISPUTED: Final = gettext_noop("A provider disputes the service level credit of contract %(number)s for %(month)s.")


class NoSuchCredit(errors.NotFound):
    """No credit of this contract and month for this organisation."""


class InvalidCredit(errors.Refused):
    """A reason is missing or impossible; `field` says which."""


class WrongState(errors.Conflict):
    """The credit's present state does not allow the step."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The availability of one contract in one month, beside what was promised to its version."""

    contract: Contract
    month: Month
    availability: Decimal
    promised: Decimal | None


def propose_due(*, now: datetime, limit: int) -> int:
    """Propose credits for breached months that are closed, at most `limit`. Returns how many.

    A contract with a report of the month that nobody has decided yet waits for the decision.
    """
    month, done = Month.of(now - timedelta(hours=settings.BILLING_GRACE_HOURS)).previous(), 0
    for _n in range(MONTHS_BACK):
        table = credit_tables.table_in_force(on=month.first_date)
        for one in _breaches(month):
            if done == limit:
                return done
            done += _propose(one, table=table, now=now)
        month = month.previous()
    return done


def reached_in(*, contracts: Sequence[Contract], month: Month) -> list[Reached]:
    """What contracts (with offering and version) reached in a month, as far as they ran in it; two queries."""
    centres = sorted({one.offering.data_centre_id for one in contracts if one.offering.data_centre_id})
    down = service.interruptions(data_centre_ids=centres, month=month)
    planned = service.announced(data_centre_ids=centres, start=month.start_at, end=month.end_at)
    return [_reached(one, month, down, planned) for one in contracts]


def _reached(contract: Contract, month: Month, down: Any, planned: Any) -> Reached:
    centre = contract.offering.data_centre_id
    first = max(contract.start_date or month.end_date, month.first_date)
    end = month.end_date if contract.end_date is None else min(contract.end_date, month.end_date)
    since, until = periods.midnight(first), periods.midnight(max(first, end))
    lost = [
        (max(one.starts_at, since), min(one.ends_at or until, until))
        for one in down.get(centre, [])
        if one.offering_code in ("", contract.offering.code)
        and one.starts_at < until
        and (one.ends_at is None or one.ends_at > since)
    ]
    text = contract.offering_version.content.get("sla_percent")
    return Reached(
        contract=contract,
        month=month,
        availability=rules.availability(month, interruptions=lost, maintenance=planned.get(centre, [])),
        promised=None if text is None else Decimal(text),
    )


def _breaches(month: Month) -> list[Reached]:
    """Contracts whose promise was missed in a month, without those that have a credit or wait for a decision."""
    contracts = list(
        Contract.objects.filter(
            Q(end_date=None) | Q(end_date__gt=month.first_date),
            status__in=[Contract.Status.ACTIVE, Contract.Status.SUSPENDED, Contract.Status.ENDED],
            start_date__lt=month.end_date,
            offering__data_centre__in=service.disturbed_centres(month=month),
        )
        .exclude(sla_credits__period_start_date=month.first_date)
        .exclude(end_date=F("start_date"))
        .select_related("offering", "offering_version", "provider")
        .order_by("pk")
    )
    missed = [
        one
        for one in reached_in(contracts=contracts, month=month)
        if one.promised is not None and one.availability < one.promised
    ]
    return _without_open_reports(missed, month)


def _without_open_reports(found: Sequence[Reached], month: Month) -> list[Reached]:
    """Those of which no report of the month waits for a decision; one query."""
    centres = [one.contract.offering.data_centre_id or 0 for one in found]
    open_reports = service.undecided(data_centre_ids=centres, month=month)
    return [
        one
        for one in found
        if not {(one.contract.offering.data_centre_id, code) for code in ("", one.contract.offering.code)}
        & open_reports
    ]


def revise_due(*, now: datetime, limit: int) -> int:
    """Bring credits in line with incidents confirmed or corrected since, at most `limit`. Returns how many changed."""
    month, done = Month.of(now - timedelta(hours=settings.BILLING_GRACE_HOURS)).previous(), 0
    for _n in range(MONTHS_BACK):
        contracts = list(
            Contract.objects.filter(sla_credits__period_start_date=month.first_date)
            .select_related("offering", "offering_version", "provider")
            .order_by("pk")
            .distinct()
        )
        table = credit_tables.table_in_force(on=month.first_date)
        for one in _without_open_reports(reached_in(contracts=contracts, month=month), month):
            if done == limit:
                return done
            done += _revise(one, table=table, now=now)
        month = month.previous()
    return done


@transaction.atomic
def _revise(one: Reached, *, table: CreditTable, now: datetime) -> bool:
    """Withdraw the open credit of a month if its figures are wrong now, and propose what the closed ones leave due.

    What was closed stays: a month that turns out better takes back only what nobody has agreed to yet.
    """
    rows = SlaCredit.objects.select_for_update(of=("self",)).filter(
        contract=one.contract, period_start_date=one.month.first_date
    )
    credits = list(rows.order_by("revision"))
    due = _percent(one, table)
    missing = due - sum((row.percent for row in credits if row.state in (State.AGREED, State.DECIDED)), Decimal(0))
    still_open = next((row for row in credits if row.state in OPEN), None)
    if still_open is None and missing <= 0:
        return False
    if still_open is not None:
        if (missing, one.availability) == (still_open.percent, still_open.availability):
            return False
        _close(still_open, state=State.WITHDRAWN, is_granted=False, actor=actors.SYSTEM, now=now)
    if missing > 0:
        last = credits[-1].revision if credits else -1
        return _propose(one, table=table, percent=missing, revision=last + 1, now=now) or still_open is not None
    return True


def _percent(one: Reached, table: CreditTable) -> Decimal:
    if one.promised is None:
        return Decimal(0)
    content = one.contract.offering_version.content
    return credit_tables.percent_for(content=content, table=table, reached=one.availability, promised=one.promised)


@transaction.atomic
def _propose(
    one: Reached, *, table: CreditTable, percent: Decimal | None = None, revision: int = 0, now: datetime
) -> bool:
    """Write one proposal and tell the provider; False if another worker was quicker (`sla_credit_unique`)."""
    promised = one.promised or Decimal(0)
    credit = SlaCredit(
        contract=one.contract,
        period_start_date=one.month.first_date,
        availability=one.availability,
        promised=promised,
        percent=_percent(one, table) if percent is None else percent,
        revision=revision,
        table=table,
        proposed_at=now,
        answer_by=now + ANSWER_WITHIN,
    )
    try:
        with transaction.atomic():
            credit.save()
    except IntegrityError as error:
        if not errors.breaks(error, "sla_credit_unique", "sla_credit_one_open"):
            raise
        return False
    _note(credit, "sla.proposed", actor=actors.SYSTEM, now=now)
    seller = one.contract.provider.organisation_id
    _tell(credit, seller, PROPOSED, permission="sla.decide", path="/provider/credits/", now=now)
    return True


@transaction.atomic
def agree(*, number: str, month: Month, actor: actors.Actor, now: datetime) -> SlaCredit:
    """The provider grants a proposed credit. Agreeing again changes nothing. Raises NoSuchCredit, WrongState."""
    credit = _lock(number, month, actor, side=actors.PROVIDER)
    if credit.state == State.AGREED:
        return credit
    _require(credit, State.PROPOSED)
    return _close(credit, state=State.AGREED, is_granted=True, actor=actor, now=now)


@transaction.atomic
def dispute(*, number: str, month: Month, reason: str, actor: actors.Actor, now: datetime) -> SlaCredit:
    """The provider says why no credit is due; the operator decides. Raises NoSuchCredit, WrongState, InvalidCredit."""
    credit = _lock(number, month, actor, side=actors.PROVIDER)
    if credit.state == State.DISPUTED:
        return credit
    _require(credit, State.PROPOSED)
    if now >= credit.answer_by:
        raise WrongState(_("The seven days for an answer are over; silence counts as agreement."))
    credit.reason, credit.state = errors.check_reason(reason, refusal=InvalidCredit), State.DISPUTED
    credit.save(update_fields=["reason", "state"])
    _note(credit, "sla.disputed", actor=actor, now=now)
    platform = people.get_platform().pk
    _tell(credit, platform, DISPUTED, permission="sla.decide", path="/operator/credits/", now=now)
    return credit


@transaction.atomic
def decide(
    *, number: str, month: Month, is_granted: bool, reason: str, actor: actors.Actor, now: datetime
) -> SlaCredit:
    """The operator decides a dispute, with a reason that both sides read. Raises as `dispute`."""
    credit = _lock(number, month, actor, side=actors.PLATFORM)
    if credit.state == State.DECIDED and credit.is_granted == is_granted:
        return credit
    _require(credit, State.DISPUTED)
    credit.decision = errors.check_reason(reason, refusal=InvalidCredit)
    return _close(credit, state=State.DECIDED, is_granted=is_granted, actor=actor, now=now)


@transaction.atomic
def agree_overdue(*, now: datetime, limit: int) -> int:
    """Silence agrees: close proposals whose seven days are over, at most `limit`. Returns how many."""
    rows = SlaCredit.objects.select_for_update(of=("self",), skip_locked=True).select_related("contract__provider")
    due = list(rows.filter(state=State.PROPOSED, answer_by__lte=now).order_by("pk")[:limit])
    for credit in due:
        _close(credit, state=State.AGREED, is_granted=True, actor=actors.SYSTEM, now=now)
    return len(due)


def list_credits(*, provider_organisation_id: int | None = None, state: str = "", page: int | str = 1) -> Page:
    """Credits of a provider, or all for the platform, the newest first, 50 a page, in 2 queries."""
    rows = SlaCredit.objects.select_related("contract__buyer", "contract__provider", "table")
    if provider_organisation_id is not None:
        rows = rows.filter(contract__provider__organisation_id=provider_organisation_id)
    if state:
        rows = rows.filter(state=state)
    return Paginator(rows.order_by("-period_start_date", "-pk"), PAGE_SIZE).get_page(page)


def count_credits(*, provider_organisation_id: int | None = None) -> dict[str, int]:
    """How many credits there are by state; one query."""
    rows = SlaCredit.objects.all()
    if provider_organisation_id is not None:
        rows = rows.filter(contract__provider__organisation_id=provider_organisation_id)
    return dict(rows.order_by().values_list("state").annotate(Count("pk")))


def credits_of(*, contract_id: int) -> list[SlaCredit]:
    """The credits of one contract, the newest first."""
    return list(SlaCredit.objects.filter(contract_id=contract_id).select_related("table"))


def _lock(number: str, month: Month, actor: actors.Actor, *, side: str) -> SlaCredit:
    actor.require("sla.decide")
    rows = SlaCredit.objects.select_for_update(of=("self",)).select_related("contract__provider")
    if actor.side != side:
        raise NoSuchCredit(number)
    if side == actors.PROVIDER:
        rows = rows.filter(contract__provider__organisation_id=actor.organisation_id or 0)
    credit = rows.filter(contract__number=number, period_start_date=month.first_date).order_by("-revision").first()
    if credit is None:
        raise NoSuchCredit(number)
    return credit


def _require(credit: SlaCredit, state: str) -> None:
    if credit.state != state:
        raise WrongState(
            _("This credit is in the state “%(state)s”; nothing of the kind is open.")
            % {"state": credit.get_state_display()}
        )


def _close(credit: SlaCredit, *, state: str, is_granted: bool, actor: actors.Actor, now: datetime) -> SlaCredit:
    credit.state, credit.is_granted, credit.closed_at = state, is_granted, now
    credit.save(update_fields=["state", "is_granted", "closed_at", "decision"])
    _note(credit, f"sla.{state}", actor=actor, now=now)
    if is_granted:
        path = f"/buyer/contracts/{credit.contract.number}/service/"
        _tell(credit, credit.contract.buyer_id, GRANTED, permission="contracts.view", path=path, now=now)
    return credit


def _note(credit: SlaCredit, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="contract",
        object_id=credit.contract.number,
        now=now,
        details={"month": str(Month.of_date(credit.period_start_date)), "percent": f"{credit.percent:f}"},
    )


def _tell(credit: SlaCredit, organisation_id: int, text: str, *, permission: str, path: str, now: datetime) -> None:
    month = str(Month.of_date(credit.period_start_date))
    notices.notify(
        organisation_id=organisation_id,
        key=f"sla:{credit.contract.number}:{month}:{credit.state}:{credit.revision}:{credit.percent.normalize():f}",
        permission=permission,
        text=text,
        values={
            "number": credit.contract.number,
            "month": month,
            "percent": f"{credit.percent.normalize():f}",
            "reached": f"{rules.show(credit.availability):f}",
        },
        path=path,
        now=now,
    )
