"""Addresses of the provider pages."""

from django.urls import URLPattern, path  # noqa: F401

app_name = "provider"

urlpatterns: list[URLPattern] = []
