"""Comparison reports: what is frozen, and how its hash is made.

The content is JSON of texts, whole numbers and lists only (decimals are texts), so that PostgreSQL gives back exactly
what was hashed. Canonical: keys sorted, no spaces, UTF-8.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from listings.comparison import queries as comparisons
from listings.comparison.table import Table


def build_content(
    *, number: str, comparison: comparisons.Comparison, organisation: str, made_by: str, made_at: datetime
) -> dict[str, Any]:
    """Everything a report shows, in the language it is made in."""
    return {
        "number": number,
        "organisation": organisation,
        "made_by": made_by,
        "made_at": made_at.isoformat(),
        "language": get_language() or "zh-hans",
        "table": comparison.table.to_json(),
    }


def hash_content(content: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical JSON, in lower-case hexadecimal."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_table(content: Mapping[str, Any]) -> Table:
    """The frozen comparison."""
    return Table.from_json(content["table"])
