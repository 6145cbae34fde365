"""Two entries of an amount at once count as two tries; without the row locks, as one."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from providers.onboarding import payout
from providers.onboarding.models import Deposit, PayoutAccount
from tests.providers.onboarding import applicants
from tests.providers.onboarding.applicants import NOW
from tests.providers.onboarding.test_payout import enter, send

ROUNDS = 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "control"])
def test_two_at_once_are_two_tries(
    is_guarded: bool, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path
    _application, owner = applicants.register()
    operator = applicants.operator()
    if not is_guarded:
        monkeypatch.setattr(payout, "_lock_current", lambda pk: PayoutAccount.objects.exclude(state="replaced").get())
        monkeypatch.setattr(payout, "_lock_deposit", lambda account: Deposit.objects.get(closed_at=None))
    counted = []
    for _round in range(ROUNDS):
        wrong = send(enter(owner), operator) % 99 + 1
        together = threading.Barrier(2)
        compare = payout._is_right

        def meet(deposit: Deposit, amount_minor: int, together: Any = together, compare: Any = compare) -> bool:
            """Both have read the row before one writes, if nothing keeps them apart."""
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(timeout=0.5)
            return compare(deposit, amount_minor)

        with monkeypatch.context() as patch:
            patch.setattr(payout, "_is_right", meet)
            threads = [threading.Thread(target=_guess, args=(owner, wrong)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        counted.append(Deposit.objects.get(closed_at=None).tries)
    if is_guarded:
        assert counted == [2] * ROUNDS
    else:
        assert min(counted) == 1


def _guess(owner: Any, amount_minor: int) -> None:
    try:
        payout.enter_amount(amount_minor=amount_minor, actor=owner, now=NOW)
    except payout.WrongAmount:
        pass
    finally:
        connection.close()
