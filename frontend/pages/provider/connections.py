"""A provider's clouds: accounts with credentials that are only ever written, what offerings are there, and machines."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from frontend.pages.provider.listings import partner_of
from listings import life
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.fulfilment import queries as deliveries
from providers.provisioning import operations, queries

TONES = {"running": "good", "failed": "bad", "removed": "neutral", "removing": "warn"}
TEST_WORDS = {
    "refused": gettext_lazy("Refused"),
    "unreachable": gettext_lazy("Not reachable"),
    "timed_out": gettext_lazy("No answer in time"),
    "garbled": gettext_lazy("Answer not readable"),
    "forbidden_address": gettext_lazy("Not a public address"),
    "invalid_address": gettext_lazy("Address not allowed"),
    "secret": gettext_lazy("Credentials cannot be opened"),
}


class CredentialsForm(forms.Form):
    """Who we are in the cloud: written, never shown."""

    user = forms.CharField(
        label=gettext_lazy("Access key or user"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=gettext_lazy("Secret key or password"),
        max_length=500,
        strip=False,
        help_text=gettext_lazy("Kept encrypted and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class ConnectionForm(CredentialsForm):
    """A new connection."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    kind = forms.ChoiceField(label=gettext_lazy("Interface"), choices=queries.KINDS)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Of the EC2 interface, or of Keystone. https, reachable from the Internet."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    region = forms.CharField(label=gettext_lazy("Region"), max_length=60, required=False)
    project = forms.CharField(label=gettext_lazy("Project (OpenStack)"), max_length=120, required=False)
    domain = forms.CharField(label=gettext_lazy("Domain (OpenStack)"), max_length=120, required=False)

    field_order = ["name", "data_centre", "kind", "url", "region", "project", "domain", "user", "password"]

    def __init__(self, *args: Any, partner_id: int) -> None:
        super().__init__(*args)
        centres = providers.list_data_centres(partner_id=partner_id)
        self.fields["data_centre"].choices = [(one.code, one.name) for one in centres]  # type: ignore[attr-defined]


class BlueprintForm(forms.Form):
    """What one unit of an offering is in the cloud."""

    offering = forms.CharField(
        label=gettext_lazy("Offering's code"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    size = forms.CharField(label=gettext_lazy("Size"), max_length=120, help_text=gettext_lazy("Such as t3.micro."))
    image = forms.CharField(label=gettext_lazy("Image"), max_length=120, help_text=gettext_lazy("Its id in the cloud."))
    meters = forms.CharField(
        label=gettext_lazy("Usage of one machine in an hour"),
        required=False,
        help_text=gettext_lazy("One meter on a line, such as vcpu_hours=2. Empty: no usage is reported."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    accepts_orders = forms.BooleanField(label=gettext_lazy("Accept orders by itself"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)


@gate.page(permission="connections.manage", side="provider", methods=("GET", "POST"))
def show_connections(request: HttpRequest) -> HttpResponse:
    """The connections and the form; POST adds one."""
    partner_id = partner_of(request)
    form, status = ConnectionForm(partner_id=partner_id), 200
    if request.method == "POST":
        form, status = ConnectionForm(request.POST, partner_id=partner_id), 422
        if form.is_valid():
            wanted = {**form.cleaned_data, "data_centre_code": form.cleaned_data["data_centre"]}
            del wanted["data_centre"]
            try:
                made = operations.add_connection(
                    **wanted, partner_id=partner_id, actor=gate.actor_of(request), now=clock.now()
                )
            except errors.Refused as error:
                form.add_error(error.field or None, error.message)
                status = 409 if error.is_conflict else 422
            else:
                messages.success(request, _("The connection is added. Test it now."))
                return redirect("provider:connection", made.number)
    rows = [{"connection": one, "state": _state(one)} for one in queries.list_connections(partner_id=partner_id)]
    return render(request, "provider/connections.html", {"form": form, "rows": rows}, status=status)


@gate.page(permission="connections.manage", side="provider")
def show_connection(request: HttpRequest, number: str) -> HttpResponse:
    """One connection: how the last test went, what offerings are there, and its machines."""
    return _render(request, number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def test_connection(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the cloud while the person waits, and show what it said."""
    result = operations.test_connection(
        partner_id=partner_of(request), number=number, actor=gate.actor_of(request), now=clock.now()
    )
    if result.error:
        messages.error(request, _("The test failed: %(why)s") % {"why": result.message})
    else:
        limits = "，".join(f"{quota.resource} {quota.total:f} {quota.unit}" for quota in result.quotas)
        messages.success(request, _("The cloud answered. Limits: %(limits)s.") % {"limits": limits or "—"})
    return redirect("provider:connection", number)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def read_quota(request: HttpRequest, number: str) -> HttpResponse:
    """Set the data centre's pools to the limits of the account."""
    try:
        quotas = operations.read_quota(
            partner_id=partner_of(request), number=number, actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        text = ngettext("%(count)s pool follows the cloud's limits.", "%(count)s pools follow the limits.", len(quotas))
        messages.success(request, text % {"count": len(quotas)})
    return redirect("provider:connection", number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def set_credentials(request: HttpRequest, number: str) -> HttpResponse:
    """Other credentials in the place of the old ones."""
    form = CredentialsForm(request.POST)
    if not form.is_valid():
        return _render(request, number, credentials=form, status=422)
    operations.set_credentials(
        partner_id=partner_of(request),
        number=number,
        user=form.cleaned_data["user"],
        password=form.cleaned_data["password"],
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    messages.success(request, _("The credentials are kept. Test the connection now."))
    return redirect("provider:connection", number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def switch_connection(request: HttpRequest, number: str) -> HttpResponse:
    """On or off."""
    is_active = request.POST.get("on") == "1"
    operations.switch_connection(
        partner_id=partner_of(request),
        number=number,
        is_active=is_active,
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    messages.success(request, _("The connection is on.") if is_active else _("The connection is off."))
    return redirect("provider:connection", number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def set_blueprint(request: HttpRequest, number: str) -> HttpResponse:
    """Say what an offering is in this cloud."""
    partner_id, form, status = partner_of(request), BlueprintForm(request.POST), 422
    if form.is_valid():
        wanted = dict(form.cleaned_data)
        code = wanted.pop("offering").strip()
        try:
            life.get_listing(code=code, partner_id=partner_id)
            operations.set_blueprint(
                **{**wanted, "meters": _read_meters(wanted["meters"])},
                partner_id=partner_id,
                offering_code=code,
                connection_number=number,
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except life.NoSuchListing:
            form.add_error("offering", _("You have no offering with this code."))
        except errors.Refused as error:
            form.add_error(error.field or None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(request, _("Saved. It holds for deliveries that begin from now on."))
            return redirect("provider:connection", number)
    return _render(request, number, blueprint=form, status=status)


@gate.page(permission="connections.manage", side="provider")
def show_machines(request: HttpRequest, number: str) -> HttpResponse:
    """The machines of a delivery."""
    partner_id = partner_of(request)
    rows = queries.machines_of(partner_id=partner_id, delivery_number=number)
    if not rows:
        raise errors.NotFound
    delivery = deliveries.deliveries_of(numbers=[number]).get(number)
    context = {
        "number": number,
        "delivery": delivery,
        "rows": [_machine(one) for one in rows],
        "can_retry": any(one.state in ("failed", "creating", "wanted", "removing") for one in rows),
        "can_replace": any(one.state == "running" for one in rows)
        and delivery is not None
        and delivery.status == "provisioning",
        "crumbs": [(_("Cloud connections"), reverse("provider:connections")), (number, "")],
    }
    return render(request, "provider/machines.html", context)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def retry_machines(request: HttpRequest, number: str) -> HttpResponse:
    """Try again at once."""
    operations.retry_machines(
        partner_id=partner_of(request), delivery_number=number, actor=gate.actor_of(request), now=clock.now()
    )
    messages.success(request, _("It is tried again within a minute."))
    return redirect("provider:machines", number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def replace_machines(request: HttpRequest, number: str) -> HttpResponse:
    """Remove what was handed over and create it anew, after the buyer's rejection."""
    try:
        operations.replace_machines(
            partner_id=partner_of(request), delivery_number=number, actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("New machines take the place of the old ones."))
    return redirect("provider:machines", number)


def _render(
    request: HttpRequest,
    number: str,
    *,
    credentials: CredentialsForm | None = None,
    blueprint: BlueprintForm | None = None,
    status: int = 200,
) -> HttpResponse:
    partner_id = partner_of(request)
    connection = queries.get_connection(partner_id=partner_id, number=number)
    blueprints = queries.list_blueprints(partner_id=partner_id, connection=number)
    context = {
        "connection": connection,
        "state": _state(connection),
        "crumbs": [(_("Cloud connections"), reverse("provider:connections")), (connection.name, "")],
        "credentials": credentials or CredentialsForm(),
        "blueprint": blueprint or _blueprint_form(request, blueprints),
        "blueprints": blueprints,
        "machines": [_machine(one) for one in queries.list_machines(partner_id=partner_id, connection=number)],
        "can_set_pools": gate.actor_of(request).can("capacity.edit"),
    }
    return render(request, "provider/connection.html", context, status=status)


def _blueprint_form(request: HttpRequest, blueprints: list[Any]) -> BlueprintForm:
    """Empty, or what is kept of the offering that the address names."""
    for one in blueprints:
        if one.offering_code == request.GET.get("offering"):
            meters = "\n".join(f"{meter}={quantity}" for meter, quantity in one.meters.items())
            kept = {name: getattr(one, name) for name in ("size", "image", "accepts_orders", "is_active")}
            return BlueprintForm(initial={"offering": one.offering_code, "meters": meters, **kept})
    return BlueprintForm()


def _read_meters(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {meter.strip(): quantity.strip() for meter, _sign, quantity in pairs}


def _machine(machine: Any) -> dict[str, Any]:
    return {"machine": machine, "tone": TONES.get(machine.state, "info")}


def _state(connection: Any) -> tuple[str, str]:
    """Tone and word."""
    if not connection.is_active:
        return "neutral", _("Off")
    if connection.tested_at is None:
        return "warn", _("Not tested")
    if connection.test_error:
        return "bad", str(TEST_WORDS.get(connection.test_error, connection.test_error))
    return "good", _("Answers")
