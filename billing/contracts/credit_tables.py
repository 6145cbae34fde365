"""What a month below its promise earns: by the standard table of the marketplace, and by one that a version states.

The version's own table goes first. Where the standard is marked as a floor, the better of the two decides, so that no
listing grants less than the house.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.contracts.models import CreditTable
from billing.rules import availability as rules
from billing.rules import periods
from billing.rules.availability import Step
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

NOTICE_DAYS: Final = 7  # E-commerce law of the PRC, article 34: changed rules are published seven days ahead


class NoSuchTable(errors.NotFound):
    """Only the platform enters tables."""


class InvalidTable(errors.Refused):
    """A date, a step or a source is missing or impossible; `field` says which."""


@transaction.atomic
def enter_table(
    *,
    effective_date: date,
    steps: Sequence[Step],
    source: str,
    is_floor: bool = False,
    actor: actors.Actor,
    now: datetime,
) -> CreditTable:
    """Put another standard in force from the first of a month on, at least seven days ahead.

    `is_floor`: listings with a table of their own grant at least this one.

    Raises InvalidTable (fields `effective_date`, `steps`, `source`).
    """
    actor.require("sla.decide")
    if actor.side != actors.PLATFORM:
        raise NoSuchTable
    if effective_date.day != 1 or effective_date < periods.civil_date(now) + timedelta(days=NOTICE_DAYS):
        raise InvalidTable(_("Choose the first day of a month, at least seven days from now."), field="effective_date")
    if not source.strip():
        raise InvalidTable(_("Say where the table stands, so that buyers can read it."), field="source")
    try:
        checked = rules.check_table(steps)
    except rules.InvalidCreditTable as error:
        raise InvalidTable(
            _("A lower availability must earn a larger credit, of at most 100 %."), field="steps"
        ) from error
    written = [
        {"below": None if one.below is None else f"{one.below:f}", "percent": f"{one.percent:f}"} for one in checked
    ]
    try:
        with transaction.atomic():
            table = CreditTable.objects.create(
                effective_date=effective_date,
                steps=written,
                source=source.strip(),
                is_floor=is_floor,
                entered_at=now,
                entered_by_id=actor.user_id,
            )
    except IntegrityError as error:
        raise InvalidTable(_("Another table begins on this day already."), field="effective_date") from error
    organisations.record(
        actor=actor,
        action="sla.table_entered",
        object_type="credit_table",
        object_id=table.pk,
        now=now,
        details={"steps": written, "is_floor": is_floor},
    )
    return table


def table_in_force(*, on: date) -> CreditTable:
    """The standard table of a day: the newest that had come into force; the first one before that."""
    found = CreditTable.objects.filter(effective_date__lte=on).order_by("-effective_date").first()
    return found or CreditTable.objects.order_by("effective_date")[0]


def steps_of(table: CreditTable) -> tuple[Step, ...]:
    """The steps of a stored table."""
    return tuple(
        Step(None if one["below"] is None else Decimal(one["below"]), Decimal(one["percent"])) for one in table.steps
    )


def own_steps(content: Mapping[str, Any]) -> tuple[Step, ...]:
    """The credit table that a version of an offering states itself; empty if it has none."""
    text = content.get("sla_credits", "")
    return rules.read_table(text) if text else ()


def percent_for(*, content: Mapping[str, Any], table: CreditTable, reached: Decimal, promised: Decimal) -> Decimal:
    """What a month earns by the version's table, else by the standard; by the better of both if that is a floor."""
    own = own_steps(content)
    tables = [own] if own and not table.is_floor else [own, steps_of(table)]
    return max(rules.credit_percent(reached=reached, promised=promised, steps=steps) for steps in tables if steps)
