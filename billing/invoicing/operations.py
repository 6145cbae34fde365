"""Writes: issue the invoices of a closed month."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import OperationalError, transaction

from billing.invoicing import claims, corrections, drafting, numbering, parking, profiles
from billing.invoicing.claims import Group
from billing.invoicing.models import Invoice, InvoiceBalance, InvoiceLine, InvoiceTax, NumberSeries
from billing.ledger import operations as ledger
from billing.rules import money, periods
from billing.rules.periods import Month
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries
from marketplace.organisations.models import Organisation

logger = logging.getLogger(__name__)

BATCH = 50  # invoices in one transaction, which holds the number series
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class _Issue:
    """An invoice on its way into the database."""

    invoice: Invoice
    draft: drafting.DraftInvoice
    provider_organisation_id: int


def closed_month(*, now: datetime) -> Month:
    """The latest month that is over and whose time for late usage (BILLING_GRACE_HOURS) is over too."""
    return Month.of(now - timedelta(hours=settings.BILLING_GRACE_HOURS)).previous()


def issue_due(*, now: datetime, limit: int) -> int:
    """Issue up to `limit` invoices for the latest closed month. Returns how many.

    One invoice per buyer, provider, currency and month takes every charge of that month or an earlier one that is
    on no invoice yet. It waits until all contracts of the buyer with the provider are rated for the month, and
    while its total is not above zero.
    """
    month = closed_month(now=now)
    waiting = iter(_due(month=month, now=now))
    issued = 0
    while issued < limit and (groups := list(islice(waiting, min(BATCH, limit - issued)))):
        issued += _issue_or_park(groups, month=month, now=now)
    return issued


def credit_due(*, now: datetime, limit: int) -> int:
    """Credit notes for up to `limit` accounts whose charges of the closed month come to less than zero.

    Runs after `issue_due`, which leaves only those. Returns how many notes.
    """
    month = closed_month(now=now)
    notes = 0
    for group in _due(month=month, now=now):
        if notes >= limit:
            break
        try:
            notes += corrections.credit_group(group=group, month=month, now=now)
        except Exception as error:  # one account never stops the others; its reason stands on finance's page
            _park(group, error, month=month, now=now)
    return notes


def _due(*, month: Month, now: datetime) -> list[Group]:
    groups = claims.find_due_groups(month=month)
    if not groups:
        return []
    left_out = parking.parked_groups(month=month, now=now) | parking.held_groups()
    return [group for group in groups if group not in left_out]


def _issue_or_park(groups: Sequence[Group], *, month: Month, now: datetime) -> int:
    """Issue a batch; if it fails, each account alone, and park those that fail."""
    try:
        return _issue_batch(groups, month=month, now=now)
    except OperationalError:  # the database is away or busy: nobody's fault, the next run does it
        raise
    except Exception as error:
        if len(groups) == 1:
            _park(groups[0], error, month=month, now=now)
            return 0
    return sum(_issue_or_park([group], month=month, now=now) for group in groups)


def _park(group: Group, error: Exception, *, month: Month, now: datetime) -> None:
    logger.exception("buyer %s, provider %s: %s not invoiced", group.buyer_id, group.provider_id, month)
    parking.park(group=group, month=month, reason=f"{type(error).__name__}: {error}", now=now)


@transaction.atomic
def _issue_batch(groups: Sequence[Group], *, month: Month, now: datetime) -> int:
    issuer = organisation_queries.get_platform()
    # Whoever holds the series is the only one who issues, so what is read below stays true until the commit.
    series = numbering.lock_series(issuer=issuer, year=periods.civil_date(now).year)
    drafts = []
    for group, charges in claims.read_charges(groups=groups, month=month).items():
        draft = drafting.draft_invoice(charges=charges, currency=group.currency)
        if draft.total_minor > 0:
            drafts.append((group, draft))
    if not drafts:
        return 0
    issues = _number(drafts, series=series, issuer=issuer, month=month, now=now)
    _store(issues)
    _post(issues, now=now)
    parking.forget(groups=[group for group, _draft in drafts], month=month)
    organisations.record(
        actor=actors.VISITOR,
        action="invoices.issued",
        object_type="number_series",
        object_id=f"{issuer.public_id}/{series.year}",
        now=now,
        details={"from": issues[0].invoice.number, "to": issues[-1].invoice.number, "month": str(month)},
    )
    return len(issues)


def _number(
    drafts: Sequence[tuple[Group, drafting.DraftInvoice]],
    *,
    series: NumberSeries,
    issuer: Organisation,
    month: Month,
    now: datetime,
) -> list[_Issue]:
    """Give each draft the next number and freeze both sides with their particulars."""
    buyers = Organisation.objects.in_bulk({group.buyer_id for group, _draft in drafts})
    due_date = periods.civil_date(now) + timedelta(days=settings.INVOICE_DUE_DAYS)
    particulars = profiles.particulars_of(buyer_ids=buyers.keys(), issuer_id=issuer.pk)
    issues = []
    for group, draft in drafts:
        invoice = Invoice(
            number=numbering.next_number(series),
            issuer=issuer,
            buyer=buyers[group.buyer_id],
            provider_id=group.provider_id,
            buyer_name=buyers[group.buyer_id].name,
            buyer_uscc=buyers[group.buyer_id].uscc,
            issuer_name=issuer.name,
            issuer_uscc=issuer.uscc,
            period_start_date=month.first_date,
            currency=group.currency,
            net_minor=draft.net_minor,
            tax_minor=draft.tax_minor,
            total_minor=draft.total_minor,
            prepaid_minor=draft.prepaid_minor,
            issued_at=now,
            due_date=due_date,
            particulars=particulars[group.buyer_id],
        )
        issues.append(_Issue(invoice, draft, draft.lines[0].charge.contract.provider.organisation_id))
    series.save(update_fields=["last"])
    return issues


def _store(issues: Sequence[_Issue]) -> None:
    """Invoices, lines, taxes and open balances, each kind in one go."""
    Invoice.objects.bulk_create([issue.invoice for issue in issues])
    InvoiceLine.objects.bulk_create(
        [
            InvoiceLine(
                invoice=issue.invoice,
                charge=line.charge,
                contract_id=line.charge.contract_id,
                description=line.description,
                unit=drafting.shown_unit(charge=line.charge),
                quantity=line.charge.quantity,
                unit_price=drafting.shown_price(charge=line.charge),
                vat_rate=line.charge.vat_rate,
                net_minor=line.net_minor,
                tax_minor=line.tax_minor,
                position=position,
            )
            for issue in issues
            for position, line in enumerate(issue.draft.lines, start=1)
        ],
        batch_size=ROWS_AT_ONCE,
    )
    InvoiceTax.objects.bulk_create(
        [
            InvoiceTax(invoice=issue.invoice, vat_rate=one.rate, net_minor=one.net_minor, tax_minor=one.tax_minor)
            for issue in issues
            for one in issue.draft.taxes
        ]
    )
    InvoiceBalance.objects.bulk_create(
        [InvoiceBalance(invoice=issue.invoice, total_minor=issue.invoice.total_minor) for issue in issues]
    )


def _post(issues: Sequence[_Issue], *, now: datetime) -> None:
    """The buyer owes the total; it is held for the provider until it is settled."""
    drafts = []
    for issue in issues:
        total = money.Money(issue.invoice.total_minor, issue.invoice.currency)
        drafts.append(
            ledger.Draft(
                business_key=f"invoice:{issue.invoice.number}",
                lines=[
                    ledger.Line("receivable", issue.invoice.buyer_id, total),
                    ledger.Line("provider_clearing", issue.provider_organisation_id, -total),
                ],
                description=issue.invoice.number,
            )
        )
    ledger.post_all(drafts=drafts, now=now)
