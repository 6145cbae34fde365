"""Addresses of the public pages."""

from django.urls import URLPattern, path

from frontend.pages import health
from frontend.pages.public import account

urlpatterns: list[URLPattern] = [
    path("healthz", health.health, name="health"),
    path("login/", account.login, name="login"),
    path("logout/", account.logout, name="logout"),
    path("organisation/", account.switch_organisation, name="switch_organisation"),
]
