"""Letters by days overdue, on working days, once each; suspension after notice, resumption when paid."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.contracts.models import Contract
from billing.invoicing.models import Dispute, Invoice
from billing.payments.dunning import days, operations, queries
from billing.payments.dunning.models import DunningStep, Holiday, Letter, Suspension
from marketplace.organisations.models import Notice
from tests import factories, receipts
from tests.billing.payments.test_concurrency import at_once

FINANCE = {"now": datetime(2026, 11, 1, tzinfo=UTC)}


def overdue(*, buyer: Any = None, due: date = date(2026, 10, 9)) -> Invoice:
    """106.00 that were due on a Friday."""
    product = factories.offering(factories.data_centre(factories.hongshan()))
    contract = factories.contract(buyer or factories.foods(), product, plan_code="metered")
    issued = datetime(due.year, due.month, due.day, 1, tzinfo=UTC)
    return receipts.invoice([(contract, 106_00)], issued_at=issued)


def walk(first: date, last: date) -> list[tuple[str, str]]:
    """Run the stage on each day; what was sent, by day."""
    day = first
    while day <= last:
        now = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        while operations.dun_due(now=now, limit=100):
            pass
        day += timedelta(days=1)
    return [(one.sent_date.isoformat(), one.action) for one in Letter.objects.order_by("id")]


@pytest.mark.django_db
def test_a_company_is_reminded_urged_and_suspended_and_resumed_when_it_pays() -> None:
    invoice = overdue()
    sent = walk(date(2026, 10, 10), date(2026, 11, 10))
    # day 3 is Monday the 12th; day 10 is Monday the 19th; day 20 is Thursday the 29th
    assert sent == [("2026-10-12", "remind"), ("2026-10-19", "escalate"), ("2026-10-29", "suspend")]
    contract = Contract.objects.get()
    assert contract.status == "suspended"
    letter = Letter.objects.get(action="remind")
    assert (letter.days_overdue, letter.open_minor, "尚欠" in letter.text_zh) == (3, 106_00, True)
    assert letter.text_en.startswith(f"Invoice {invoice.number} of")
    assert Notice.objects.filter(organisation=invoice.buyer, key__startswith="dunning:").count() == 3
    receipts.pay(invoice)
    walk(date(2026, 11, 11), date(2026, 11, 11))
    contract.refresh_from_db()
    assert (contract.status, Suspension.objects.get().resumed_at is not None) == ("active", True)
    assert Notice.objects.filter(key=f"dunning:{invoice.number}:resumed").exists()


@pytest.mark.django_db
def test_an_agency_has_its_own_steps_and_holidays_are_kept_free() -> None:
    overdue(buyer=factories.bureau())
    for offset in range(7):
        Holiday.objects.create(day=date(2026, 10, 23) + timedelta(days=offset), name="假")
    # day 15 is Saturday the 24th, within the holidays: the first working day after them is Friday the 30th
    assert walk(date(2026, 10, 10), date(2026, 11, 22)) == [("2026-10-30", "remind")]


@pytest.mark.django_db
def test_what_is_disputed_or_paid_is_left_alone() -> None:
    invoice = overdue()
    dispute = Dispute.objects.create(
        number="D1", line=invoice.lines.get(), reason="x", opened_at=FINANCE["now"], opened_by_name="x"
    )
    assert walk(date(2026, 10, 10), date(2026, 10, 13)) == []
    assert [row.is_disputed for row in queries.list_overdue(today=date(2026, 10, 13))[1]] == [True]
    dispute.state, dispute.decided_at = "withdrawn", FINANCE["now"]
    dispute.save()
    receipts.pay(invoice)
    assert walk(date(2026, 10, 14), date(2026, 10, 20)) == []


@pytest.mark.django_db
def test_no_suspension_without_its_notice() -> None:
    """Looked at for the first time when all is late: one step a day, and seven days before the suspension."""
    overdue(due=date(2026, 8, 3))
    sent = walk(date(2026, 10, 12), date(2026, 10, 22))
    assert sent == [("2026-10-12", "remind"), ("2026-10-13", "escalate"), ("2026-10-20", "suspend")]


@pytest.mark.parametrize(
    ("due", "today", "expected"),
    [
        (date(2026, 10, 9), date(2026, 10, 9), 0),
        (date(2026, 10, 10), date(2026, 10, 13), 1),  # due on a Saturday: moved to Monday the 12th
        (date(2026, 10, 1), date(2026, 10, 10), 1),  # due on a holiday: moved to Friday the 9th
        (date(2026, 9, 27), date(2026, 9, 29), 2),  # a Sunday that is worked
    ],
)
def test_days_overdue(due: date, today: date, expected: int) -> None:
    exceptions = {date(2026, 10, day): False for day in range(1, 9)} | {date(2026, 9, 27): True}
    assert days.days_overdue(due, today=today, exceptions=exceptions) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("steps", "field"),
    [((0, 10, 20), "remind"), ((10, 10, 20), "escalate"), ((3, 10, 16), "suspend"), ((3, 10, 400), "remind")],
)
def test_steps_that_make_no_sense(steps: tuple[int, int, int], field: str) -> None:
    actor = factories.actor(factories.platform(), "finance")
    given = dict(zip(("remind", "escalate", "suspend"), steps, strict=True))
    with pytest.raises(operations.InvalidStep) as refused:
        operations.save_steps(audience="company", days_by_action=given, actor=actor, **FINANCE)
    assert refused.value.field == field
    operations.save_steps(
        audience="company", days_by_action={"remind": 1, "escalate": 2, "suspend": 9}, actor=actor, **FINANCE
    )
    assert operations.read_steps()["company"] == {"remind": 1, "escalate": 2, "suspend": 9}
    assert DunningStep.objects.count() == 3


@pytest.mark.django_db
def test_letters_are_kept_as_sent() -> None:
    overdue()
    walk(date(2026, 10, 12), date(2026, 10, 12))
    for change in (lambda: Letter.objects.update(text_zh="x"), lambda: Letter.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False])
def test_two_workers_send_one_letter(is_guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unique rows are the guard; the control takes them and the lock away, and both send."""
    overdue()
    both = threading.Barrier(2, timeout=20)
    choose = operations.due_action

    def slowly(*args: Any, **fields: Any) -> str:
        found = choose(*args, **fields)
        both.wait()
        return found

    monkeypatch.setattr(operations, "due_action", slowly)
    names = ("dunning_letter_once", "dunning_letter_one_a_day")
    if not is_guarded:
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(f"ALTER TABLE dunning_letter DROP CONSTRAINT {name}")
    try:
        now = datetime(2026, 10, 12, 2, tzinfo=UTC)
        done = at_once(*[lambda: operations.dun_due(now=now, limit=1)] * 2)
        assert sorted(done) == ([0, 1] if is_guarded else [1, 1])
        assert Letter.objects.count() == (1 if is_guarded else 2)
    finally:
        if not is_guarded:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE dunning_letter DISABLE TRIGGER USER; DELETE FROM dunning_letter")
                cursor.execute("ALTER TABLE dunning_letter ENABLE TRIGGER USER")
                cursor.execute(f"ALTER TABLE dunning_letter ADD CONSTRAINT {names[0]} UNIQUE (invoice_id, action)")
                cursor.execute(f"ALTER TABLE dunning_letter ADD CONSTRAINT {names[1]} UNIQUE (invoice_id, sent_date)")
