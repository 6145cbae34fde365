"""All addresses of the site, by door."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from marketplace.api import notifications

oscar: Any = apps.get_app_config("oscar")

urlpatterns = [
    path("", include("frontend.urls")),
    path("", include(oscar.urls[0])),
    path("api/", include("marketplace.api.urls")),
    path("payments/notify/<slug:gateway>/", notifications.take, name="gateway_notification"),
    path("back-office/", admin.site.urls),
]
