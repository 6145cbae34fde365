"""Granted service level credits as charges below zero: the month's rated amount × percent, one for each VAT rate.

Only what recurs or is metered counts, at full precision, over all revisions; a month earns the sum of its granted
credits. When a further one is granted, or late usage changes the month's amount, a further revision carries the
difference, so Σ revisions stays right.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, Sum

from billing.contracts.models import SlaCredit
from billing.rating.models import Charge, CreditedMonth, RatedPeriod
from billing.rules import availability, decimals, pricing

COUNTED: Final = (pricing.RECURRING, pricing.METERED)
Period = tuple[int, date]  # contract, first day of the month
Key = tuple[Period, Decimal]  # and the VAT rate


@transaction.atomic
def credit_pending(*, now: datetime, limit: int) -> int:
    """Charge granted credits whose month is rated, or rated again since, at most `limit`. Returns how many.

    The credits are locked, and `charge_unique` keeps what a lock might not.
    """
    seen = CreditedMonth.objects.filter(credit=OuterRef("pk"), rated_at=OuterRef("rated"))
    rated = RatedPeriod.objects.filter(contract=OuterRef("contract"), period_start_date=OuterRef("period_start_date"))
    waiting = SlaCredit.objects.filter(is_granted=True).annotate(rated=rated.values("rated_at")[:1])
    unseen = waiting.filter(~Exists(seen), rated__isnull=False).order_by("pk").values_list("pk", flat=True)
    months = {
        (one.contract_id, one.period_start_date)
        for one in SlaCredit.objects.filter(pk__in=list(unseen[:limit])).only("contract_id", "period_start_date")
    }
    granted = SlaCredit.objects.filter(_of(months), is_granted=True)
    locked = set(granted.select_for_update(of=("self",), skip_locked=True).order_by("pk").values_list("pk", flat=True))
    # A month is charged with all its credits or, while another worker holds one of them, in the next run.
    found = list(granted.annotate(rated=rated.values("rated_at")[:1]).order_by("revision"))
    held = {_month(one) for one in found if one.pk not in locked}
    credits = [one for one in found if _month(one) not in held]
    if not credits:
        return 0
    Charge.objects.bulk_create(_charges(credits, now))
    CreditedMonth.objects.bulk_create(
        [CreditedMonth(credit=one, rated_at=one.rated) for one in credits],  # type: ignore[attr-defined]
        update_conflicts=True,
        unique_fields=["credit"],
        update_fields=["rated_at"],
    )
    return len(credits)


def _charges(credits: Sequence[SlaCredit], now: datetime) -> Iterator[Charge]:
    by_month: dict[Period, list[SlaCredit]] = {}
    for one in credits:
        by_month.setdefault(_month(one), []).append(one)
    rated, charged = _rated(by_month), _charged(by_month)
    for month, revisions in by_month.items():
        percent = sum((one.percent for one in revisions), Decimal(0))
        rates = sorted({rate for key, rate in (*rated, *charged) if key == month})
        for position, rate in enumerate(rates):
            base = rated.get((month, rate), Decimal(0))
            due = availability.credit_amount(charged=base, percent=percent)
            before, revision = charged.get((month, rate), (Decimal(0), -1))
            difference = decimals.add(due, -before)
            if difference:
                yield _charge(
                    revisions[-1],
                    rate,
                    percent=percent,
                    base=base,
                    due=due,
                    difference=difference,
                    revision=revision + 1,
                    at=position,
                    now=now,
                )


def _month(credit: SlaCredit) -> Period:
    return credit.contract_id, credit.period_start_date


def _charge(
    credit: SlaCredit,
    rate: Decimal,
    *,
    percent: Decimal,
    base: Decimal,
    due: Decimal,
    difference: Decimal,
    revision: int,
    at: int,
    now: datetime,
) -> Charge:
    plain = decimals.format_plain
    share, reached = plain(percent), plain(credit.availability)
    explanation: dict[str, Any] = {
        "formula": f"−{plain(base)} × {share} % = {plain(due)}",
        "kind": Charge.Kind.CREDIT,
        "unit": "",
        "unit_price": plain(due),
        "quantity": "1",
        "amount": plain(due),
        "availability": reached,
        "promised": plain(credit.promised),
        "percent": share,
    }
    if revision:
        explanation["charged_before"] = {"quantity": "1", "amount": plain(decimals.add(due, -difference))}
    return Charge(
        kind=Charge.Kind.CREDIT,
        contract_id=credit.contract_id,
        component=None,
        period_start_date=credit.period_start_date,
        row=f"credit {plain(rate)}",
        position=at,
        revision=revision,
        quantity=Decimal(1),
        unit_price=difference,
        amount=difference,
        vat_rate=rate,
        explanation=explanation,
        rated_at=now,
    )


def _of(months: Iterable[Period]) -> Q:
    found = Q(pk__in=())
    for contract_id, first in months:
        found |= Q(contract_id=contract_id, period_start_date=first)
    return found


def _rated(months: Iterable[Period]) -> dict[Key, Decimal]:
    """(contract and month, VAT rate) → what the month was rated at, without what is charged once; one query."""
    rows = Charge.objects.filter(_of(months), kind=Charge.Kind.PRICE, component__kind__in=COUNTED).order_by()
    totals = rows.values_list("contract_id", "period_start_date", "vat_rate").annotate(Sum("amount"))
    return {((contract, first), rate): total for contract, first, rate, total in totals}


def _charged(months: Iterable[Period]) -> dict[Key, tuple[Decimal, int]]:
    """(contract and month, VAT rate) → what was credited before, and its last revision; one query."""
    rows = Charge.objects.filter(_of(months), kind=Charge.Kind.CREDIT).order_by()
    totals = rows.values_list("contract_id", "period_start_date", "vat_rate").annotate(Sum("amount"), Max("revision"))
    return {((contract, first), rate): (total, last) for contract, first, rate, total, last in totals}
