"""What every test stands on: real PostgreSQL and Redis of its own, and one way to clean up."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

hypothesis_settings.register_profile("marketplace", deadline=None, print_blob=True)
hypothesis_settings.load_profile("marketplace")


def _empty_tables(self: TransactionTestCase) -> None:
    """Empty what a test that commits has written.

    Append-only tables refuse it to everyone, so the owner's session switches triggers off for this one act.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET session_replication_role = replica")
        try:
            for name in tables:
                if name not in KEPT_TABLES:
                    cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608  (names come from the catalogue)
        finally:
            cursor.execute("SET session_replication_role = origin")


# What migrations and Django itself wrote is the same for every test.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission", "django_site", "metering_rollup"}
TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[method-assign]


@pytest.fixture
def now() -> datetime:
    """Noon in Chifeng on 2 November 2026: October has ended, its grace period too."""
    return datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _chinese_by_default() -> Iterator[None]:
    """Leave no language behind for the next test."""
    from django.utils import translation

    with translation.override("zh-hans"):
        yield
