"""The clock of the river: every stage, in order, pulls what its upstream left for it.

Celery beat runs `advance_now` each minute; a lost task or a killed worker costs nothing, because the next
minute claims the same rows again. Tests walk a month in one line: `advance(now=…)`.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from celery import shared_task

from billing.contracts import changes, sla
from billing.contracts import operations as contracts
from billing.exports import operations as exports
from billing.invoicing import operations as invoicing
from billing.invoicing import overdue
from billing.metering import machines
from billing.metering import operations as metering
from billing.payments import operations as payments
from billing.payments import wallets
from billing.payments.dunning import operations as dunning
from billing.payments.gateways import attempts, autopay, inbox, reconciliation
from billing.payments.statements import operations as statements
from billing.rating import credits as rating_credits
from billing.rating import operations as rating
from billing.settlement import operations as settlement
from listings import standing
from listings.exchange import operations as listing_imports
from listings.prices import operations as price_books
from listings.recommended import publication as recommended
from listings.search import operations as search
from marketplace import clock
from marketplace.organisations import notices
from marketplace.statistics import operations as statistics
from providers.capacity import history, planning
from providers.capacity import operations as capacity
from providers.evidence import mlps, proven, reminders
from providers.fulfilment import operations as fulfilment
from providers.onboarding import qualifications
from providers.provisioning import stages as provisioning
from providers.provisioning import usage as machine_usage
from providers.service import operations as incidents
from providers.service import probing
from providers.webhooks import sending as webhooks

logger = logging.getLogger(__name__)

Stage = Callable[..., int]

STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    ("give held capacity back", capacity.expire_due),
    ("change capacity", planning.apply_due_changes),
    ("begin reservations", planning.begin_reservations),
    ("drop lapsed recommendations", recommended.drop_lapsed),
    ("remind of expiring evidence", reminders.remind_of_expiry),
    ("expire MLPS systems", mlps.expire_due),
    ("state what is proven", proven.restate_due),
    ("hide what lost its proof", standing.review_due),
    ("put price books in force", price_books.put_due_books_in_force),
    ("write words of offerings", search.refresh_pending),
    ("accept deliveries not rejected in time", contracts.accept_overdue_inspections),
    ("tell of missed deadlines", fulfilment.tell_overdue),
    ("put changes of contracts in force", changes.put_due_in_force),
    ("end contracts", contracts.end_due),
    ("import offerings", listing_imports.run_imports),
    ("provision machines", provisioning.provision_due),
    ("remove machines", provisioning.remove_due),
    ("read usage of machines", machine_usage.read_usage),
    ("take usage of machines", machines.take_readings),
    ("make months of usage", metering.make_months),
    ("forget answers to batches of usage", metering.forget_batches),
    ("import usage files", metering.run_imports),
    ("roll up usage", metering.roll_up),
    ("rate", rating.rate_pending),
    ("propose service level credits", sla.propose_due),
    ("revise service level credits", sla.revise_due),
    ("agree to credits by silence", sla.agree_overdue),
    ("charge service level credits", rating_credits.credit_pending),
    ("issue invoices", invoicing.issue_due),
    ("credit what came to less than zero", invoicing.credit_due),
    ("take messages of payment services", inbox.process_due),
    ("ask about open payments", attempts.ask_due),
    ("import bank statements", statements.import_due),
    ("draw prepaid balances", payments.collect_due),
    ("ask again for automatic charges", autopay.ask_again),
    ("charge saved cards", autopay.charge_due),
    ("reconcile payment services", reconciliation.reconcile_due),
    ("tell what is overdue", overdue.mark_due),
    ("tell of low balances", wallets.tell_low),
    ("remind of overdue invoices", dunning.dun_due),
    ("settle", settlement.settle_due),
    ("write exports", exports.write_due),
    ("note capacity of the day", history.write_days),
    ("take statistics", statistics.take_snapshots),
    ("send webhooks", webhooks.send_due),
    ("remind of what ends", qualifications.remind_due),
    ("ask the addresses of services", probing.ask_due),
    ("give late reports to the operator", incidents.escalate_due),
    ("mail notices", notices.mail_pending),
)

BATCH: Final = 500
MOST_BATCHES: Final = 10_000  # a stage that never says 0 is a bug, not a reason to hang


def advance(*, now: datetime) -> dict[str, int]:
    """Run every stage until it has nothing left to do. Returns the rows done by stage.

    A stage that fails is logged and does not stop the others: their rows are safe where they are.
    """
    done = {}
    for name, stage in STAGES:
        done[name] = _drain(name=name, stage=stage, now=now)
    return done


def _drain(*, name: str, stage: Stage, now: datetime) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        try:
            count = stage(now=now, limit=BATCH)
        except Exception:
            logger.exception("stage %r failed; its rows wait for the next run", name)
            return total
        if not count:
            return total
        total += count
    raise RuntimeError(f"stage {name!r} never finished: it reports work for ever")


@shared_task
def advance_now() -> None:
    """What Celery beat calls each minute."""
    advance(now=clock.now())
