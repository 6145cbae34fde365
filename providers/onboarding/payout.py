"""Writes of payout accounts: enter, send a small deposit, enter its amount.

Who can read an account's statement, owns it: the platform sends an amount between 0.01 and 0.99 CNY, the provider
enters it. Three tries are counted under a row lock and committed even when they fail, so that two at once are two.
"""

import hmac
import re
import secrets
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.organisations import actors, errors, notices, sealed
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from marketplace.organisations.models import Organisation
from providers.onboarding import steps
from providers.onboarding.models import Deposit, PayoutAccount
from providers.onboarding.steps import InvalidApplication

State = PayoutAccount.State
MOST_TRIES: Final = 3
LEAST_FEN, MOST_FEN = 1, 99
# Accounts of companies have no standard length: 8 to 32 digits cover the banks in use.
NUMBER: Final = re.compile(r"[0-9]{8,32}")
PATH: Final = "/provider/onboarding/payout-account/"
ENTERED: Final = gettext_noop("%(name)s has entered a payout account. Please send a small deposit to it.")
SENT: Final = gettext_noop("A small deposit was sent to your account ending in %(end)s. Enter its amount.")
PROVEN: Final = gettext_noop("Your payout account ending in %(end)s is verified.")


class NoSuchAccount(errors.NotFound):
    """No current payout account with this id."""


class WrongStage(errors.Conflict):
    """The account is not at the stage that this needs."""


class WrongAmount(errors.Refused):
    """Not the amount that was sent; `tries_left` may be 0."""

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        message = (
            _("This is not the amount that was sent. Tries left: %(count)s.") % {"count": tries_left}
            if tries_left
            else _("This is not the amount that was sent. The three tries are used: another deposit will be sent.")
        )
        super().__init__(message, field="amount")


@transaction.atomic
def enter_account(*, bank: str, account_name: str, number: str, actor: actors.Actor, now: datetime) -> PayoutAccount:
    """Say where payouts go. Every entry is a new version, which has to be verified before payouts use it.

    Raises InvalidApplication naming `bank`, `account_name` (must be the organisation's own) or `number`.
    """
    actor.require("providers.apply")
    organisation = Organisation.objects.select_for_update().get(pk=actor.organisation_id or 0)
    bank, account_name = " ".join(bank.split()), " ".join(account_name.split())
    digits = re.sub(r"[\s-]", "", number.translate({0xFF10 + one: str(one) for one in range(10)}))
    if not bank or len(bank) > 120:
        raise InvalidApplication(_("Name the bank and its branch, in at most 120 characters."), field="bank")
    if account_name != organisation.name:
        raise InvalidApplication(
            _("The account must be in the name of %(name)s. Payouts to others are not made.")
            % {"name": organisation.name},
            field="account_name",
        )
    if not NUMBER.fullmatch(digits):
        raise InvalidApplication(_("An account number has 8 to 32 digits. Copy it from the bank."), field="number")
    accounts = PayoutAccount.objects.filter(organisation=organisation)
    last = accounts.aggregate(last=Max("version"))["last"] or 0
    for old in accounts.exclude(state=State.REPLACED):
        Deposit.objects.filter(account=old, closed_at=None).update(closed_at=now)
    accounts.exclude(state=State.REPLACED).update(state=State.REPLACED)
    account = PayoutAccount.objects.create(
        organisation=organisation,
        version=last + 1,
        bank=bank,
        account_name=account_name,
        number_sealed=sealed.seal(plaintext=digits),
        number_end=digits[-4:],
        entered_by_id=actor.user_id,
        entered_at=now,
    )
    _note(account, "payout_account.entered", actor=actor, now=now)
    notices.notify(
        organisation_id=people.get_platform().pk,
        key=f"payout:{account.pk}:entered",
        permission="providers.review",
        text=ENTERED,
        values={"name": organisation.name},
        path="/operator/applications/?view=payout",
        now=now,
    )
    return account


@transaction.atomic
def draw_deposit(*, account_id: int, actor: actors.Actor, now: datetime) -> Deposit:
    """Draw the amount that is to be sent; asking again gives the same until it is sent or replaced.

    Raises NoSuchAccount, ReviewerIsMember, WrongStage.
    """
    account = _lock_for_platform(account_id, actor)
    found = Deposit.objects.filter(account=account, closed_at=None).first()
    if found is not None:
        return found
    if account.state != State.ENTERED:
        raise _wrong_stage()
    amount = LEAST_FEN + secrets.randbelow(MOST_FEN - LEAST_FEN + 1)
    deposit = Deposit.objects.create(
        account=account, amount_sealed=sealed.seal(plaintext=str(amount)), drawn_by_id=actor.user_id, drawn_at=now
    )
    account.state = State.DRAWN
    account.save(update_fields=["state"])
    _note(account, "payout_account.deposit_drawn", actor=actor, now=now)
    return deposit


@transaction.atomic
def record_sent(*, account_id: int, bank_reference: str, actor: actors.Actor, now: datetime) -> Deposit:
    """Note that the drawn amount has left the bank. Noting it twice changes nothing. Raises like `draw_deposit`."""
    account = _lock_for_platform(account_id, actor)
    reference = " ".join(bank_reference.split())
    if not reference or len(reference) > 80:
        raise InvalidApplication(_("Enter the bank's reference, in at most 80 characters."), field="bank_reference")
    deposit = Deposit.objects.filter(account=account, closed_at=None).first()
    if deposit is None:
        raise _wrong_stage()
    if deposit.sent_at is not None:
        return deposit
    deposit.sent_at, deposit.bank_reference = now, reference
    deposit.save(update_fields=["sent_at", "bank_reference"])
    account.state = State.SENT
    account.save(update_fields=["state"])
    _note(account, "payout_account.deposit_sent", actor=actor, now=now)
    notices.notify(
        organisation_id=account.organisation_id,
        key=f"payout:{account.pk}:{deposit.pk}:sent",
        permission="providers.apply",
        text=SENT,
        values={"end": account.number_end},
        path=PATH,
        is_urgent=True,
        now=now,
    )
    return deposit


def enter_amount(*, amount_minor: int, actor: actors.Actor, now: datetime) -> PayoutAccount:
    """The provider says what arrived, in fen. A wrong amount counts as a try; after three another deposit is needed.

    Raises WrongAmount, NoSuchAccount, WrongStage.
    """
    actor.require("providers.apply")
    with transaction.atomic():
        account = _lock_current(actor.organisation_id)
        if account.state == State.VERIFIED:
            return account
        deposit = _lock_deposit(account)
        if account.state != State.SENT or deposit is None:
            raise _wrong_stage()
        deposit.tries += 1
        is_right = _is_right(deposit, amount_minor)
        if is_right or deposit.tries == MOST_TRIES:
            deposit.is_confirmed, deposit.closed_at = is_right, now
            account.state = State.VERIFIED if is_right else State.ENTERED
            account.verified_at = now if is_right else None
            account.save(update_fields=["state", "verified_at"])
        deposit.save(update_fields=["tries", "is_confirmed", "closed_at"])
        _note(account, f"payout_account.{'verified' if is_right else 'wrong_amount'}", actor=actor, now=now)
    if not is_right:  # outside: what was counted stays counted
        raise WrongAmount(MOST_TRIES - deposit.tries)
    return account


def _lock_deposit(account: PayoutAccount) -> Deposit | None:
    return Deposit.objects.select_for_update().filter(account=account, closed_at=None).first()


def _lock_current(organisation_id: int | None) -> PayoutAccount:
    rows = PayoutAccount.objects.select_for_update().exclude(state=State.REPLACED)
    account = rows.filter(organisation_id=organisation_id or 0).first()
    if account is None:
        raise NoSuchAccount
    return account


def _lock_for_platform(account_id: int, actor: actors.Actor) -> PayoutAccount:
    actor.require("providers.review")
    account = PayoutAccount.objects.select_for_update().filter(pk=account_id).exclude(state=State.REPLACED).first()
    if account is None:
        raise NoSuchAccount
    steps.require_outsider(organisation_id=account.organisation_id, actor=actor)
    return account


def _is_right(deposit: Deposit, amount_minor: int) -> bool:
    """Compared in constant time: how long it takes tells nothing of the amount."""
    return hmac.compare_digest(f"{int(sealed.unseal(sealed=deposit.amount_sealed)):04d}", f"{amount_minor:04d}")


def _wrong_stage() -> WrongStage:
    return WrongStage(_("The account is not at this stage now. Reload the page to see what comes next."))


def _note(account: PayoutAccount, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="payout_account",
        object_id=account.pk,
        now=now,
        details={"version": account.version},
    )
