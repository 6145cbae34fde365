"""What a statement brings into the tables: each line once, its money on the suspense account, differences by name.

Everything happens in the caller's transaction, by a number of statements that does not grow with the lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from billing.ledger import bulk as ledger
from billing.ledger.models import Account
from billing.payments.models import Payment
from billing.payments.statements.entries import Movement
from billing.payments.statements.models import BankStatement, LineDifference, StatementAccount, StatementLine
from listings.exchange.copying import Rows, take_ids
from marketplace.organisations import queries as organisations

COMPARED: Final = ("booked_date", "amount_minor", "payer_name", "payer_account", "payer_bank", "remark")
_STORED: Final = ("row", "reference", *COMPARED)
Status = StatementLine.Status


@dataclass(slots=True)
class Stored:
    """Ids of lines that are new, by what they are, and how many were there already."""

    waiting: list[int] = field(default_factory=list)
    new_count: int = 0
    known_count: int = 0
    changed_count: int = 0


def lock_account(*, account_id: int) -> StatementAccount:
    """The account, locked until the commit: one import of it at a time. Before any line."""
    return StatementAccount.objects.select_for_update().get(pk=account_id)


def store(
    *, statement: BankStatement, account: StatementAccount, movements: Sequence[Movement], now: datetime
) -> Stored:
    """Keep the lines that are new; post what came in to suspense; note what differs from what is kept."""
    kept = _find_kept(account, [one.reference for one in movements])
    fresh = [one for one in movements if one.reference not in kept]
    result = Stored(new_count=len(fresh), known_count=len(movements) - len(fresh))
    differences = [
        (kept[one.reference][0], one.row, name, str(before), str(getattr(one, name)))
        for one in movements
        if one.reference in kept
        for name, before in zip(COMPARED, kept[one.reference][1:], strict=True)
        if _differs(before, getattr(one, name))
    ]
    result.changed_count = len({line_id for line_id, *_rest in differences})
    by_hand = _claim_references(account, fresh)
    ids = take_ids(StatementLine, len(fresh))
    rows = Rows(StatementLine, ["id", "account_id", "statement_id", "currency", "status", *_STORED])
    transfers = []
    suspense = organisations.get_platform().pk
    for line_id, one in zip(ids, fresh, strict=True):
        status = _status(one, by_hand)
        facts = [one.row, one.reference, one.booked_date.isoformat(), *_texts(one)]
        rows.add([line_id, account.pk, statement.pk, account.currency, str(status), *facts])
        if status == Status.UNMATCHED:
            result.waiting.append(line_id)
            transfers.append(_to_suspense(line_id, one, suspense, account.currency))
        elif status == Status.BY_HAND and by_hand[one.reference] not in (None, one.amount_minor):
            differences.append((line_id, one.row, "amount_minor", str(by_hand[one.reference]), str(one.amount_minor)))
    rows.send()
    ledger.transfer_all(transfers=transfers, now=now)
    LineDifference.objects.bulk_create(
        LineDifference(
            line_id=line_id, statement=statement, row=row, field=name, kept=before, found=found, found_at=now
        )
        for line_id, row, name, before, found in differences
    )
    return result


def _differs(kept: object, found: object) -> bool:
    """A format that does not tell a name or an account does not contradict one that does."""
    return kept != found and kept != "" and found != ""


def _texts(one: Movement) -> list[Any]:
    return [one.amount_minor, one.payer_name, one.payer_account, one.payer_bank, one.remark]


def _status(one: Movement, by_hand: dict[str, int | None]) -> str:
    if one.amount_minor < 0:
        return Status.OUTGOING
    return Status.BY_HAND if one.reference in by_hand else Status.UNMATCHED


def _to_suspense(line_id: int, one: Movement, platform_id: int, currency: str) -> ledger.Transfer:
    return ledger.Transfer(
        business_key=f"statement_line:{line_id}",
        description=f"{one.reference} {one.payer_name}",
        debit=(str(Account.Kind.BANK_CLIENT_MONEY.value), platform_id, currency),
        credit=(str(Account.Kind.SUSPENSE.value), platform_id, currency),
        amount_minor=one.amount_minor,
    )


def _find_kept(account: StatementAccount, references: list[str]) -> dict[str, tuple[Any, ...]]:
    """Reference → id and what is compared, of the lines that are there already."""
    lines = StatementLine.objects.filter(account=account).extra(where=["reference = ANY(%s)"], params=[references])
    return {row[0]: row[1:] for row in lines.order_by().values_list("reference", "id", *COMPARED)}


def _claim_references(account: StatementAccount, fresh: Sequence[Movement]) -> dict[str, int | None]:
    """References that a person entered before the statement came → the amount entered. The rest is ours now."""
    references = [one.reference for one in fresh if one.amount_minor > 0]
    with connection.cursor() as cursor:
        # In one order, so that two who enter the same ones wait for each other.
        cursor.execute(
            "INSERT INTO payments_bankreference (reference, statement_account)"
            " SELECT reference, %s FROM unnest(%s::text[]) AS new (reference) ORDER BY reference"
            " ON CONFLICT (reference) DO NOTHING",
            [account.code, references],
        )
        cursor.execute(
            "SELECT reference FROM payments_bankreference WHERE statement_account = '' AND reference = ANY(%s)",
            [references],
        )
        entered: dict[str, int | None] = {reference: None for (reference,) in cursor.fetchall()}
    paid = Payment.objects.filter(gateway=Payment.Gateway.BANK, reference__in=list(entered))
    return entered | dict(paid.values_list("reference", "amount_minor"))
