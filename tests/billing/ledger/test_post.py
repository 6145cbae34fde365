"""Posting through the operation: once per key, balanced, on accounts that open themselves."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from billing.ledger import operations as ledger
from billing.ledger import queries
from billing.ledger.models import Account, Entry, Posting
from billing.rules.money import Money
from tests import factories

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def cny(amount_minor: int) -> Money:
    return Money(amount_minor, "CNY")


def sale(buyer_id: int, provider_id: int, amount_minor: int = 2000_07) -> list[ledger.Line]:
    return [
        ledger.Line("receivable", buyer_id, cny(amount_minor)),
        ledger.Line("provider_clearing", provider_id, cny(-amount_minor)),
    ]


@pytest.mark.django_db
def test_an_entry_moves_what_its_lines_say():
    buyer, provider = factories.foods(), factories.hongshan().organisation
    entry = ledger.post(business_key="invoice:1", lines=sale(buyer.pk, provider.pk), description="FP-1", now=NOW)
    assert (entry.business_key, entry.description, entry.posted_at) == ("invoice:1", "FP-1", NOW)
    assert queries.balance(kind="receivable", organisation_id=buyer.pk) == cny(2000_07)
    assert queries.balance(kind="provider_clearing", organisation_id=provider.pk) == cny(-2000_07)
    assert queries.balance(kind="receivable", organisation_id=provider.pk) == cny(0)
    assert queries.verify() == []


@pytest.mark.django_db
def test_the_same_key_and_lines_give_the_same_entry():
    buyer, provider = factories.foods(), factories.hongshan().organisation
    first = ledger.post(business_key="invoice:1", lines=sale(buyer.pk, provider.pk), description="a", now=NOW)
    again = ledger.post(
        business_key="invoice:1", lines=list(reversed(sale(buyer.pk, provider.pk))), description="b", now=NOW
    )
    assert again == first
    assert (Entry.objects.count(), Posting.objects.count(), Account.objects.count()) == (1, 2, 2)


@pytest.mark.django_db
def test_the_same_key_with_other_lines_is_refused():
    buyer, provider = factories.foods(), factories.hongshan().organisation
    ledger.post(business_key="invoice:1", lines=sale(buyer.pk, provider.pk), description="", now=NOW)
    with pytest.raises(ledger.AlreadyPosted, match="invoice:1"), transaction.atomic():
        ledger.post(business_key="invoice:1", lines=sale(buyer.pk, provider.pk, 1), description="", now=NOW)
    assert queries.balance(kind="receivable", organisation_id=buyer.pk) == cny(2000_07)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "amounts",
    [
        [100, -99],
        [100, 1],
        [100],
        [],
        [0, 0],
    ],
)
def test_lines_that_do_not_sum_to_zero_are_refused(amounts: list[int]):
    owners = [factories.foods().pk, factories.hongshan().organisation.pk]
    lines = [ledger.Line("receivable", owner, cny(one)) for owner, one in zip(owners, amounts, strict=False)]
    with pytest.raises(ledger.Unbalanced):
        ledger.post(business_key="x", lines=lines, description="", now=NOW)
    assert (Entry.objects.count(), Account.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_each_currency_sums_to_zero_by_itself():
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    mixed = [ledger.Line("receivable", buyer, cny(100)), ledger.Line("receivable", provider, Money(-100, "USD"))]
    with pytest.raises(ledger.Unbalanced):
        ledger.post(business_key="x", lines=mixed, description="", now=NOW)


@pytest.mark.django_db
def test_an_account_named_twice_is_posted_once():
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    lines = [
        ledger.Line("receivable", buyer, cny(70)),
        ledger.Line("receivable", buyer, cny(30)),
        ledger.Line("provider_clearing", provider, cny(-100)),
        ledger.Line("vat_payable", provider, cny(0)),
    ]
    entry = ledger.post(business_key="x", lines=lines, description="", now=NOW)
    assert sorted(entry.postings.values_list("amount_minor", flat=True)) == [-100, 100]
    assert not Account.objects.filter(kind="vat_payable").exists()


@pytest.mark.django_db
def test_many_entries_take_no_more_queries_than_one(django_assert_num_queries):
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    with django_assert_num_queries(8):  # savepoint; find, open, find accounts; entries; postings; read; release
        ledger.post(business_key="0", lines=sale(buyer, provider), description="", now=NOW)
    drafts = [ledger.Draft(f"{number}", sale(buyer, provider, number), "") for number in range(1, 100)]
    with django_assert_num_queries(6):
        entries = ledger.post_all(drafts=drafts, now=NOW)
    assert [entry.business_key for entry in entries] == [draft.business_key for draft in drafts]
    assert queries.balance(kind="receivable", organisation_id=buyer) == cny(2000_07 + 99 * 100 // 2)


@pytest.mark.django_db
def test_two_drafts_of_one_key_are_refused():
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    with pytest.raises(ValueError, match="business key"):
        ledger.post_all(drafts=[ledger.Draft("1", sale(buyer, provider), "")] * 2, now=NOW)


@pytest.mark.django_db
def test_the_trial_balance_adds_up_to_zero():
    buyer, provider, platform = factories.foods().pk, factories.hongshan().organisation.pk, factories.platform().pk
    ledger.post(business_key="invoice", lines=sale(buyer, provider), description="", now=NOW)
    paid = [
        ledger.Line("bank_client_money", platform, cny(500_00)),
        ledger.Line("receivable", buyer, cny(-500_00)),
    ]
    ledger.post(business_key="payment", lines=paid, description="", now=NOW)
    rows = [(row.kind, row.debits_minor, row.credits_minor, row.balance_minor) for row in queries.trial_balance()]
    assert rows == [
        ("bank_client_money", 500_00, 0, 500_00),
        ("provider_clearing", 0, 2000_07, -2000_07),
        ("receivable", 2000_07, 500_00, 1500_07),
    ]
    assert [(row.organisation_id, row.balance_minor) for row in queries.list_balances(kind="receivable")] == [
        (buyer, 1500_07)
    ]


@pytest.mark.django_db(transaction=True)
def test_many_post_the_same_key_at_once():
    """Eight threads, one key, accounts that nobody has opened: one entry, and all get it."""
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    barrier = threading.Barrier(8)
    entries: list[int] = []

    def work() -> None:
        try:
            barrier.wait()
            entries.append(ledger.post(business_key="one", lines=sale(buyer, provider), description="", now=NOW).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entries) == 8
    assert len(set(entries)) == 1
    assert (Entry.objects.count(), Posting.objects.count(), Account.objects.count()) == (1, 2, 2)
