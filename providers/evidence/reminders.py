"""Reminders before a document runs out: 60, 30 and 7 days before, once each."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import notices
from providers.models import Evidence

DAYS_BEFORE: Final = (60, 30, 7)  # for licences and agreements too: `providers.onboarding.expiry`
RECOGNITION_PATH: Final = "/provider/onboarding/recognition/"  # the one document that is of no data centre
# Source texts; values: document, of, days, day.
TEXTS: Final[Mapping[str, str]] = {
    Evidence.Kind.MLPS: gettext_noop(
        "The MLPS assessment %(document)s of %(of)s runs out on %(day)s, in %(days)s days. Record the next one, "
        "or listings there are hidden the day after."
    ),
}
USUAL_TEXT: Final = gettext_noop(
    "The document %(document)s of %(of)s runs out on %(day)s, in %(days)s days. Record the next one."
)


def nearest_lead(*, end: date, on: date) -> int:
    """The nearest of DAYS_BEFORE that is not farther from the end than the day; at most 60 days before it."""
    left = (end - on).days
    return min(days for days in DAYS_BEFORE if days >= left)


def remind_of_expiry(*, now: datetime, limit: int) -> int:
    """Tell providers which verified documents run out, at most `limit`. Returns how many were told."""
    today = periods.civil_date(now)
    told = 0
    with transaction.atomic():
        for row in _due(today)[:limit]:
            row.reminded_days = nearest_lead(end=row.valid_until or date.max, on=today)
            row.save(update_fields=["reminded_days"])
            if not _is_replaced(row):
                _tell(row, today=today, now=now)
            told += 1
    return told


def _due(today: date) -> list[Evidence]:
    """Documents whose next reminder has come; of several thresholds that passed, the last one counts."""
    due = Q()
    for days in DAYS_BEFORE:
        due |= Q(valid_until__lte=today + timedelta(days=days)) & (Q(reminded_days=None) | Q(reminded_days__gt=days))
    rows = Evidence.objects.filter(due, status=Evidence.Status.VERIFIED, valid_until__gte=today)
    return list(
        rows.select_for_update(of=("self",), skip_locked=True)
        .select_related("partner", "data_centre")
        .order_by("valid_until", "pk")[:1000]
    )


def _is_replaced(row: Evidence) -> bool:
    """Whether a verified document of the same kind reaches further: then there is nothing to do."""
    return (
        Evidence.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=row.valid_until),
            kind=row.kind,
            partner=row.partner,
            data_centre=row.data_centre,
            status=Evidence.Status.VERIFIED,
            value=row.value,
        )
        .exclude(pk=row.pk)
        .exists()
    )


def _tell(row: Evidence, *, today: date, now: datetime) -> None:
    last = row.valid_until or date.max
    notices.notify(
        organisation_id=row.partner.organisation_id,
        key=f"evidence:{row.pk}:{row.reminded_days}",
        permission="evidence.record",
        text=TEXTS.get(row.kind, USUAL_TEXT),
        values={
            "document": row.document_number or str(row.pk),
            "of": row.data_centre.name if row.data_centre else row.partner.name,
            "days": (last - today).days,
            "day": last.isoformat(),
        },
        path=f"/provider/data-centres/{row.data_centre.code}/" if row.data_centre else RECOGNITION_PATH,
        is_urgent=row.reminded_days == DAYS_BEFORE[-1],
        now=now,
    )
