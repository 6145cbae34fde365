"""What is asked for, and what is taken back of it. Each file holds one kind of document with all that hangs on it."""

from billing.invoicing.models.credits import CreditedCharge, CreditedLine, CreditNote, CreditNoteLine, CreditNoteTax
from billing.invoicing.models.disputes import Dispute, WriteOff
from billing.invoicing.models.invoices import (
    Invoice,
    InvoiceBalance,
    InvoiceLine,
    InvoiceTax,
    NumberSeries,
    rest_minor,
)
from billing.invoicing.models.parking import HeldBack, ParkedAccount
from billing.invoicing.models.profiles import TaxProfile

__all__ = [
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteTax",
    "CreditedCharge",
    "CreditedLine",
    "Dispute",
    "HeldBack",
    "Invoice",
    "InvoiceBalance",
    "InvoiceLine",
    "InvoiceTax",
    "NumberSeries",
    "ParkedAccount",
    "TaxProfile",
    "WriteOff",
    "rest_minor",
]
