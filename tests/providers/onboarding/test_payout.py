"""The small deposit: drawn, sent, entered; three tries; another account is another proof."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from marketplace.organisations import sealed
from providers.onboarding import operations, payout, queries
from providers.onboarding.models import Deposit, PayoutAccount
from tests.providers.onboarding import applicants
from tests.providers.onboarding.applicants import NOW

pytestmark = pytest.mark.django_db
NUMBER = "6222 0000-1111 2222"


def enter(owner: Any, **fields: str) -> PayoutAccount:
    values = {"bank": "示例银行松山支行", "account_name": owner.organisation_name, "number": NUMBER, **fields}
    return payout.enter_account(**values, actor=owner, now=NOW)


def send(account: PayoutAccount, operator: Any) -> int:
    """Draw and send; the amount in fen."""
    payout.draw_deposit(account_id=account.pk, actor=operator, now=NOW)
    transfer = queries.read_transfer(account=account, actor=operator)
    assert transfer is not None
    payout.record_sent(account_id=account.pk, bank_reference="HZ-1", actor=operator, now=NOW)
    return transfer.amount_minor


def guess(owner: Any, amount_minor: int) -> PayoutAccount:
    return payout.enter_amount(amount_minor=amount_minor, actor=owner, now=NOW)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"account_name": "某某个人"}, "account_name"),
        ({"number": "12"}, "number"),
        ({"number": "62220000ABCD2222"}, "number"),
        ({"bank": ""}, "bank"),
    ],
)
def test_an_account_that_cannot_be(fields: dict[str, str], field: str) -> None:
    _application, owner = applicants.register()
    with pytest.raises(operations.InvalidApplication) as refusal:
        enter(owner, **fields)
    assert refusal.value.field == field
    assert not PayoutAccount.objects.exists()


def test_the_right_amount_verifies_and_nothing_is_kept_in_the_clear() -> None:
    partner, owner = applicants.approved()
    operator = applicants.operator()
    account = enter(owner)
    assert (account.number_end, account.version) == ("2222", 1)
    assert sealed.unseal(sealed=account.number_sealed) == "6222000011112222"
    assert "1111" not in account.number_sealed
    with pytest.raises(payout.WrongStage):
        guess(owner, 1)
    amount = send(account, operator)
    assert 1 <= amount <= 99
    assert str(amount) != Deposit.objects.get().amount_sealed
    assert queries.read_transfer(account=account, actor=operator) is None, "it is not shown again once it is sent"
    assert queries.verified_payout_account(partner_id=partner.pk) is None
    assert guess(owner, amount).state == "verified"
    assert guess(owner, amount).state == "verified", "twice changes nothing"
    assert queries.verified_payout_account(partner_id=partner.pk) == account
    enter(owner, number="6222000011113333")
    assert queries.verified_payout_account(partner_id=partner.pk) is None, "a change is proven anew"
    account.refresh_from_db()
    assert account.state == "replaced"


def test_three_wrong_tries_need_another_deposit() -> None:
    _application, owner = applicants.register()
    operator = applicants.operator()
    account = enter(owner)
    wrong = send(account, operator) % 99 + 1
    for left in (2, 1, 0):
        with pytest.raises(payout.WrongAmount) as refusal:
            guess(owner, wrong)
        assert refusal.value.tries_left == left
    account.refresh_from_db()
    assert account.state == "entered"
    with pytest.raises(payout.WrongStage):
        guess(owner, wrong)
    amount = send(account, operator)
    assert guess(owner, amount).state == "verified"
    assert Deposit.objects.filter(account=account).count() == 2


def test_the_drawn_amount_stays_until_it_is_sent_and_is_for_the_platform_only() -> None:
    _application, owner = applicants.register()
    operator = applicants.operator()
    account = enter(owner)
    first = payout.draw_deposit(account_id=account.pk, actor=operator, now=NOW)
    assert payout.draw_deposit(account_id=account.pk, actor=operator, now=NOW) == first
    assert queries.read_transfer(account=account, actor=owner) is None
    with pytest.raises(PermissionDenied):
        payout.draw_deposit(account_id=account.pk, actor=applicants.operator("finance"), now=NOW)
    enter(owner, number="6222000011113333")
    with pytest.raises(payout.NoSuchAccount):
        payout.record_sent(account_id=account.pk, bank_reference="x", actor=operator, now=NOW)
