"""A buyer's invoices."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.pages import invoices
from marketplace.organisations import gate


@gate.page(permission="invoices.view", side="buyer")
def list_invoices(request: HttpRequest) -> HttpResponse:
    """The organisation's invoices, by state and month, with what is open."""
    return render(request, "invoices/list.html", invoices.show_list(request, console="buyer"))


@gate.page(permission="invoices.view", side="buyer")
def show_invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice: lines and how they came about, payments made, and how to pay the rest."""
    return render(request, "invoices/detail.html", invoices.show_detail(request, number=number, console="buyer"))
