"""Reads: applications, what a provider still has to do, qualifications, payout accounts, recognitions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, Q

from marketplace.organisations import actors, errors, sealed
from marketplace.organisations.models import Division
from providers.evidence import reminders
from providers.models import Agreement, Partner
from providers.onboarding import expiry, payout
from providers.onboarding.checks import needs_telecom_licence
from providers.onboarding.models import (
    OPEN_STATES,
    Application,
    Deposit,
    PayoutAccount,
    Qualification,
    Recognition,
    StandardCommission,
)
from providers.onboarding.qualifications import standard_commission
from providers.onboarding.review import reviewer_of
from providers.onboarding.steps import NoSuchApplication

__all__ = ["needs_telecom_licence", "reviewer_of", "standard_commission"]

QUEUE: Final = ("submitted", "in_review", "returned", "approved", "rejected")
LONGEST_LIST: Final = 200


class NoSuchProvider(errors.NotFound):
    """No provider with this public number."""


def find_application(*, organisation_id: int) -> Application | None:
    """The application of an organisation: the open or approved one, else the last that was rejected."""
    rows = Application.objects.filter(organisation_id=organisation_id).select_related(
        "organisation", "county", "business_licence", "telecom_licence"
    )
    return rows.filter(state__in=[*OPEN_STATES, "approved"]).first() or rows.order_by("-pk").first()


def get_application(*, number: str) -> Application:
    """An application for the platform's reviewers, drafts excepted: they are the applicant's own. Raises NotFound."""
    rows = Application.objects.exclude(state="draft").select_related(
        "organisation__county__prefecture", "county__prefecture", "business_licence", "telecom_licence"
    )
    found = rows.filter(number=number).first()
    if found is None:
        raise NoSuchApplication
    return found


def list_applications(*, state: str) -> list[Application]:
    """Applications in a state, the oldest first; decided ones the newest first, 200 at most."""
    rows = Application.objects.filter(state=state).select_related("organisation")
    order = "-decided_at" if state in ("approved", "rejected") else "submitted_at"
    return list(rows.order_by(order, "pk")[:LONGEST_LIST])


def count_applications() -> dict[str, int]:
    """How many applications are in each state that the platform sees."""
    rows = Application.objects.values_list("state").annotate(n=Count("pk")).order_by()
    found: dict[str, int] = dict(rows)
    return {state: found.get(state, 0) for state in QUEUE}


def list_steps(*, application: Application) -> list[Any]:
    """The steps of an application with who took them, the oldest first."""
    return list(application.steps.select_related("user"))


def list_counties() -> list[tuple[str, str]]:
    """Counties with the name of their prefecture, for a select."""
    rows = Division.objects.filter(prefecture__isnull=False).select_related("prefecture")
    return [(one.code, f"{one.prefecture.name if one.prefecture else ''} {one.name}") for one in rows]


def get_partner(*, public_id: str) -> Partner:
    """A provider by its organisation's number. Raises NoSuchProvider."""
    found = Partner.objects.filter(organisation__public_id=public_id).select_related("organisation").first()
    if found is None:
        raise NoSuchProvider
    return found


def list_agreements(*, partner_id: int) -> list[Agreement]:
    """All versions of an agreement, the newest first."""
    return list(Agreement.objects.filter(partner_id=partner_id).order_by("-version"))


def list_qualifications(*, partner_id: int) -> list[Qualification]:
    """Everything a provider has handed in, the newest first."""
    return list(
        Qualification.objects.filter(partner_id=partner_id).select_related("document", "decided_by").order_by("-pk")
    )


def list_claimed() -> list[Qualification]:
    """Renewals that wait for the platform, the oldest first."""
    rows = Qualification.objects.filter(status="claimed").select_related("partner__organisation", "document")
    return list(rows.order_by("recorded_at", "pk")[:LONGEST_LIST])


@dataclass(frozen=True, slots=True)
class Held:
    """One kind of qualification of a provider on a day: the row that counts, and a renewal that waits."""

    kind: str
    label: str
    row: Qualification
    waiting: Qualification | None
    days_left: int | None

    @property
    def has_ended(self) -> bool:
        return self.days_left is not None and self.days_left < 0

    @property
    def ends_soon(self) -> bool:
        return self.days_left is not None and 0 <= self.days_left <= reminders.DAYS_BEFORE[0]


def list_held(*, partner_id: int, on: date) -> list[Held]:
    """What a provider holds on a day, kind by kind. Two queries."""
    waiting = {one.kind: one for one in Qualification.objects.filter(partner_id=partner_id, status="claimed")}
    rows = expiry.newest().filter(partner_id=partner_id).select_related("document")
    held = {one.kind: one for one in rows}
    return [
        Held(
            kind=kind,
            label=str(words),
            row=held[kind],
            waiting=waiting.get(kind),
            days_left=(end - on).days if (end := held[kind].valid_until) else None,
        )
        for kind, words in Qualification.Kind.choices
        if kind in held
    ]


def qualifications_lapsed(*, on: date, partner_ids: Collection[int] | None = None) -> dict[int, str]:
    """Providers of whom something they must hold has ended before `on`, and why (a source string). One query.

    The last day is a good one: it is hidden on the day after. A renewal counts once it is verified.
    """
    rows = expiry.newest().filter(valid_until__lt=on).order_by("partner", "kind")
    if partner_ids is not None:
        rows = rows.filter(partner_id__in=partner_ids)
    found: dict[int, str] = {}
    for partner_id, kind in rows.values_list("partner_id", "kind"):
        found.setdefault(partner_id, expiry.LAPSED[kind])
    return found


def current_account(*, organisation_id: int) -> PayoutAccount | None:
    """The account that an organisation has entered last, whatever its state."""
    return PayoutAccount.objects.filter(organisation_id=organisation_id).exclude(state="replaced").first()


def verified_payout_account(*, partner_id: int) -> PayoutAccount | None:
    """Where a provider can be paid: the current account, if it is verified. None until then, also after a change."""
    return PayoutAccount.objects.filter(organisation__partner=partner_id, state="verified").first()


def list_accounts_to_prove() -> list[PayoutAccount]:
    """Accounts that wait for a deposit, or for it to be sent, the oldest first."""
    rows = PayoutAccount.objects.filter(state__in=["entered", "drawn"]).select_related("organisation__partner")
    return list(rows.order_by("entered_at", "pk")[:LONGEST_LIST])


def get_account(*, account_id: int) -> PayoutAccount:
    """A payout account for the platform. Raises NoSuchAccount."""
    found = PayoutAccount.objects.filter(pk=account_id).select_related("organisation").first()
    if found is None:
        raise payout.NoSuchAccount
    return found


def open_deposit(*, account: PayoutAccount) -> Deposit | None:
    """The deposit that is under way; None if there is none."""
    return Deposit.objects.filter(account=account, closed_at=None).first()


def tries_left(*, account: PayoutAccount) -> int:
    """How often the provider may still enter an amount."""
    deposit = open_deposit(account=account)
    return payout.MOST_TRIES - deposit.tries if deposit and deposit.sent_at else 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the person who sends a deposit has to type into the bank's form."""

    amount_minor: int
    number: str


def read_transfer(*, account: PayoutAccount, actor: actors.Actor) -> Transfer | None:
    """Amount and full account number, for the platform while a deposit is to be sent; else None."""
    deposit = open_deposit(account=account)
    if not actor.can("providers.review") or deposit is None or deposit.sent_at is not None:
        return None
    return Transfer(
        amount_minor=int(sealed.unseal(sealed=deposit.amount_sealed)),
        number=sealed.unseal(sealed=account.number_sealed),
    )


def list_recognitions(*, partner_id: int | None = None, states: Collection[str] | None = None) -> list[Recognition]:
    """Applications for the recognition with their opinions, the newest first."""
    rows = Recognition.objects.select_related("partner__organisation").prefetch_related("opinions__user", "documents")
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    if states is not None:
        rows = rows.filter(state__in=states)
    return list(rows[:LONGEST_LIST])


def get_recognition(*, number: str) -> Recognition:
    """One application for the recognition, for the platform. Raises NotFound."""
    from providers.onboarding.recognition import NoSuchRecognition

    rows = Recognition.objects.select_related("partner__organisation").prefetch_related("opinions__user", "documents")
    found = rows.filter(number=number).first()
    if found is None:
        raise NoSuchRecognition
    return found


def list_certificates() -> list[Recognition]:
    """Certificates that were granted, revoked ones included: what the public page shows."""
    rows = Recognition.objects.filter(Q(state="granted") | Q(state="revoked")).select_related("partner")
    return list(rows.order_by("-valid_from", "certificate_number")[:LONGEST_LIST])


def list_standard_commissions() -> list[StandardCommission]:
    """The dated table, the newest first."""
    return list(StandardCommission.objects.all())
