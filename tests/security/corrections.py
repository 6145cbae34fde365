"""What of the world of accesses hangs on an invoice besides its payments."""

from datetime import datetime
from typing import Any

from billing.invoicing import claims, disputes, parking, write_offs
from billing.rules.periods import Month
from tests import factories


def of_invoice(invoice: Any, *, now: datetime) -> dict[str, dict[str, Any]]:
    """A dispute, a write-off that waits, a parked account and a draft held back, all of the invoice's buyer."""
    colleague = factories.actor(factories.platform(), "finance")
    group = claims.Group(invoice.buyer_id, invoice.provider_id, "CNY")
    dispute = disputes.open_dispute(
        invoice_number=invoice.number,
        position=1,
        reason="用量有误",
        actor=factories.actor(invoice.buyer, "owner"),
        now=now,
    )
    write_off = write_offs.propose(invoice_number=invoice.number, reason="失联", actor=colleague, now=now)
    parked = parking.park(group=group, month=Month(2026, 9), reason="价格表损坏", now=now)
    held = parking.hold_back(group=group, reason="核对价格", actor=colleague, now=now)
    return {
        "dispute": {"number": dispute.number},
        "write_off": {"pk": write_off.pk},
        "parked": {"pk": parked.pk},
        "held": {"pk": held.pk},
    }
