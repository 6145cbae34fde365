"""A platform, a buyer and invoices of it."""

from datetime import UTC, datetime

import pytest

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice
from billing.payments import operations as payments
from billing.payments.models import Payment
from billing.rules.money import Money
from tests import charges, factories

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)  # 2 November in Shanghai


class Desk:
    """The finance person at work."""

    def __init__(self) -> None:
        self.platform = factories.platform()
        self.actor = factories.actor(self.platform, "finance")
        self.product = factories.offering(factories.data_centre(factories.hongshan()))

    def invoice(self, *amounts: str, buyer=None, **fields) -> Invoice:
        """An invoice of October with a line for each amount (yuan without tax, 6 % comes on top)."""
        buyer = buyer or factories.foods()
        for amount in amounts or ("100",):
            charges.rated_contract(amount, buyer=buyer, product=self.product, **fields)
        assert invoicing.issue_due(now=NOW, limit=1) == 1
        return Invoice.objects.get(buyer=buyer)

    def confirm(self, invoice: Invoice, amount_minor: int, reference: str = "B1", **fields) -> Payment:
        return payments.confirm_bank_transfer(
            **{
                "invoice_number": invoice.number,
                "amount": Money(amount_minor, "CNY"),
                "bank_reference": reference,
                "received_at": RECEIVED_AT,
                "actor": self.actor,
                "now": NOW,
                **fields,
            }
        )

    def top_up(self, buyer, amount_minor: int, reference: str = "T1", **fields) -> Payment:
        return payments.record_top_up(
            **{
                "organisation_id": buyer.pk,
                "amount": Money(amount_minor, "CNY"),
                "bank_reference": reference,
                "received_at": RECEIVED_AT,
                "actor": self.actor,
                "now": NOW,
                **fields,
            }
        )


@pytest.fixture
def desk(db) -> Desk:
    return Desk()
