"""Addresses of the buyer pages."""

from django.urls import URLPattern, path

from frontend.pages.buyer import (
    acceptance,
    approvals,
    balance,
    changes,
    contracts,
    invoices,
    orders,
    paying,
    reviews,
    service,
)

app_name = "buyer"

urlpatterns: list[URLPattern] = [
    path("orders/", orders.list_orders, name="orders"),
    path("orders/<slug:number>/", orders.show_order, name="order"),
    path("approvals/", approvals.list_approvals, name="approvals"),
    path("approvals/<slug:number>/", approvals.show_approval, name="approval"),
    path("contracts/", contracts.list_contracts, name="contracts"),
    path("contracts/<slug:number>/", contracts.show_contract, name="contract"),
    path("contracts/<slug:number>/charges/", contracts.show_charges, name="contract_charges"),
    path("contracts/<slug:number>/accept/", acceptance.accept_delivery, name="accept_delivery"),
    path("contracts/<slug:number>/reject/", acceptance.reject_delivery, name="reject_delivery"),
    path("contracts/<slug:number>/change/<slug:kind>/", changes.ask_change, name="change"),
    path("contracts/<slug:number>/withdraw/", changes.withdraw_change, name="withdraw_change"),
    path("contracts/<slug:number>/end/", contracts.end_contract, name="end_contract"),
    path("contracts/<slug:number>/service/", service.show_service, name="service"),
    path("contracts/<slug:number>/review/", reviews.write_review, name="review"),
    path("invoices/", invoices.list_invoices, name="invoices"),
    path("invoices/<slug:number>/", invoices.show_invoice, name="invoice"),
    path("invoices/<slug:number>/pay/", paying.choose, name="pay"),
    path("invoices/<slug:number>/pay/by/", paying.pay, name="pay_by"),
    path("payments/<slug:number>/", paying.show_attempt, name="paying"),
    path("payments/<slug:number>/back/", paying.come_back, name="paid"),
    path("invoices/<slug:number>/dispute/", invoices.dispute, name="invoice_dispute"),
    path("disputes/<slug:number>/withdraw/", invoices.withdraw_dispute, name="dispute_withdraw"),
    path("credit-notes/", invoices.list_credit_notes, name="credit_notes"),
    path("papers/<slug:number>/", invoices.show_paper, name="paper"),
    path("balance/", balance.show_balance, name="balance"),
    path("balance/alert/", balance.set_alert, name="balance_alert"),
    path("balance/top-up/", paying.top_up, name="top_up"),
    path("balance/methods/<int:pk>/switch/", paying.switch_method, name="switch_method"),
    path("balance/methods/<int:pk>/remove/", paying.remove_method, name="remove_method"),
]
