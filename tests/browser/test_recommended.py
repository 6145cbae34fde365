"""The recommended catalogue in a browser: readable by everyone, prepared without a script, light, dark and narrow."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests import editions, factories
from tests.browser.accessibility import assert_page_passes


@pytest.fixture
def market(transactional_db):
    first = factories.offering(editions.proven_centre(), title="合格云主机")
    second = factories.offering(editions.proven_centre(factories.songmo()), title="松漠云主机")
    rules = editions.announce()
    editions.publish(rules)
    editions.publish(rules, opened=editions.PUBLISHED_AT, now=editions.PUBLISHED_AT)
    return first, second, editions.open_edition(rules)


@pytest.mark.parametrize(
    "address",
    [
        "/recommended/",
        "/recommended/editions/",
        "/recommended/editions/TJ-2026-01/",
        "/recommended/editions/TJ-2026-02/compare/",
        "/recommended/editions/TJ-2026-01/compare/",
    ],
)
def test_public_pages_are_accessible(visit, market, address):
    assert_page_passes(visit(address))


def test_officer_pages_are_accessible(visit, market):
    officer = factories.member(factories.platform(), "officer")
    for address in (
        "/officer/recommended/",
        "/officer/recommended/criteria/",
        f"/officer/recommended/editions/{market[2].pk}/",
    ):
        assert_page_passes(visit(address, officer))


def test_the_offering_with_its_reasons_is_accessible(visit, market):
    page = visit(market[0].get_absolute_url())
    expect(page.get_by_role("heading", name="推荐目录", exact=True)).to_be_visible()
    assert_page_passes(page)


def test_from_the_edition_into_the_catalogue(visit, market):
    page = visit("/recommended/")
    page.get_by_role("link", name="检索和筛选").click()
    expect(page).to_have_url(re.compile(r"/catalogue/\?recommended=1$"))
    expect(page.locator(".card")).to_have_count(2)


def test_leaving_out_works_without_a_script(browser: Browser, live_server, market, client):
    from django.conf import settings

    client.force_login(factories.member(factories.platform(), "officer"))
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/officer/recommended/editions/{market[2].pk}/")
    row = page.get_by_role("row").filter(has_text="松漠云主机")
    row.locator("summary").click()
    row.get_by_label("理由").fill("供应方未申报")
    row.get_by_role("button", name="不列入").click()
    page.get_by_role("link", name=re.compile("未列入")).click()
    expect(page.get_by_role("row").filter(has_text="松漠云主机")).to_contain_text("供应方未申报")
    context.close()
