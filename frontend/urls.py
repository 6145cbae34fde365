"""Addresses of the pages, by audience."""

from django.urls import include, path

urlpatterns = [
    path("", include("frontend.pages.public.urls")),
    path("buyer/", include("frontend.pages.buyer.urls")),
    path("provider/", include("frontend.pages.provider.urls")),
    path("finance/", include("frontend.pages.finance.urls")),
]
