"""An organisation registers to sell: one page makes the organisation, its owner and the draft of the application."""

from django import forms
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend import log_in
from frontend.pages import onboarded
from marketplace import clock
from marketplace.organisations import gate, limits, middleware
from providers.onboarding import operations


class RegistrationForm(forms.Form):
    """The organisation and the person who acts for it."""

    name = forms.CharField(label=onboarded.LABELS["name"], max_length=120)
    code = forms.CharField(
        label=onboarded.LABELS["code"],
        max_length=40,
        help_text=gettext_lazy("18 characters, as on the business licence."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "class": "code"}),
    )
    full_name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("You log in with it, and notices go there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        help_text=gettext_lazy("At least 10 characters, neither a common password nor like your name."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=gettext_lazy("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> None:
        first, second = self.cleaned_data.get("password"), self.cleaned_data.get("repeated")
        if first and second and first != second:
            self.add_error("repeated", _("The two passwords differ. Type them again."))


@gate.page(permission=None, methods=("GET", "POST"))
def register(request: HttpRequest) -> HttpResponse:
    """Register; the new owner is logged in and goes on to the application."""
    if request.user.is_authenticated:
        return redirect("home")
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        subjects = {"address": log_in.address_of(request), "account": form.cleaned_data["email"]}
        try:
            limits.take(rule=limits.REGISTER, subjects=subjects, now=clock.now())
        except limits.TooMany as refusal:
            form.add_error(None, refusal.message)
            answer = render(request, "registration/register.html", {"form": form}, status=429)
            answer.headers["Retry-After"] = str(refusal.wait_s)
            return answer
        wanted = {name: form.cleaned_data[name] for name in ("name", "code", "full_name", "email", "password")}
        try:
            user, application = operations.register_applicant(**wanted, now=clock.now())
        except ValidationError as error:
            onboarded.field_errors(form, error.message_dict)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            request.session[middleware.SESSION_KEY] = application.organisation_id
            return redirect("provider:application")
    return render(
        request, "registration/register.html", {"form": form}, status=422 if request.method == "POST" else 200
    )
