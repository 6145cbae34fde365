"""All addresses of the site, by door."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

oscar: Any = apps.get_app_config("oscar")

urlpatterns = [
    path("", include("frontend.urls")),
    path("", include(oscar.urls[0])),
    path("api/", include("marketplace.api.urls")),
    path("back-office/", admin.site.urls),
]
