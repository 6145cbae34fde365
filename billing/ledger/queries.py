"""Reads: balances, the trial balance, and the proof that every entry sums to zero."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from billing.ledger.models import Account, Entry, Posting
from billing.rules import money


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account with what stands on it, in minor units; debits are positive."""

    kind: str
    organisation_id: int
    organisation_name: str
    currency: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts of one kind and currency together, in minor units; balance = debits − credits."""

    kind: str
    currency: str
    debits_minor: int
    credits_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that breaks the rule of double entry. There should be none."""

    business_key: str
    currency: str
    postings: int
    sum_minor: int


def balance(*, kind: str, organisation_id: int, currency: str = "CNY") -> money.Money:
    """What stands on one account; debits are positive. An account that was never used stands at zero."""
    total = Posting.objects.filter(
        account__kind=kind, account__organisation_id=organisation_id, account__currency=currency
    ).aggregate(total=Sum("amount_minor"))["total"]
    return money.Money(int(total or 0), currency)


def list_balances(*, kind: str, organisation_ids: Collection[int] | None = None) -> list[AccountBalance]:
    """The accounts of a kind with their balances, by organisation name; of all organisations if none are named."""
    accounts = Account.objects.filter(kind=kind)
    if organisation_ids is not None:
        accounts = accounts.filter(organisation_id__in=organisation_ids)
    rows = (
        accounts.annotate(total=Sum("postings__amount_minor"))
        .order_by("organisation__name", "organisation_id", "currency")
        .values_list("kind", "organisation_id", "organisation__name", "currency", "total")
    )
    return [AccountBalance(kind, owner, name, currency, int(total or 0)) for kind, owner, name, currency, total in rows]


def trial_balance() -> list[TrialLine]:
    """Every kind of account by currency. The balances of a currency add up to zero."""
    rows = (
        Posting.objects.values_list("account__kind", "currency")
        .annotate(
            debits=Sum("amount_minor", filter=Q(amount_minor__gt=0), default=0),
            credits=Sum("amount_minor", filter=Q(amount_minor__lt=0), default=0),
        )
        .order_by("currency", "account__kind")
    )
    return [
        TrialLine(kind, currency, int(debits), -int(credits), int(debits + credits))
        for kind, currency, debits, credits in rows
    ]


def verify() -> list[Fault]:
    """Entries that have fewer than two postings or do not sum to zero in a currency: none, or the guard was off."""
    unbalanced = (
        Posting.objects.values_list("entry__business_key", "currency")
        .annotate(postings=Count("id"), total=Sum("amount_minor"))
        .exclude(total=0)
        .order_by("entry__business_key", "currency")
    )
    thin = (
        Entry.objects.annotate(postings_count=Count("postings"))
        .filter(postings_count__lt=2)
        .order_by("business_key")
        .values_list("business_key", "postings_count")
    )
    faults = [Fault(key, currency, count, int(total)) for key, currency, count, total in unbalanced]
    named = {fault.business_key for fault in faults}
    return faults + [Fault(key, "", count, 0) for key, count in thin if key not in named]
