"""Addresses of the finance pages."""

from django.urls import URLPattern, path

from frontend.pages.finance import (
    balances,
    corrections,
    dashboard,
    exports,
    gateways,
    invoices,
    payments,
    settlements,
)

app_name = "finance"

urlpatterns: list[URLPattern] = [
    path("", dashboard.show_overview, name="dashboard"),
    path("settlements/", settlements.show_month, name="settlements"),
    path("settlements/<str:number>/", settlements.show_settlement, name="settlement"),
    path("settlements/<str:number>/approve/", settlements.approve, name="settlement_approve"),
    path("settlements/<str:number>/pay/", settlements.pay, name="settlement_pay"),
    path("exports/", exports.show_exports, name="exports"),
    path("exports/<str:number>/", exports.show_progress, name="export"),
    path("exports/<str:number>/download/", exports.download, name="export_download"),
    path("invoices/", invoices.list_invoices, name="invoices"),
    path("invoices/<slug:number>/", invoices.show_invoice, name="invoice"),
    path("invoices/<slug:number>/confirm/", invoices.confirm_transfer, name="invoice_confirm"),
    path("invoices/<slug:number>/credit/", corrections.credit, name="invoice_credit"),
    path("invoices/<slug:number>/write-off/", corrections.propose_write_off, name="invoice_write_off"),
    path("papers/<slug:number>/", corrections.show_paper, name="paper"),
    path("credit-notes/", corrections.list_credit_notes, name="credit_notes"),
    path("corrections/", corrections.show_corrections, name="corrections"),
    path("disputes/<slug:number>/uphold/", corrections.uphold, name="dispute_uphold"),
    path("disputes/<slug:number>/reject/", corrections.reject, name="dispute_reject"),
    path("write-offs/<int:pk>/approve/", corrections.approve_write_off, name="write_off_approve"),
    path("write-offs/<int:pk>/refuse/", corrections.refuse_write_off, name="write_off_refuse"),
    path("parked/<int:pk>/retry/", corrections.retry_parked, name="parked_retry"),
    path("held/<int:pk>/release/", corrections.release_draft, name="draft_release"),
    path("payments/", payments.list_payments, name="payments"),
    path("payments/top-up/", payments.record_top_up, name="top_up"),
    path("balances/", balances.list_balances, name="balances"),
    path("services/", gateways.show, name="services"),
    path("services/messages/<int:pk>/retry/", gateways.retry, name="event_retry"),
    path("services/messages/<int:pk>/set-aside/", gateways.set_aside, name="event_aside"),
    path("services/differences/<int:pk>/explain/", gateways.explain, name="difference_explain"),
]
