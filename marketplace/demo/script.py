"""What the invented buyers do in the sample months: data, no code. Codes are those of demo.json."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

BANK, BALANCE = "bank_transfer", "prepaid_balance"


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of an order."""

    offering: str
    plan: str
    quantity: int
    months: int


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """One order of one buyer."""

    buyer: str
    wishes: tuple[Wish, ...]
    payment_method: str = BANK
    contact: str = "示例联系人"
    # What an agency states for the deployment adviser; others are not asked.
    information: str = "public"
    business: str = "general"
    reason: str = ""


# Paid in before the first order, in yuan.
TOP_UPS: Final = {"B04": Decimal(60000), "B06": Decimal(200000)}

ORDERS: Final = (
    SampleOrder("B01", (Wish("OF006", "metered", 20, 12), Wish("OF024", "yearly", 1, 12))),
    SampleOrder("B01", (Wish("OF035", "monthly", 1, 12), Wish("OF016", "monthly", 50, 12))),
    SampleOrder("B02", (Wish("OF006", "monthly", 6, 12), Wish("OF027", "yearly", 2, 12))),
    SampleOrder(
        "B03", (Wish("OF030", "yearly", 1, 12), Wish("OF020", "monthly", 2, 12), Wish("OF013", "metered", 12, 12))
    ),
    SampleOrder("B04", (Wish("OF001", "metered", 40, 12), Wish("OF025", "yearly", 30, 12)), BALANCE),
    SampleOrder(
        "B05", (Wish("OF002", "metered", 30, 12), Wish("OF007", "monthly", 10, 12), Wish("OF037", "metered", 1, 12))
    ),
    SampleOrder(
        "B06",
        (Wish("OF003", "metered", 40, 12), Wish("OF009", "metered", 12, 3), Wish("OF032", "yearly", 5, 12)),
        BALANCE,
    ),
    SampleOrder("B07", (Wish("OF007", "metered", 30, 12), Wish("OF029", "yearly", 1, 12))),
    SampleOrder(
        "B08", (Wish("OF004", "metered", 30, 12), Wish("OF010", "metered", 16, 12), Wish("OF011", "monthly", 1, 12))
    ),
    SampleOrder(
        "B08", (Wish("OF005", "metered", 25, 12), Wish("OF018", "monthly", 4, 12), Wish("OF014", "metered", 10, 12))
    ),
    SampleOrder("B08", (Wish("OF008", "monthly", 3, 12), Wish("OF038", "metered", 1, 12))),
)

# Placed today, so that each console has something to do.
WAITING_FOR_APPROVAL: Final = SampleOrder("B01", (Wish("OF006", "monthly", 4, 12),))
WAITING_FOR_DELIVERY: Final = SampleOrder("B04", (Wish("OF001", "monthly", 2, 12), Wish("OF013", "metered", 5, 12)))

# Usage of one resource in one hour, before the daily rhythm: meter → quantity. GPU cards by the hour, volumes in GiB.
HOURLY: Final = {
    "OF001": {"vcpu_hours": "2", "gib_hours": "4"},
    "OF002": {"vcpu_hours": "4", "gib_hours": "8"},
    "OF003": {"vcpu_hours": "8", "gib_hours": "32"},
    "OF004": {"vcpu_hours": "16", "gib_hours": "32"},
    "OF005": {"vcpu_hours": "8", "gib_hours": "64"},
    "OF006": {"vcpu_hours": "4", "gib_hours": "16"},
    "OF007": {"vcpu_hours": "1", "gib_hours": "2"},
    "OF009": {"gpu_hours": "1"},
    "OF010": {"gpu_hours": "1"},
    "OF013": {"gib_hours": "500"},
    "OF014": {"gib_hours": "8000"},
    "OF037": {"traffic_gb": "3.2"},
    "OF038": {"video_minutes": "45"},
}

# How much of each invoice of the first month is paid in the second: buyer → share. The others pay nothing yet.
SHARES_PAID: Final = {
    "B01": Decimal(1),
    "B03": Decimal(1),
    "B05": Decimal("0.5"),
    "B07": Decimal(1),
    "B08": Decimal("0.6"),
}
