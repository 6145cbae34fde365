"""Settlements as their provider sees them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.pages import settlements
from marketplace.organisations import gate


@gate.page(permission="settlements.view", side="provider")
def show_month(request: HttpRequest) -> HttpResponse:
    return render(request, "settlements/month.html", settlements.show_month(request, console="provider"))


@gate.page(permission="settlements.view", side="provider")
def show_settlement(request: HttpRequest, number: str) -> HttpResponse:
    context = settlements.show_detail(request, number=number, console="provider")
    return render(request, "settlements/detail.html", context)
