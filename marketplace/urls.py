"""All addresses of the site, by door."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("frontend.urls")),
    path("", include(apps.get_app_config("oscar").urls[0])),
    path("api/", include("marketplace.api.urls")),
    path("back-office/", admin.site.urls),
]
