"""Addresses of the buyer pages."""

from django.urls import URLPattern, path  # noqa: F401

app_name = "buyer"

urlpatterns: list[URLPattern] = []
