"""Many entries of the same two accounts' kinds by three statements, for what comes by the hundred thousand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from billing.ledger import operations


@dataclass(frozen=True, slots=True)
class Transfer:
    """One entry of two postings: `amount_minor` above zero is debited to one account and credited to the other."""

    business_key: str
    description: str
    debit: operations.AccountKey
    credit: operations.AccountKey
    amount_minor: int


class Repeated(operations.AlreadyPosted):
    """A business key of the batch is in the ledger already; nothing was posted."""


@transaction.atomic
def transfer_all(*, transfers: Sequence[Transfer], now: datetime) -> None:
    """Post all, or none if one is repeated: the caller knows that they are new. Raises Repeated, Unbalanced."""
    if not transfers:
        return
    for one in transfers:
        if one.amount_minor <= 0 or one.debit == one.credit or one.debit[2] != one.credit[2]:
            raise operations.Unbalanced(f"Transfer {one.business_key!r} moves nothing, or between currencies.")
    accounts = operations.open_accounts(keys={key for one in transfers for key in (one.debit, one.credit)})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH draft AS (
                SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
                    AS draft (key, description, debit, credit, amount, currency)
            ), entry AS (
                INSERT INTO ledger_entry (business_key, posted_at, description)
                SELECT key, %s, description FROM draft
                ON CONFLICT (business_key) DO NOTHING
                RETURNING id, business_key
            )
            INSERT INTO ledger_posting (entry_id, account_id, amount_minor, currency)
            SELECT entry.id, side.account, side.amount, draft.currency
            FROM entry JOIN draft ON draft.key = entry.business_key
            CROSS JOIN LATERAL (VALUES (draft.debit, draft.amount), (draft.credit, -draft.amount))
                AS side (account, amount)
            """,
            [
                [one.business_key for one in transfers],
                [one.description[:200] for one in transfers],
                [accounts[one.debit] for one in transfers],
                [accounts[one.credit] for one in transfers],
                [one.amount_minor for one in transfers],
                [one.debit[2] for one in transfers],
                now,
            ],
        )
        if cursor.rowcount != 2 * len(transfers):
            raise Repeated("An entry of this batch is in the ledger already; nothing was posted.")
