"""An edition as a document: the one content of its page, its files and the API."""

from typing import Any

from django.utils.translation import gettext as _

from listings.models import Edition
from listings.recommended import queries, wording


def describe_edition(edition: Edition) -> dict[str, Any]:
    """The head of an edition, as JSON."""
    rules = edition.criteria_set
    return {
        "number": edition.number,
        "state": edition.state,
        "published_at": edition.published_at.isoformat() if edition.published_at else None,
        "superseded_at": edition.superseded_at.isoformat() if edition.superseded_at else None,
        "supersedes": edition.supersedes.number if edition.supersedes else None,
        "period_start_date": edition.period_start_date.isoformat(),
        "period_end_date": edition.period_end_date.isoformat(),
        "criteria": {
            "version": rules.version,
            "title": rules.title,
            "source": rules.source,
            "announced_date": rules.announced_date.isoformat(),
            "effective_date": rules.effective_date.isoformat(),
            "rules": [{**one, "text": wording.write_rule(one)} for one in rules.criteria],
        },
    }


def write_document(edition: Edition) -> dict[str, Any]:
    """The whole edition, as JSON: its head, its signatures by role, every entry with the evidence of each criterion."""
    return {
        **describe_edition(edition),
        "signatures": [
            {"role": row.role, "signed_at": row.signed_at.isoformat()}
            for row in queries.list_signatures(edition=edition)
        ],
        "entries": [_entry(row) for row in queries.all_entries(edition=edition)],
    }


def write_table(edition: Edition) -> tuple[list[tuple[str, str]], list[list[Any]]]:
    """Headings with their kind (text, code, date), and one row for each entry, in the order of the page."""
    rules = edition.criteria_set.criteria
    headings = [
        (_("Offering code"), "code"),
        (_("Offering"), "text"),
        (_("Service type"), "text"),
        (_("Category"), "text"),
        (_("Provider"), "text"),
        (_("Data centre"), "text"),
        (_("Location"), "text"),
        (_("In since"), "date"),
        *((wording.write_short(one), "text") for one in rules),
        (_("Left on"), "date"),
        (_("Why it left"), "text"),
    ]
    return headings, [_row(row) for row in queries.all_entries(edition=edition)]


def _row(row: queries.EntryRow) -> list[Any]:
    return [
        row.code,
        row.title,
        row.service_model,
        row.category,
        row.provider,
        row.data_centre,
        row.county,
        row.entry.entered_date,
        *(check.sentence for check in row.checks),
        row.entry.left_date,
        row.left_reason,
    ]


def _entry(row: queries.EntryRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "code": row.code,
        "title": entry.shown["title"],
        "title_en": entry.shown["title_en"],
        "version": entry.version_number,
        "service_model": entry.shown["service_model"],
        "category": row.category,
        "provider": row.provider,
        "data_centre": row.data_centre,
        "county": row.county,
        "entered_date": entry.entered_date.isoformat() if entry.entered_date else None,
        "left_date": entry.left_date.isoformat() if entry.left_date else None,
        "left_reason": row.left_reason or None,
        "criteria": [
            {
                "kind": check.result["kind"],
                "met": check.met,
                "value": check.result["value"],
                "holds_until": check.result["holds_until"],
                "evidence": check.result["evidence"],
                "text": check.sentence,
            }
            for check in row.checks
        ],
    }
