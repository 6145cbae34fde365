"""Which contract an event belongs to: by the contract's number, or by the provider's own resource id.

Looked up once for a batch, and kept in this process for `USAGE_KEPT_SECONDS`. Only what was found is kept, so a new
contract counts at once; a contract's new last day is seen when that time has passed.
"""

import time
from collections.abc import Collection
from typing import Final

from django.conf import settings

from billing.contracts import queries as contracts

Bindings = tuple[contracts.ContractBinding, ...]

MOST_KEPT: Final = 50_000

_kept: dict[tuple[int, str], tuple[float, Bindings]] = {}


def find(*, provider_id: int, subjects: Collection[str]) -> dict[str, Bindings]:
    """The contracts of each subject, earliest first; several where a changed contract kept its resource.

    At most 3 queries; 1 where all subjects are contracts' numbers, none where all are remembered.
    """
    now, kept_s = time.monotonic(), settings.USAGE_KEPT_SECONDS
    found: dict[str, Bindings] = {}
    if kept_s:
        for subject in subjects:
            until, bindings = _kept.get((provider_id, subject), (0.0, ()))
            if until > now:
                found[subject] = bindings
    missing = [subject for subject in subjects if subject not in found]
    if not missing:
        return found
    fresh = contracts.contracts_by_subject(provider_id=provider_id, subjects=missing)
    if kept_s:
        if len(_kept) + len(fresh) > MOST_KEPT:
            _kept.clear()
        _kept.update({(provider_id, subject): (now + kept_s, bindings) for subject, bindings in fresh.items()})
    return found | fresh


def forget() -> None:
    """Look everything up anew, in this process; for tests."""
    _kept.clear()
