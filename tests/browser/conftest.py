"""A real browser against the live server: Chinese, in Shanghai, without motion.

`page` fails the test at its end when the browser's console showed an error: a
breach of the content security policy, a script that broke, a file that is not
there. `visit` logs a person in and goes to an address.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

if TYPE_CHECKING:
    from marketplace.organisations.models import User

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium where there is one, else the one Playwright has installed."""
    own = {"executable_path": str(SYSTEM_CHROMIUM)} if SYSTEM_CHROMIUM.exists() else {}
    return {**browser_type_launch_args, **own, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "reduced_motion": "reduce",
        "viewport": {"width": 1440, "height": 900},
    }


@pytest.fixture
def page(page: Page, transactional_db: None) -> Iterator[Page]:
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The browser reports every page answered with 4xx; a test that visits one asserts its status itself.
        is_the_page = message.location.get("url", "") == page.url
        if message.type == "error" and not is_the_page:
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def visit(page: Page, context: BrowserContext, live_server: Any) -> Callable[..., Page]:
    """`visit("/orders/", user)`: the page as that person sees it, or as a visitor. Asserts the status."""

    def go(path: str, user: "User | None" = None, *, status: int = 200) -> Page:
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        response = page.goto(f"{live_server.url}{path}")
        assert response is not None
        assert response.status == status
        return page

    return go
