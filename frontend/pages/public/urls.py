"""Addresses of the public pages."""

from django.urls import URLPattern, path

from frontend.pages import documents, health, notices
from frontend.pages.public import (
    account,
    adviser,
    catalogue,
    catalogue_export,
    certificates,
    compare,
    data_centres,
    estimate,
    offering,
    recommended,
    register,
    reviews,
    status,
    versions,
)

urlpatterns: list[URLPattern] = [
    path("", catalogue.show_home, name="home"),
    path("catalogue/", catalogue.browse_catalogue, name="catalogue"),
    path("catalogue/export.csv", catalogue_export.download_csv, name="catalogue_csv"),
    path("catalogue/export.xlsx", catalogue_export.download_xlsx, name="catalogue_xlsx"),
    path("catalogue/<int:pk>/<str:slug>/", offering.show_offering, name="offering"),
    path("catalogue/<int:pk>/<str:slug>/versions/<int:number>/", versions.show_version, name="offering_version"),
    path("reviews/<slug:code>/", reviews.show_review, name="review"),
    path("reviews/<slug:code>/flag/", reviews.flag_review, name="review_flag"),
    path("data-centres/<str:code>/", data_centres.show_data_centre, name="data_centre"),
    path("compare/", compare.compare, name="compare"),
    path("compare/xlsx/", compare.download_comparison, name="compare_xlsx"),
    path("compare/tray/", compare.change_tray, name="compare_tray"),
    path("recommended/", recommended.show_in_force, name="recommended"),
    path("recommended/editions/", recommended.list_editions, name="recommended_editions"),
    path("recommended/editions/<slug:number>/", recommended.show_edition, name="recommended_edition"),
    path("recommended/editions/<slug:number>/compare/", recommended.compare_edition, name="recommended_compare"),
    path(
        "recommended/editions/<slug:number>.<slug:file_format>", recommended.download_edition, name="recommended_file"
    ),
    path("estimate/", estimate.show_estimate, name="estimate"),
    path("estimate/save/", estimate.save_estimate, name="save_estimate"),
    path("estimate/xlsx/", estimate.download_estimate, name="estimate_xlsx"),
    path("estimate/<str:token>/", estimate.open_estimate, name="kept_estimate"),
    path("adviser/", adviser.show_adviser, name="adviser"),
    path("documents/<slug:number>/", documents.download_document, name="document"),
    path("notices/", notices.show_notices, name="notices"),
    path("healthz", health.health, name="health"),
    path("status/", status.show_status, name="status"),
    path("certificates/", certificates.list_certificates, name="certificates"),
    path("register/", register.register, name="register"),
    path("login/", account.login, name="login"),
    path("logout/", account.logout, name="logout"),
    path("organisation/", account.switch_organisation, name="switch_organisation"),
]
