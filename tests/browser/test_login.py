"""Logging in, by keyboard, and out."""

from collections.abc import Callable

from django.db import connection
from playwright.sync_api import Page, expect

from marketplace.organisations.models import Membership
from tests import factories
from tests.browser.accessibility import assert_page_passes


def test_the_page_is_accessible_as_it_comes_and_with_an_error(visit: Callable[..., Page]) -> None:
    page = visit("/login/")
    assert_page_passes(page)
    page.get_by_label("电子邮箱").fill("nobody@example.test")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("main").get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert_page_passes(page)


def test_by_keyboard_alone_to_the_organisation_and_out_again(visit: Callable[..., Page]) -> None:
    user = factories.member(factories.foods(), "owner", email="owner@foods.example.test")
    page = visit("/login/")
    page.get_by_label("电子邮箱").focus()
    page.keyboard.type(user.email)
    page.keyboard.press("Tab")
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    account = page.locator("summary", has_text="赤峰草原食品有限公司")
    expect(account).to_be_visible()

    account.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="退出登录").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="登录")).to_be_visible()


def test_one_person_acts_for_another_of_her_organisations(visit: Callable[..., Page]) -> None:
    with connection.cursor() as cursor:  # a number of four digits is no figure for people: 5000, not 5,000
        cursor.execute("SELECT setval('organisations_organisation_id_seq', GREATEST(5000, last_value)) "
                       "FROM organisations_organisation_id_seq")  # fmt: skip
    user = factories.member(factories.foods(), "owner")
    Membership.objects.create(user=user, organisation=factories.bureau(), roles=["buyer"])
    page = visit("/no-such-page/", user, status=404)
    page.locator("summary", has_text="赤峰草原食品有限公司").click()
    page.get_by_role("button", name="赤峰市某局").click()
    expect(page.locator("summary", has_text="赤峰市某局")).to_be_visible()
