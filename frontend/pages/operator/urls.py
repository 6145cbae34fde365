"""Addresses of the operator's pages."""

from django.urls import URLPattern, path

from frontend.pages.operator import listings

app_name = "operator"

urlpatterns: list[URLPattern] = [
    path("listings/", listings.show_queue, name="listings"),
    path("listings/<str:code>/", listings.show_listing, name="listing"),
    path("listings/<str:code>/take/", listings.take, name="listing_take"),
    path("listings/<str:code>/return/", listings.return_listing, name="listing_return"),
    path("listings/<str:code>/publish/", listings.publish, name="listing_publish"),
    path("listings/<str:code>/freeze/", listings.freeze, name="listing_freeze"),
    path("listings/<str:code>/lift/", listings.lift, name="listing_lift"),
]
