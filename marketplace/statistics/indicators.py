"""The dictionary: what each indicator counts, in which unit, and how it is read for a month.

Every figure is what the records say when the snapshot is taken, soon after the month's end. Pools and offerings
have no history, so theirs is the state at that moment less what came after the month.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Q, Sum

from billing.contracts.models import Contract, ContractCapacity
from billing.invoicing.models import Invoice
from billing.payments.models import LineCollection
from billing.rules import money, periods
from listings.models import Product
from providers.models import CapacityPool

CURRENCY: Final = "CNY"  # amounts of other currencies are not added to yuan


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator; names stand here in both languages, because the open data carry both."""

    code: str
    name: str
    name_en: str
    unit: str
    definition: str
    measure: Callable[[periods.Month], Decimal]


def _count_orders(month: periods.Month) -> Decimal:
    placed = Contract.objects.filter(placed_at__gte=month.start_at, placed_at__lt=month.end_at)
    return Decimal(placed.values("order_number").distinct().count())


def _sum_invoiced(month: periods.Month) -> Decimal:
    issued = Invoice.objects.filter(issued_at__gte=month.start_at, issued_at__lt=month.end_at, currency=CURRENCY)
    return _yuan(issued.aggregate(total=Sum("total_minor", default=0))["total"])


def _sum_collected(month: periods.Month) -> Decimal:
    collected = LineCollection.objects.filter(
        collected_at__gte=month.start_at, collected_at__lt=month.end_at, line__invoice__currency=CURRENCY
    )
    return _yuan(collected.aggregate(total=Sum("amount_minor", default=0))["total"])


def _running(month: periods.Month) -> Q:
    """Contracts that were delivered on at least one day of the month."""
    return Q(start_date__lt=month.end_date) & (Q(end_date__isnull=True) | Q(end_date__gt=month.first_date))


def _count_buyers(month: periods.Month) -> Decimal:
    return Decimal(Contract.objects.filter(_running(month)).values("buyer").distinct().count())


def _count_contracts(month: periods.Month) -> Decimal:
    return Decimal(Contract.objects.filter(_running(month)).count())


def _sum_vcpu_for_sale(month: periods.Month) -> Decimal:
    total = CapacityPool.objects.filter(resource="vcpu").aggregate(total=Sum("total", default=Decimal(0)))["total"]
    held = ContractCapacity.objects.filter(
        Q(released_at__isnull=True) | Q(released_at__gte=month.end_at),
        pool__resource="vcpu",
        contract__placed_at__lt=month.end_at,
    ).aggregate(held=Sum("quantity", default=Decimal(0)))["held"]
    return Decimal(total - held)


def _count_offerings(month: periods.Month) -> Decimal:
    published = Product.objects.filter(state=Product.State.PUBLISHED, date_created__lt=month.end_at)
    return Decimal(published.count())


def _yuan(amount_minor: int) -> Decimal:
    return money.Money(int(amount_minor), CURRENCY).to_decimal()


DEFINITIONS: Final = (
    Definition(
        "orders-placed",
        "下单数",
        "Orders placed",
        "笔",
        "当月(北京时间)下达的订单数,含后来取消的订单。",
        _count_orders,
    ),
    Definition(
        "gross-invoiced",
        "开票金额",
        "Gross invoiced",
        "元",
        "当月开具的人民币发票价税合计。",
        _sum_invoiced,
    ),
    Definition(
        "collected",
        "回款金额",
        "Collected",
        "元",
        "当月收到的人民币款项,以收款日期为准;快照之后补录的款项不计入。",
        _sum_collected,
    ),
    Definition(
        "active-buyers",
        "活跃采购方",
        "Active buyers",
        "家",
        "当月至少有一天有已交付合同的采购单位数。",
        _count_buyers,
    ),
    Definition(
        "running-contracts",
        "在执行合同",
        "Running contracts",
        "份",
        "当月至少有一天处于已交付状态的合同数。",
        _count_contracts,
    ),
    Definition(
        "vcpu-for-sale",
        "月末可售 vCPU",
        "vCPU for sale at the month's end",
        "vCPU",
        "各数据中心 vCPU 总量减去月末合同占用量;总量取快照时的登记值。",
        _sum_vcpu_for_sale,
    ),
    Definition(
        "offerings-published",
        "在架资源",
        "Offerings published",
        "项",
        "月末之前建立、快照时仍在架的资源数。",
        _count_offerings,
    ),
)
