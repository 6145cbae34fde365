"""The log-in forms of the pages and of the back office: both count tries by address and by account."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AuthenticationForm as UnfoldForm

from marketplace import clock
from marketplace.organisations import limits


def address_of(request: HttpRequest) -> str:
    """From where a request comes."""
    return limits.address_of(meta=request.META, proxies=settings.ENV.proxies)


class LogInForm(AuthenticationForm):
    """Who tries too often is refused before the password is looked at; `refusal` says how long to wait."""

    refusal: limits.TooMany | None = None

    def clean(self) -> dict[str, Any]:
        if self.request is None:
            return super().clean()
        subjects = {"address": address_of(self.request), "account": self.cleaned_data.get("username", "")}
        try:
            limits.take(rule=limits.LOG_IN, subjects=subjects, now=clock.now())
        except limits.TooMany as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.message, code="too_many") from refusal
        found = super().clean()
        if self.get_user() is not None:
            limits.give_back(rule=limits.LOG_IN, subjects=subjects, now=clock.now())
        return found


class BackOfficeLogInForm(LogInForm, UnfoldForm):
    """The same for staff."""
