"""What every test stands on: real PostgreSQL and Redis of its own, and one way to clean up."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import sync_playwright

from billing.exports.writers import pdf

hypothesis_settings.register_profile("marketplace", deadline=None, print_blob=True)
hypothesis_settings.load_profile("marketplace")


def pytest_configure() -> None:
    """Passwords of the cast are hashed by a fast algorithm; `test_passwords` tests that people's are not."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def has_chromium() -> bool:
    """Whether the browser tests can run: the system's Chromium, or one that Playwright has installed."""
    if Path("/usr/bin/chromium").exists():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run: `pytest_terminal_summary` says so."""
    folder = Path(__file__).parent / "browser"
    browser_tests = [item for item in items if folder in item.path.parents]
    if browser_tests and not has_chromium():
        _leave_out(browser_tests, config=config, items=items)
    pdf_tests = [item for item in items if item.get_closest_marker("pdf")]
    if pdf_tests and not pdf.is_available():
        _leave_out(pdf_tests, config=config, items=items)
    # The files that take longest go first, so that no worker sits with one of them while the other has nothing left.
    items.sort(key=lambda item: (not item.get_closest_marker("long"), folder not in item.path.parents))


def _leave_out(some: list[pytest.Item], *, config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=some)
    items[:] = [item for item in items if item not in some]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not has_chromium():
        terminalreporter.write_line("Left out, because there is no Chromium on this machine: tests/browser.")
    if not pdf.is_available():
        terminalreporter.write_line("Left out, because there is no Pango on this machine: tests marked pdf.")


def _empty_tables(self: TransactionTestCase) -> None:
    """Empty what a test that commits has written.

    Append-only tables refuse it to everyone, so the owner's session switches triggers off for this one act.
    """
    from listings.search import store

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
    store.forget()  # the triggers that tell it of removed rows were off


# What migrations and Django itself wrote is the same for every test.
KEPT_TABLES = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "django_site",
    "metering_rollup",
    "procurement_adviserrules",
    "partner_mlpsinterval",
    "contracts_credittable",
    "onboarding_standardcommission",
}
TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def now() -> datetime:
    """Noon in Chifeng on 2 November 2026: October has ended, its grace period too."""
    return datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _chinese_by_default() -> Iterator[None]:
    """Leave no language behind for the next test."""
    from django.utils import translation

    with translation.override("zh-hans"):
        yield
