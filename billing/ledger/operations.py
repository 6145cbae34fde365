"""Writes: post an entry, once per business key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing.ledger.models import Account, Entry, Posting
from billing.rules import money
from marketplace.organisations import errors

AccountKey = tuple[str, int, str]


class Unbalanced(ValueError):
    """The lines of an entry do not sum to zero per currency, or fewer than two are left. A programmer's error."""


class AlreadyPosted(errors.Conflict):
    """The business key was posted before, with other lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry: a debit is positive, a credit negative."""

    kind: str
    organisation_id: int
    amount: money.Money


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is not posted yet. `lines` on the same account are added up; those of zero are left out."""

    business_key: str
    lines: Sequence[Line]
    description: str


def post(*, business_key: str, lines: Sequence[Line], description: str, now: datetime) -> Entry:
    """Post one entry in the caller's transaction. The same key with the same lines gives the entry posted before.

    Raises Unbalanced, or AlreadyPosted for the same key with other lines.
    """
    return post_all(drafts=[Draft(business_key, lines, description)], now=now)[0]


@transaction.atomic
def post_all(*, drafts: Sequence[Draft], now: datetime) -> list[Entry]:
    """Post several entries, all or none, in the order given; the number of queries does not grow with them.

    Each is `post`ed as if alone. Raises ValueError if a key stands on two drafts.
    """
    totals = {draft.business_key: _balanced_totals(draft) for draft in drafts}
    if len(totals) != len(drafts):
        raise ValueError("Each draft needs a business key of its own.")
    accounts = open_accounts(keys={key for amounts in totals.values() for key in amounts})
    fresh = _insert_entries(drafts, now=now)
    Posting.objects.bulk_create(
        Posting(entry_id=entry_id, account_id=accounts[account_key], amount_minor=amount_minor, currency=account_key[2])
        for business_key, entry_id in fresh.items()
        for account_key, amount_minor in totals[business_key].items()
    )
    entries = Entry.objects.in_bulk(list(totals), field_name="business_key")
    repeated = {key: entry for key, entry in entries.items() if key not in fresh}
    if repeated:
        _require_same_lines(repeated, totals)
    return [entries[draft.business_key] for draft in drafts]


def _balanced_totals(draft: Draft) -> dict[AccountKey, int]:
    """What the draft moves on each account. Raises Unbalanced."""
    totals: dict[AccountKey, int] = {}
    sums: dict[str, int] = {}
    for line in draft.lines:
        currency, amount_minor = line.amount.currency, line.amount.amount_minor
        key = (Account.Kind(line.kind).value, line.organisation_id, currency)
        totals[key] = totals.get(key, 0) + amount_minor
        sums[currency] = sums.get(currency, 0) + amount_minor
    off = {currency: total for currency, total in sums.items() if total}
    if off:
        raise Unbalanced(f"Entry {draft.business_key!r} does not sum to zero: {off}.")
    moved = {key: amount_minor for key, amount_minor in totals.items() if amount_minor}
    if len(moved) < 2:
        raise Unbalanced(f"Entry {draft.business_key!r} moves nothing: it needs two accounts.")
    return moved


def open_accounts(*, keys: set[AccountKey]) -> dict[AccountKey, int]:
    """The accounts' ids; those that do not exist are opened. Two who open the same one get the same one."""
    found = _find_accounts(keys)
    # Sorted, so that two who open the same accounts wait for each other in one order.
    missing = sorted(keys - found.keys())
    if missing:
        Account.objects.bulk_create(
            [Account(kind=kind, organisation_id=owner, currency=currency) for kind, owner, currency in missing],
            ignore_conflicts=True,
        )
        found = _find_accounts(keys)
    return found


def _find_accounts(keys: set[AccountKey]) -> dict[AccountKey, int]:
    rows = Account.objects.filter(
        kind__in={kind for kind, _owner, _currency in keys},
        organisation_id__in={owner for _kind, owner, _currency in keys},
        currency__in={currency for _kind, _owner, currency in keys},
    ).values_list("kind", "organisation_id", "currency", "id")
    return {(kind, owner, currency): pk for kind, owner, currency, pk in rows if (kind, owner, currency) in keys}


def _insert_entries(drafts: Sequence[Draft], *, now: datetime) -> dict[str, int]:
    """Insert the entries whose key is new: key → id. Django's bulk_create cannot say which rows were new."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (business_key, posted_at, description)"
            " SELECT key, %s, description FROM unnest(%s::text[], %s::text[])"
            " WITH ORDINALITY AS draft (key, description, position) ORDER BY position"
            " ON CONFLICT (business_key) DO NOTHING RETURNING business_key, id",
            [now, [draft.business_key for draft in drafts], [draft.description[:200] for draft in drafts]],
        )
        return dict(cursor.fetchall())


def _require_same_lines(repeated: Mapping[str, Entry], totals: Mapping[str, dict[AccountKey, int]]) -> None:
    posted: dict[str, dict[AccountKey, int]] = {key: {} for key in repeated}
    for posting in Posting.objects.filter(entry__in=list(repeated.values())).select_related("entry", "account"):
        account = posting.account
        account_key = (account.kind, account.organisation_id, account.currency)
        posted[posting.entry.business_key][account_key] = posting.amount_minor
    for business_key, lines in posted.items():
        if lines != totals[business_key]:
            raise AlreadyPosted(
                _("%(key)s is in the ledger already, with other amounts. Correct it by a new entry.")
                % {"key": business_key}
            )
