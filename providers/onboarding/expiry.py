"""What ends when: the newest verified qualification of each kind, and who is to be told of it.

Certificates of the recognition are evidence: `providers.evidence.reminders` tells of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop

from providers.evidence import reminders
from providers.onboarding.models import Qualification, Reminder

ENDED: Final = 0  # stands in `Reminder.days` for: it has ended
URGENT_DAYS: Final = reminders.DAYS_BEFORE[-1]
LOOK_BACK: Final = timedelta(days=31)  # what ended before the platform could tell is told for a month
PATH: Final = "/provider/onboarding/"

ENDS: Final = {
    "business_licence": gettext_noop("The business licence ends on %(day)s. Upload the renewed one."),
    "telecom_licence": gettext_noop("The telecom licence ends on %(day)s. Upload the renewed one."),
    "agreement": gettext_noop("The agreement with the platform ends on %(day)s. Ask the operator to renew it."),
}
HAS_ENDED: Final = {
    "business_licence": gettext_noop(
        "The business licence ended on %(day)s: your listings are hidden until it is renewed."
    ),
    "telecom_licence": gettext_noop(
        "The telecom licence ended on %(day)s: your listings are hidden until it is renewed."
    ),
    "agreement": gettext_noop("The agreement ended on %(day)s: your listings are hidden until it is renewed."),
}
# What `queries.qualifications_lapsed` answers: why the listings of a provider are hidden.
LAPSED: Final = {
    "business_licence": gettext_noop("The provider's business licence has ended."),
    "telecom_licence": gettext_noop("The provider's telecom licence has ended."),
    "agreement": gettext_noop("The provider's agreement with the platform has ended."),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One sentence that is to be told: of which row, how many days before its end (0: after it)."""

    what: str
    days: int
    organisation_id: int
    valid_until: date
    text: str
    path: str


def newest() -> Any:
    """The verified qualifications that count: the newest of each provider and kind."""
    newer = Qualification.objects.filter(
        partner=OuterRef("partner"), kind=OuterRef("kind"), status="verified", pk__gt=OuterRef("pk")
    )
    return Qualification.objects.filter(~Exists(newer), status="verified")


def list_due(*, on: date) -> list[Due]:
    """Who is to be told on a day of what, leaving out what was told. Two queries."""
    window = Q(valid_until__lte=on + timedelta(days=reminders.DAYS_BEFORE[0]), valid_until__gte=on - LOOK_BACK)
    rows = [
        (f"qualification-{one.pk}", one.kind, one.valid_until, one.partner.organisation_id)
        for one in newest().filter(window).select_related("partner").order_by("pk")
    ]
    told = set(Reminder.objects.filter(what__in=[row[0] for row in rows]).values_list("what", "days"))
    return [
        Due(what=what, days=days, organisation_id=organisation_id, valid_until=end, text=_text(kind, days), path=PATH)
        for what, kind, end, organisation_id in rows
        if (what, days := _lead(end, on)) not in told
    ]


def _lead(end: date, on: date) -> int:
    """As for evidence; ENDED once it has ended."""
    return ENDED if end < on else reminders.nearest_lead(end=end, on=on)


def _text(kind: str, days: int) -> str:
    return HAS_ENDED[kind] if days == ENDED else ENDS[kind]
