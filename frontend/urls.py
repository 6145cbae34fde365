"""Addresses of the pages, by audience."""

from django.urls import include, path

from frontend import theme
from frontend.pages.officer import adviser

urlpatterns = [
    path("theme/", theme.choose_theme, name="theme"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("frontend.pages.public.urls")),
    path("buyer/", include("frontend.pages.buyer.urls")),
    path("provider/", include("frontend.pages.provider.urls")),
    path("officer/adviser/", adviser.edit_rules, name="adviser_rules"),
    path("officer/", include("frontend.pages.officer.urls")),
    path("finance/", include("frontend.pages.finance.urls")),
    path("operator/", include("frontend.pages.operator.urls")),
    path("reports/", include("frontend.pages.procurement.urls")),
]
