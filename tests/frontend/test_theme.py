"""The choice of light or dark, and where it leads back to."""

import pytest
from django.test import RequestFactory

from frontend import theme


def choose(**fields: str):
    return theme.choose_theme(RequestFactory().post("/theme/", fields))


def test_a_choice_is_kept_in_a_cookie_and_leads_back() -> None:
    answer = choose(theme="dark", next="/catalogue/?q=gpu")
    assert answer.status_code == 302
    assert answer["Location"] == "/catalogue/?q=gpu"
    assert answer.cookies["theme"].value == "dark"


def test_an_unknown_choice_is_not_kept() -> None:
    assert "theme" not in choose(theme="pink", next="/").cookies


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/", "javascript:alert(1)", ""])
def test_it_never_leads_to_another_site(elsewhere: str) -> None:
    assert choose(theme="dark", next=elsewhere)["Location"] == "/"


def test_a_forged_cookie_means_as_the_system() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = '"><script>'
    assert theme.read_theme(request) == "auto"


def test_only_a_post_changes_it() -> None:
    assert theme.choose_theme(RequestFactory().get("/theme/")).status_code == 405
