"""Entries of an edition: made of judged candidates, and summed up for those who sign."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from listings.models import Edition, EditionEntry
from listings.recommended import criteria
from listings.recommended.facts import Candidate
from providers.models import Evidence

BATCH_ROWS = 2_000


def write_entries(*, edition: Edition, candidates: Iterable[Candidate], kept: dict[int, EditionEntry]) -> int:
    """Judge candidates and write one entry for each; returns how many. Those that meet the criteria are in.

    `kept`: the entries before, by offering. What an officer left out stays out, with the note.
    """
    rows = [_entry(edition, candidate, kept.get(candidate.product.pk)) for candidate in candidates]
    EditionEntry.objects.bulk_create(rows, batch_size=BATCH_ROWS)
    return len(rows)


def _entry(edition: Edition, candidate: Candidate, before: EditionEntry | None) -> EditionEntry:
    results = candidate.judge(edition.criteria_set.criteria)
    meets = criteria.meets_all(results)
    entry = EditionEntry(
        edition=edition,
        product=candidate.product,
        offering_version=candidate.version,
        version_number=candidate.product.version_number,
        shown=describe(candidate),
        meets=meets,
        evaluation=[criteria.to_json(one) for one in results],
        decision=EditionEntry.Decision.INCLUDED if meets else EditionEntry.Decision.EXCLUDED,
    )
    if before is not None and before.decided_at is not None:
        entry.note, entry.decided_by_id, entry.decided_at = before.note, before.decided_by_id, before.decided_at
        if before.decision == EditionEntry.Decision.EXCLUDED:
            entry.decision = EditionEntry.Decision.EXCLUDED
    return entry


def describe(candidate: Candidate) -> dict[str, Any]:
    """The words of an offering, as they are kept with the entry."""
    product = candidate.product
    centre, category = product.data_centre, product.main_category
    return {
        "code": product.code,
        "title": product.title,
        "title_en": product.title_en,
        "service_model": product.service_model,
        "category": category.name if category else "",
        "category_en": category.name_en if category else "",
        "provider": product.partner.name if product.partner else "",
        "data_centre": centre.name if centre else "",
        "county": f"{centre.county.prefecture.name} {centre.county.name}"
        if centre and centre.county.prefecture
        else "",
    }


def digest(*, edition: Edition) -> str:
    """What a signature stands under: every entry with its version, judgement, decision and note (SHA-256)."""
    rows = edition.entries.order_by("product_id").values_list(
        "product_id", "version_number", "meets", "decision", "note", "evaluation"
    )
    text = json.dumps([edition.criteria_set_id, list(rows)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def explain_leaving(
    *, entry: EditionEntry, candidate: Candidate | None, state: str, results: Sequence[criteria.Result], on: date
) -> dict[str, Any] | None:
    """Why an entry can stay no longer, as it is stored; None if it can. `documents` of the entry say what lapsed."""
    if candidate is None:
        return {"code": state}
    failed = next((one for one in results if not one.met), None)
    if failed is None:
        return None
    rule = next(one for one in entry.edition.criteria_set.criteria if one["kind"] == failed.kind)
    reason = {"code": "criterion", "criterion": rule, "result": criteria.to_json(failed)}
    was = next((one for one in entry.evaluation if one["kind"] == failed.kind), None)
    document = was["evidence"] if was else None
    if document is None or (failed.proof is not None and failed.reason != "too_old"):
        return reason
    row = Evidence.objects.filter(pk=document["id"]).first()
    if row is not None and row.status == Evidence.Status.REVOKED:
        return {**reason, "code": "revoked", "evidence": document, "why": row.revoked_reason}
    until = was["holds_until"] if was else None
    if until and until < on.isoformat():
        return {**reason, "code": "lapsed", "evidence": document, "until": until}
    return reason
