"""Writes: send the step that is due, suspend and resume contracts, edit steps and holidays.

Each invoice is one transaction. The letter's unique row comes first, so that of two workers one sends it; the notice
and its mail follow from it. Letters go out on working days, at most one a day for an invoice, in the order of steps.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.contracts import lifecycle
from billing.contracts.models import Contract
from billing.invoicing.models import Invoice, InvoiceBalance, InvoiceLine
from billing.payments.dunning import days
from billing.payments.dunning.models import DunningStep, Holiday, Letter, Suspension
from billing.rules import periods, uscc
from billing.rules.money import Money
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations

Action = DunningStep.Action
AGENCIES: Final = frozenset({uscc.GOVERNMENT, uscc.PUBLIC_INSTITUTION})
USUAL: Final[dict[DunningStep.Audience, dict[str, int]]] = {
    DunningStep.Audience.COMPANY: {Action.REMIND: 3, Action.ESCALATE: 10, Action.SUSPEND: 20},
    DunningStep.Audience.AGENCY: {Action.REMIND: 15, Action.ESCALATE: 45, Action.SUSPEND: 90},
}
MOST_LOOKED_AT: Final = 20_000  # overdue invoices that still have a step before them
LEAST_NOTICE_DAYS: Final = 7  # between announcing a suspension and suspending
TEXTS: Final[Mapping[str, str]] = {
    Action.REMIND: gettext_noop(
        "Invoice %(number)s of %(total)s was due on %(due)s; %(open)s are open. Please transfer them and name it."
    ),
    Action.ESCALATE: gettext_noop(
        "Invoice %(number)s is %(days)s days overdue; %(open)s are open. If they are not paid, its contracts will be "
        "suspended in %(notice)s days at the earliest."
    ),
    Action.SUSPEND: gettext_noop(
        "Invoice %(number)s is %(days)s days overdue; %(open)s are open. Its contracts are suspended and resume when "
        "it is paid."
    ),
}
RESUMED: Final = gettext_noop("Invoice %(number)s is paid. Its contracts run again.")


class InvalidStep(errors.Refused):
    """The days of a step are out of range, out of order, or give too little notice."""


class InvalidHoliday(errors.Refused):
    """A holiday has no name, or its day is there already."""


def dun_due(*, now: datetime, limit: int) -> int:
    """Send what is due today for up to `limit` invoices; resume contracts whose invoices are paid. Returns how many."""
    today = periods.civil_date(now)
    exceptions = read_exceptions()
    done = resume_paid(now=now, limit=limit)
    if not days.is_workday(today, exceptions=exceptions):
        return done
    steps = read_steps()
    late = (
        InvoiceBalance.objects.filter(invoice__due_date__lt=today, status__in=InvoiceBalance.OPEN)
        .exclude(invoice__letters__sent_date=today)
        .exclude(invoice__letters__action=Action.SUSPEND)
        .select_related("invoice__buyer")
        .prefetch_related("invoice__letters")
        .order_by("invoice__due_date", "invoice_id")
    )
    for balance in list(late[:MOST_LOOKED_AT]):
        if done >= limit:
            break
        action = due_action(balance=balance, steps=steps, today=today, exceptions=exceptions)
        if action and _send(balance.invoice, action, today=today, exceptions=exceptions, now=now):
            done += 1
    return done


def due_action(
    *,
    balance: InvoiceBalance,
    steps: Mapping[str, Mapping[str, int]],
    today: date,
    exceptions: Mapping[date, bool],
) -> str:
    """The next step of an invoice that is due, or "": in their order, and a suspension only after its notice."""
    invoice = balance.invoice
    overdue = days.days_overdue(invoice.due_date, today=today, exceptions=exceptions)
    sent = {letter.action: letter.sent_date for letter in invoice.letters.all()}
    for action, from_day in sorted(steps[audience_of(invoice=invoice)].items(), key=lambda one: one[1]):
        if action in sent:
            continue
        if overdue < from_day:
            return ""
        if action == Action.SUSPEND:
            announced = sent.get(Action.ESCALATE)
            if announced is None or (today - announced).days < LEAST_NOTICE_DAYS:
                return ""
        return action
    return ""


def audience_of(*, invoice: Invoice) -> str:
    """Agencies and public institutions pay by budget and have steps of their own."""
    is_agency = invoice.buyer.organisation_class in AGENCIES
    return DunningStep.Audience.AGENCY if is_agency else DunningStep.Audience.COMPANY


def read_steps() -> dict[str, dict[str, int]]:
    """Audience → action → days overdue, as finance has set them, else as is usual."""
    kept: dict[str, dict[str, int]] = {}
    for audience, action, from_day in DunningStep.objects.values_list("audience", "action", "days_overdue"):
        kept.setdefault(audience, {})[action] = from_day
    return {audience.value: kept.get(audience.value, dict(usual)) for audience, usual in USUAL.items()}


def read_exceptions() -> dict[date, bool]:
    """Day → whether it is worked, for the days that are not what their weekday says."""
    return dict(Holiday.objects.values_list("day", "is_workday"))


def disputed_minor(*, invoice_ids: Collection[int]) -> dict[int, int]:
    """Invoice → what is open of the lines that its buyer disputes; others are left out. It is not pressed for."""
    lines = (
        InvoiceLine.objects.filter(invoice__in=invoice_ids, disputes__state="open")
        .annotate(
            gross=F("net_minor") + F("tax_minor"),
            collected=Sum("collections__amount_minor", default=0),
            credited_minor=Coalesce(F("credited__net_minor") + F("credited__tax_minor"), 0),
        )
        .values_list("invoice_id", "gross", "credited_minor", "collected")
    )
    found: dict[int, int] = {}
    for invoice_id, gross, credited, collected in lines:
        found[invoice_id] = found.get(invoice_id, 0) + max(0, gross - credited - collected)
    return found


@transaction.atomic
def _send(invoice: Invoice, action: str, *, today: date, exceptions: Mapping[date, bool], now: datetime) -> bool:
    """Write one letter, tell the buyer, suspend if it says so. False if another worker did, or it is paid."""
    balance = InvoiceBalance.objects.select_for_update().get(invoice=invoice)
    open_minor = balance.open_minor - disputed_minor(invoice_ids=[invoice.pk]).get(invoice.pk, 0)
    if open_minor <= 0 or balance.status not in InvoiceBalance.OPEN:
        return False
    overdue = days.days_overdue(invoice.due_date, today=today, exceptions=exceptions)
    values: dict[str, str | int] = {
        "number": invoice.number,
        "total": str(Money(balance.total_minor, invoice.currency)),
        "open": str(Money(open_minor, invoice.currency)),
        "due": invoice.due_date.isoformat(),
        "days": overdue,
        "notice": LEAST_NOTICE_DAYS,
    }
    texts = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            texts[language] = _(TEXTS[action]) % values
    try:
        with transaction.atomic():
            Letter.objects.create(
                invoice=invoice,
                action=action,
                days_overdue=overdue,
                open_minor=open_minor,
                text_zh=texts["zh-hans"],
                text_en=texts["en"],
                sent_at=now,
                sent_date=today,
            )
    except IntegrityError:
        return False
    _tell(invoice, TEXTS[action], f"dunning:{invoice.number}:{action}", values, now=now)
    if action == Action.SUSPEND:
        _suspend(invoice, reason=texts["zh-hans"], now=now)
    return True


def _tell(invoice: Invoice, text: str, key: str, values: Mapping[str, str | int], *, now: datetime) -> None:
    notices.notify(
        organisation_id=invoice.buyer_id,
        key=key,
        permission="payments.view",
        text=text,
        values=values,
        path=f"/buyer/invoices/{invoice.number}/",
        is_urgent=True,
        now=now,
    )


def _suspend(invoice: Invoice, *, reason: str, now: datetime) -> None:
    """Suspend the active contracts that stand on the invoice, in one order."""
    contracts = Contract.objects.select_for_update().filter(
        pk__in=invoice.lines.values("contract"), status=Contract.Status.ACTIVE
    )
    for contract in contracts.order_by("pk"):
        lifecycle.move(contract=contract, step="suspend", reason=reason[:300], actor=actors.SYSTEM, now=now)
        Suspension.objects.create(contract=contract, invoice=invoice, suspended_at=now)


def resume_paid(*, now: datetime, limit: int) -> int:
    """Let contracts run again whose invoice is paid, unless another unpaid one keeps them. Returns how many."""
    paid = Suspension.objects.filter(resumed_at=None).exclude(invoice__balance__status__in=InvoiceBalance.OPEN)
    return sum(_resume(pk, now=now) for pk in paid.order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _resume(suspension_id: int, *, now: datetime) -> bool:
    suspension = (
        Suspension.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("invoice")
        .filter(pk=suspension_id, resumed_at=None)
        .first()
    )
    if suspension is None:
        return False
    suspension.resumed_at = now
    suspension.save(update_fields=["resumed_at"])
    held = Suspension.objects.filter(contract_id=suspension.contract_id, resumed_at=None).exists()
    contract = Contract.objects.select_for_update().get(pk=suspension.contract_id)
    if contract.status == Contract.Status.SUSPENDED and not held:
        with translation.override("zh-hans"):
            reason = _(RESUMED) % {"number": suspension.invoice.number}
        lifecycle.move(contract=contract, step="resume", reason=reason, actor=actors.SYSTEM, now=now)
        key = f"dunning:{suspension.invoice.number}:resumed"
        _tell(suspension.invoice, RESUMED, key, {"number": suspension.invoice.number}, now=now)
    return True


@transaction.atomic
def save_steps(*, audience: str, days_by_action: Mapping[str, int], actor: actors.Actor, now: datetime) -> None:
    """Set the days of all three steps for companies or agencies. Raises InvalidStep with the action as its field."""
    order = [days_by_action.get(action, 0) for action in (Action.REMIND, Action.ESCALATE, Action.SUSPEND)]
    if audience not in DunningStep.Audience.values or any(not 1 <= one <= 365 for one in order):
        raise InvalidStep(_("Enter days from 1 to 365 for each step."), field=Action.REMIND)
    if not order[0] < order[1]:
        raise InvalidStep(_("Urging comes after reminding: enter more days."), field=Action.ESCALATE)
    if order[2] - order[1] < LEAST_NOTICE_DAYS:
        raise InvalidStep(
            _("Suspend at least %(days)s days after announcing it.") % {"days": LEAST_NOTICE_DAYS},
            field=Action.SUSPEND,
        )
    DunningStep.objects.filter(audience=audience).delete()
    DunningStep.objects.bulk_create(
        DunningStep(audience=audience, action=action, days_overdue=days_by_action[action])
        for action in (Action.REMIND, Action.ESCALATE, Action.SUSPEND)
    )
    organisations.record(
        actor=actor,
        action="dunning_steps.changed",
        object_type="dunning_steps",
        object_id=audience,
        now=now,
        details=dict(days_by_action),
    )


@transaction.atomic
def save_holiday(*, day: date, name: str, is_workday: bool, actor: actors.Actor, now: datetime) -> Holiday:
    """Enter a holiday or a day worked to make up, or correct it. Raises InvalidHoliday."""
    if not name.strip():
        raise InvalidHoliday(_("Name the holiday, such as 春节."), field="name")
    holiday, _is_new = Holiday.objects.update_or_create(
        day=day, defaults={"name": name.strip()[:40], "is_workday": is_workday, "is_sample": False}
    )
    _record_holiday(day, "saved", actor, now)
    return holiday


@transaction.atomic
def remove_holiday(*, day: date, actor: actors.Actor, now: datetime) -> None:
    """Make a day again what its weekday says."""
    Holiday.objects.filter(day=day).delete()
    _record_holiday(day, "removed", actor, now)


def _record_holiday(day: date, what: str, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor, action=f"holiday.{what}", object_type="holiday", object_id=day.isoformat(), now=now
    )
