"""Which charges are due to be invoiced, and for whom."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from billing.invoicing.models import Invoice
from billing.rating import queries as rating
from billing.rating.models import Charge
from billing.rules.periods import Month


class Group(NamedTuple):
    """What one invoice is for."""

    buyer_id: int
    provider_id: int
    currency: str


def find_due_groups(*, month: Month, buyer_ids: Collection[int] | None = None) -> list[Group]:
    """Groups with charges on no invoice, no invoice for `month` yet, and nothing of the month left to rate."""
    same_group = {
        "buyer": OuterRef("contract__buyer"),
        "provider": OuterRef("contract__provider"),
        "currency": OuterRef("contract__currency"),
    }
    charges = _open_charges(month).exclude(
        Exists(Invoice.objects.filter(period_start_date=month.first_date, **same_group))
    )
    if buyer_ids is not None:
        charges = charges.filter(contract__buyer__in=buyer_ids)
    keys = charges.order_by().values_list("contract__buyer_id", "contract__provider_id", "contract__currency")
    groups = sorted(Group(*key) for key in keys.distinct())
    if not groups:
        return []
    not_rated = rating.parties_not_rated(month=month)
    return [group for group in groups if (group.buyer_id, group.provider_id) not in not_rated]


def read_charges(*, groups: Sequence[Group], month: Month) -> dict[Group, list[Charge]]:
    """The charges of those of `groups` that are due still, in the order of their lines."""
    buyer_ids = {group.buyer_id for group in groups}
    due = set(groups) & set(find_due_groups(month=month, buyer_ids=buyer_ids))
    charges = (
        _open_charges(month)
        .filter(contract__buyer__in=buyer_ids, contract__provider__in={group.provider_id for group in due})
        .select_related("component", "contract__plan", "contract__provider")
        .order_by("contract_id", "period_start_date", "component__position", "component_id", "revision", "position")
    )
    found: dict[Group, list[Charge]] = {group: [] for group in groups if group in due}
    for charge in charges:
        group = Group(charge.contract.buyer_id, charge.contract.provider_id, charge.contract.currency)
        if group in found:
            found[group].append(charge)
    return found


def _open_charges(month: Month) -> QuerySet[Charge]:
    return Charge.objects.filter(line=None, credited=None, period_start_date__lte=month.first_date)
