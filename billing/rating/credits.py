"""Granted service level credits as charges below zero: the month's rated amount × percent, one for each VAT rate.

Only what recurs or is metered counts, at full precision, over all revisions. When late usage changes the month's amount
after its credit was charged, a further revision carries the difference, so Σ revisions stays right.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, Sum

from billing.contracts.models import SlaCredit
from billing.rating.models import Charge, CreditedMonth, RatedPeriod
from billing.rules import availability, decimals, pricing

COUNTED: Final = (pricing.RECURRING, pricing.METERED)
Key = tuple[int, Decimal]  # credit, VAT rate


@transaction.atomic
def credit_pending(*, now: datetime, limit: int) -> int:
    """Charge granted credits whose month is rated, or rated again since, at most `limit`. Returns how many.

    The credits are locked, and `charge_unique` keeps what a lock might not.
    """
    seen = CreditedMonth.objects.filter(credit=OuterRef("pk"), rated_at=OuterRef("rated"))
    rated = RatedPeriod.objects.filter(contract=OuterRef("contract"), period_start_date=OuterRef("period_start_date"))
    waiting = SlaCredit.objects.filter(is_granted=True).annotate(rated=rated.values("rated_at")[:1])
    unseen = waiting.filter(~Exists(seen), rated__isnull=False).order_by("pk").values_list("pk", flat=True)
    locked = SlaCredit.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=list(unseen[:limit]))
    ids = list(locked.order_by("pk").values_list("pk", flat=True))
    credits = list(SlaCredit.objects.filter(pk__in=ids).annotate(rated=rated.values("rated_at")[:1]).order_by("pk"))
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
    rated, charged = _rated(credits), _charged(credits)
    for credit in credits:
        rates = sorted({rate for pk, rate in (*rated, *charged) if pk == credit.pk})
        for position, rate in enumerate(rates):
            base = rated.get((credit.pk, rate), Decimal(0))
            due = availability.credit_amount(charged=base, percent=credit.percent)
            before, revision = charged.get((credit.pk, rate), (Decimal(0), -1))
            difference = decimals.add(due, -before)
            if difference:
                yield _charge(
                    credit, rate, base=base, due=due, difference=difference, revision=revision + 1, at=position, now=now
                )


def _charge(
    credit: SlaCredit,
    rate: Decimal,
    *,
    base: Decimal,
    due: Decimal,
    difference: Decimal,
    revision: int,
    at: int,
    now: datetime,
) -> Charge:
    plain = decimals.format_plain
    percent, reached = plain(credit.percent), plain(credit.availability)
    explanation: dict[str, Any] = {
        "formula": f"−{plain(base)} × {percent} % = {plain(due)}",
        "kind": Charge.Kind.CREDIT,
        "unit": "",
        "unit_price": plain(due),
        "quantity": "1",
        "amount": plain(due),
        "availability": reached,
        "promised": plain(credit.promised),
        "percent": percent,
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


def _of(credits: Sequence[SlaCredit]) -> Q:
    found = Q(pk__in=())
    for one in credits:
        found |= Q(contract_id=one.contract_id, period_start_date=one.period_start_date)
    return found


def _rated(credits: Sequence[SlaCredit]) -> dict[Key, Decimal]:
    """(credit, VAT rate) → what the month was rated at, without what is charged once; one query."""
    ids = {(one.contract_id, one.period_start_date): one.pk for one in credits}
    rows = Charge.objects.filter(_of(credits), kind=Charge.Kind.PRICE, component__kind__in=COUNTED).order_by()
    return {
        (ids[contract, month], rate): total
        for contract, month, rate, total in rows.values_list("contract_id", "period_start_date", "vat_rate").annotate(
            Sum("amount")
        )
    }


def _charged(credits: Sequence[SlaCredit]) -> dict[Key, tuple[Decimal, int]]:
    """(credit, VAT rate) → what was credited before, and its last revision; one query."""
    ids = {(one.contract_id, one.period_start_date): one.pk for one in credits}
    rows = Charge.objects.filter(_of(credits), kind=Charge.Kind.CREDIT).order_by()
    return {
        (ids[contract, month], rate): (total, last)
        for contract, month, rate, total, last in rows.values_list(
            "contract_id", "period_start_date", "vat_rate"
        ).annotate(Sum("amount"), Max("revision"))
    }
