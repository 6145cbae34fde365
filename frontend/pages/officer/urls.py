"""Addresses of the officer's pages."""

from django.urls import URLPattern, path

from frontend.pages.officer import criteria, editions

app_name = "officer"

urlpatterns: list[URLPattern] = [
    path("recommended/", editions.show_catalogue, name="catalogue"),
    path("recommended/criteria/", criteria.announce_criteria, name="criteria"),
    path("recommended/editions/", editions.open_edition, name="edition_open"),
    path("recommended/editions/<int:edition_id>/", editions.show_edition, name="edition"),
    path("recommended/editions/<int:edition_id>/evaluate/", editions.evaluate_again, name="edition_evaluate"),
    path("recommended/editions/<int:edition_id>/decide/", editions.decide, name="edition_decide"),
    path("recommended/editions/<int:edition_id>/send/", editions.send_to_sign, name="edition_send"),
    path("recommended/editions/<int:edition_id>/sign/", editions.sign, name="edition_sign"),
    path("recommended/editions/<int:edition_id>/publish/", editions.publish, name="edition_publish"),
]
