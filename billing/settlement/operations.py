"""Writes: draft a month's settlements, approve them, record what was paid out."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from billing.invoicing.models import Dispute
from billing.ledger import operations as ledger
from billing.ledger.models import Account
from billing.payments.models import LineCollection
from billing.rules import commission, money, periods
from billing.settlement.models import Payout, Settlement, SettlementLine, SettlementPart, SettlementSeries
from marketplace.organisations import actors, errors, operations
from marketplace.organisations import queries as organisations
from providers import queries as providers

logger = logging.getLogger(__name__)

DUE_AFTER = timedelta(days=15)
CLOCK = actors.Actor(user_name="pipeline")  # who drafts: nobody in particular
BATCH_ROWS = 2_000

Claim = tuple[int, int, str, str]  # collection, minor units, service type, order number


class NotApproved(errors.Conflict):
    """A draft cannot be paid."""


class AlreadyPaid(errors.Conflict):
    """The settlement is paid out already."""


class ReferenceTaken(errors.Conflict):
    """The bank reference stands on another payout."""


class ReferenceMissing(errors.Refused):
    """A payout without a bank reference cannot be found in the bank's statement."""


def settle_due(*, now: datetime, limit: int) -> int:
    """Draft the settlements of the latest ended month in Asia/Shanghai, at most `limit`. Returns how many.

    A settlement takes all money that was collected for a provider before the month's end and is not
    settled. Where that month's settlement exists already (a receipt was recorded late) the money waits
    for the next month's, and so does a group from which nothing would be left to pay.
    """
    period = periods.Month.of(now).previous()
    groups = (
        _claimable(period)
        .values_list("line__invoice__provider_id", "line__invoice__currency")
        .order_by("line__invoice__provider_id", "line__invoice__currency")
        .distinct()
    )
    drafted = 0
    for provider_id, currency in groups:
        if drafted == limit:
            break
        drafted += _draft_once(provider_id=provider_id, currency=currency, period=period, now=now)
    return drafted


def _claimable(period: periods.Month) -> QuerySet[LineCollection]:
    """Collections of the month or earlier that are not settled, where the month's settlement does not exist.

    What was collected of a line that its buyer disputes waits until that is decided.
    """
    exists = Settlement.objects.filter(
        provider=OuterRef("line__invoice__provider"),
        currency=OuterRef("line__invoice__currency"),
        period_start_date=period.first_date,
    )
    settled = SettlementLine.objects.filter(collection=OuterRef("pk"))
    disputed = Dispute.objects.filter(line=OuterRef("line"), state=Dispute.State.OPEN)
    return LineCollection.objects.filter(
        ~Exists(exists), ~Exists(settled), ~Exists(disputed), collected_at__lt=period.end_at
    )


def _draft_once(*, provider_id: int, currency: str, period: periods.Month, now: datetime) -> bool:
    """Draft one settlement; False if another worker was quicker, or if it has to wait."""
    try:
        return _draft(provider_id=provider_id, currency=currency, period=period, now=now)
    except providers.NoAgreement:
        logger.error("provider %s has no agreement for %s: its money waits unsettled", provider_id, period)
        return False
    except IntegrityError as error:
        if not errors.breaks(error, "settlement_unique_per_month"):
            raise
        return False


@transaction.atomic
def _draft(*, provider_id: int, currency: str, period: periods.Month, now: datetime) -> bool:
    claims: list[Claim] = list(
        _claimable(period)
        .filter(line__invoice__provider_id=provider_id, line__invoice__currency=currency)
        .order_by("id")
        .values_list("id", "amount_minor", "line__contract__offering__service_model", "line__contract__order_number")
    )
    if not claims:  # another worker settled them since the groups were read
        return False
    agreement = providers.agreement_in_force(partner_id=provider_id, on=period.end_date - timedelta(days=1))
    share = commission.settle(
        sum(amount for _id, amount, _model, _order in claims),
        commission_rate=agreement.commission_rate,
        commission_vat_rate=agreement.commission_vat_rate,
        currency=currency,
    )
    if share.net_minor <= 0:
        logger.warning("provider %s: %s %s leave nothing to pay and wait", provider_id, share.gross_minor, currency)
        return False
    settlement = Settlement.objects.create(
        number=_next_number(period),
        provider_id=provider_id,
        agreement=agreement,
        period_start_date=period.first_date,
        currency=currency,
        gross_minor=share.gross_minor,
        commission_rate=agreement.commission_rate,
        commission_minor=share.commission_minor,
        commission_vat_minor=share.vat_minor,
        net_minor=share.net_minor,
        lines_count=len(claims),
        orders_count=len({order for _id, _amount, _model, order in claims}),
        drafted_at=now,
        due_date=periods.civil_date(now) + DUE_AFTER,
    )
    _write_lines(settlement, claims)
    operations.record(
        actor=CLOCK, action="settlement.drafted", object_type="settlement", object_id=settlement.number, now=now
    )
    return True


def _write_lines(settlement: Settlement, claims: Sequence[Claim]) -> None:
    SettlementLine.objects.bulk_create(
        [
            SettlementLine(settlement=settlement, collection_id=collection_id, gross_minor=amount)
            for collection_id, amount, _model, _order in claims
        ],
        batch_size=BATCH_ROWS,
    )
    parts: Counter[str] = Counter()
    for _id, amount, service_model, _order in claims:
        parts[service_model] += amount
    if sum(parts.values()) != settlement.gross_minor:
        # Not an assert statement: money is checked under python -O too.
        raise AssertionError(f"{dict(parts)} do not add up to {settlement.gross_minor}.")
    SettlementPart.objects.bulk_create(
        SettlementPart(settlement=settlement, service_model=service_model, gross_minor=amount)
        for service_model, amount in sorted(parts.items())
    )


def _next_number(period: periods.Month) -> str:
    """The next number of the month. Its row stays locked until the commit, so that a rollback leaves no gap."""
    SettlementSeries.objects.bulk_create([SettlementSeries(period_start_date=period.first_date)], ignore_conflicts=True)
    series = SettlementSeries.objects.select_for_update().get(period_start_date=period.first_date)
    series.last += 1
    series.save(update_fields=["last"])
    return f"JS-{period.year}{period.month:02d}-{series.last:04d}"


@transaction.atomic
def approve(*, number: str, actor: actors.Actor, now: datetime) -> Settlement:
    """Draft → approved, and the entry in the ledger. Approving an approved one changes nothing.

    Raises NotFound, AlreadyPaid, PermissionDenied (needs `settlements.approve`).
    """
    actor.require("settlements.approve")
    settlement = _lock(number)
    if settlement.status == Settlement.Status.APPROVED:
        return settlement
    if settlement.status == Settlement.Status.PAID:
        raise AlreadyPaid(_("Settlement %(number)s is paid out; it needs no approval.") % {"number": number})
    _post_approval(settlement, now=now)
    settlement.status = Settlement.Status.APPROVED
    settlement.approved_at = now
    settlement.approved_by_id = actor.user_id
    settlement.save(update_fields=["status", "approved_at", "approved_by"])
    operations.record(actor=actor, action="settlement.approved", object_type="settlement", object_id=number, now=now)
    return settlement


def _post_approval(settlement: Settlement, *, now: datetime) -> None:
    provider_id, platform_id = settlement.provider.organisation_id, organisations.get_platform().pk
    shares = (
        (Account.Kind.PROVIDER_CLEARING, provider_id, settlement.gross_minor),
        (Account.Kind.PROVIDER_PAYABLE, provider_id, -settlement.net_minor),
        (Account.Kind.COMMISSION_REVENUE, platform_id, -settlement.commission_minor),
        (Account.Kind.VAT_PAYABLE, platform_id, -settlement.commission_vat_minor),
    )
    ledger.post(
        business_key=f"settlement:{settlement.number}",
        lines=[
            ledger.Line(kind, organisation_id, money.Money(amount, settlement.currency))
            for kind, organisation_id, amount in shares
        ],
        description=f"Settlement {settlement.number}",
        now=now,
    )


@transaction.atomic
def record_payout(*, number: str, bank_reference: str, actor: actors.Actor, now: datetime) -> Payout:
    """Approved → paid: the whole net amount left the bank under `bank_reference`. The same again changes nothing.

    Raises NotFound, NotApproved, AlreadyPaid (another reference), ReferenceTaken, ReferenceMissing,
    PermissionDenied (needs `settlements.pay`).
    """
    actor.require("settlements.pay")
    if actor.user_id is None:
        raise ValueError("Only a person records a payout.")
    reference = bank_reference.strip()
    if not reference:
        raise ReferenceMissing(_("Enter the bank's reference of the transfer."), field="bank_reference")
    settlement = _lock(number)
    if settlement.status == Settlement.Status.DRAFT:
        raise NotApproved(_("Approve settlement %(number)s before it is paid out.") % {"number": number})
    if settlement.status == Settlement.Status.PAID:
        return _repeat(settlement, reference)
    payout = _pay(settlement, reference, user_id=actor.user_id, now=now)
    settlement.status = Settlement.Status.PAID
    settlement.paid_at = now
    settlement.save(update_fields=["status", "paid_at"])
    operations.record(
        actor=actor,
        action="settlement.paid",
        object_type="settlement",
        object_id=number,
        now=now,
        details={"bank_reference": reference, "amount_minor": payout.amount_minor},
    )
    return payout


def _repeat(settlement: Settlement, reference: str) -> Payout:
    payout = settlement.payout
    if payout.bank_reference != reference:
        raise AlreadyPaid(
            _("Settlement %(number)s is paid out already, under the reference %(reference)s.")
            % {"number": settlement.number, "reference": payout.bank_reference},
            field="bank_reference",
        )
    return payout


def _pay(settlement: Settlement, reference: str, *, user_id: int, now: datetime) -> Payout:
    try:
        with transaction.atomic():
            payout = Payout.objects.create(
                settlement=settlement,
                bank_reference=reference,
                amount_minor=settlement.net_minor,
                currency=settlement.currency,
                paid_at=now,
                recorded_by_id=user_id,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "payout_reference_unique"):
            raise
        raise ReferenceTaken(
            _("This bank reference stands on another payout. Check it in the bank's statement."),
            field="bank_reference",
        ) from error
    net = money.Money(settlement.net_minor, settlement.currency)
    ledger.post(
        business_key=f"payout:{settlement.number}",
        lines=[
            ledger.Line(Account.Kind.PROVIDER_PAYABLE, settlement.provider.organisation_id, net),
            ledger.Line(Account.Kind.BANK_CLIENT_MONEY, organisations.get_platform().pk, -net),
        ],
        description=f"Payout of settlement {settlement.number}",
        now=now,
    )
    return payout


def _lock(number: str) -> Settlement:
    settlement = (
        Settlement.objects.select_for_update(of=("self",)).select_related("provider").filter(number=number).first()
    )
    if settlement is None:
        raise errors.NotFound(number)
    return settlement
