"""Addresses of comparison reports."""

from django.urls import URLPattern, path

from frontend.pages.procurement import reports

urlpatterns: list[URLPattern] = [
    path("", reports.list_reports, name="reports"),
    path("new/", reports.make_report, name="make_report"),
    path("<str:number>/", reports.show_report, name="report"),
    path("<str:number>/xlsx/", reports.download_report, name="report_xlsx"),
]
