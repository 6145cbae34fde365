"""The site's addresses, and one for the gallery of components."""

from django.urls import include, path

from frontend.gallery import show_gallery

urlpatterns = [
    path("gallery/", show_gallery, name="gallery"),
    path("", include("marketplace.urls")),
]
