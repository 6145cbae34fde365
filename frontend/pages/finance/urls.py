"""Addresses of the finance pages."""

from django.urls import URLPattern, path  # noqa: F401

app_name = "finance"

urlpatterns: list[URLPattern] = []
