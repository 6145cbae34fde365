"""Numbers without gaps: one locked row per issuer, year and kind of document."""

from django.db import transaction

from billing.invoicing.models import NumberSeries
from marketplace.organisations.models import Organisation

PREFIXES = {NumberSeries.Kind.INVOICE: "FP", NumberSeries.Kind.CREDIT_NOTE: "HZ"}  # 发票, 红字


def lock_series(
    *, issuer: Organisation, year: int, kind: NumberSeries.Kind = NumberSeries.Kind.INVOICE
) -> NumberSeries:
    """The series, held until the commit: a number that was taken and rolled back is taken again.

    Lock order: the series of invoices → balances of invoices → the series of credit notes.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A number is taken in the transaction of its document.")
    key = {"issuer": issuer, "year": year, "kind": kind}
    NumberSeries.objects.bulk_create([NumberSeries(**key)], ignore_conflicts=True)
    return NumberSeries.objects.select_for_update().get(**key)


def next_number(series: NumberSeries) -> str:
    """The next number of a locked series; the caller saves `last`."""
    series.last += 1
    return f"{PREFIXES[NumberSeries.Kind(series.kind)]}-{series.year}-{series.last:06d}"
