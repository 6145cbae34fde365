"""Whether the sample world is loaded: the audit trail says so."""

from datetime import datetime

from marketplace.organisations import actors, operations, queries

BEGUN, LOADED = "demo.begun", "demo.loaded"


def is_begun() -> bool:
    return _has(BEGUN)


def is_loaded() -> bool:
    return _has(LOADED)


def mark_begun(*, now: datetime) -> None:
    _record(BEGUN, now)


def mark_loaded(*, now: datetime) -> None:
    _record(LOADED, now)


def _has(action: str) -> bool:
    return any(entry.action == action for entry in queries.list_audit_entries(object_type="demo", object_id="world"))


def _record(action: str, now: datetime) -> None:
    operations.record(actor=actors.VISITOR, action=action, object_type="demo", object_id="world", now=now)
