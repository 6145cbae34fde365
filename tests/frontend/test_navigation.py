"""Each audience sees its own places, only those that exist and that its role may see."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import include, path

from frontend import navigation
from marketplace.organisations import actors


def answer(request, **kwargs):
    return HttpResponse()


def space(name: str, *pages: str):
    return include(([path(f"{page}/" if page else "", answer, name=page or "index") for page in pages], name))


urlpatterns = [
    path("catalogue/", answer, name="catalogue"),
    path("buyer/", space("buyer", "orders", "approvals", "invoices")),
    path("provider/", space("provider", "deliveries", "settlements", "api_keys")),
    path("finance/", space("finance", "settlements", "payments")),
]

pytestmark = pytest.mark.urls(__name__)


def header(actor: actors.Actor, at: str = "/") -> list[str]:
    return [item.url for item in navigation.build_header(RequestFactory().get(at), actor)]


def side(actor: actors.Actor, at: str = "/") -> list[str]:
    groups = navigation.build_side(RequestFactory().get(at), actor)
    return [item.url for group in groups for item in group.items]


def acting(side: str, *roles: str) -> actors.Actor:
    return actors.Actor(side=side, roles=frozenset(roles), organisation_id=1, user_id=1)


def test_a_visitor_sees_the_catalogue_and_no_console() -> None:
    assert header(actors.VISITOR) == ["/catalogue/"]
    assert side(actors.VISITOR) == []


def test_a_buyer_sees_what_a_buyer_may() -> None:
    assert header(acting("buyer", "buyer")) == ["/catalogue/", "/buyer/orders/", "/buyer/invoices/"]
    assert side(acting("buyer", "buyer")) == ["/buyer/orders/", "/buyer/invoices/"]


def test_only_who_approves_sees_approvals() -> None:
    assert "/buyer/approvals/" in side(acting("buyer", "approver"))
    assert "/buyer/approvals/" not in side(acting("buyer", "finance"))


def test_a_provider_sees_nothing_of_the_platform() -> None:
    assert side(acting("provider", "owner")) == [
        "/provider/deliveries/",
        "/provider/settlements/",
        "/provider/api_keys/",
    ]
    assert side(acting("provider", "operations")) == ["/provider/deliveries/", "/provider/api_keys/"]


def test_the_longest_matching_address_is_active() -> None:
    items = navigation.build_header(RequestFactory().get("/finance/settlements/7/"), acting("platform", "finance"))
    assert [item.url for item in items if item.active] == ["/finance/settlements/"]


@override_settings(ROOT_URLCONF="tests.frontend.no_urls")
def test_without_any_page_the_navigation_is_empty() -> None:
    assert header(acting("buyer", "owner")) == []
