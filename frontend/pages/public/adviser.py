"""The deployment adviser, open to everyone: which deployment models fit, why, and where the catalogue has them."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing.rules import periods
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.procurement import adviser


@gate.page(permission=None)
def show_adviser(request: HttpRequest) -> HttpResponse:
    """The questions, the answer to those in the address, and the whole table of the version in force."""
    today = periods.civil_date(clock.now())
    rules = adviser.rules_in_force(on=today)
    asked = {name: request.GET.get(name, "") for name in ("information", "business")}
    is_secret = request.GET.get("secret") == "1"
    advice, error = None, ""
    if rules is not None and (any(asked.values()) or is_secret):
        statement = adviser.Statement(asked["information"], asked["business"], is_state_secret=is_secret)
        try:
            advice = adviser.advise(statement=statement, rules=rules)
        except errors.Refused as refusal:
            error = refusal.message
    context = {
        "rules": rules,
        "coming": [one for one in adviser.list_rules() if one.effective_date > today],
        "information": list(adviser.INFORMATION.items()),
        "business": list(adviser.BUSINESS.items()),
        "asked": asked,
        "is_secret": is_secret,
        "advice": advice,
        "error": error,
        "catalogue_url": _catalogue_url(advice) if advice and advice.allowed else "",
        "rows": table_of(rules) if rules else [],
    }
    return render(request, "public/adviser.html", context)


def table_of(rules: adviser.AdviserRules) -> list[dict[str, Any]]:
    """The table of a version, a row for each class of information, in the reader's words."""
    return [
        {
            "information": label,
            "cells": [_cell(rules.table[information][business]) for business in adviser.BUSINESS],
        }
        for information, label in adviser.INFORMATION.items()
    ]


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": [wording.DEPLOYMENT_MODELS[one] for one in adviser.MODELS if one in cell["models"]],
        "words": wording.choose(cell["advice"], cell.get("advice_en", "")),
    }


def _catalogue_url(advice: adviser.Advice) -> str:
    query = urlencode([("deployment", model) for model in advice.allowed])
    return f"{reverse('catalogue')}?{query}"
