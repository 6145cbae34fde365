"""A provider's capacity: how full its pools are, what is planned for them, and when services may be interrupted."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import operations as providers
from providers import queries
from providers.capacity import history, planning
from providers.capacity import queries as capacity

NEARLY_FULL_PERCENT = 90


class PoolForm(forms.Form):
    """How much is for sale."""

    total = forms.DecimalField(label=gettext_lazy("For sale"), min_value=0, max_digits=18, decimal_places=3)
    overcommit_ratio = forms.DecimalField(
        label=gettext_lazy("Overcommit ratio"),
        max_digits=5,
        decimal_places=2,
        help_text=gettext_lazy("Units sold for each physical one. Buyers can read it; 1 means none."),
    )


class ChangeForm(forms.Form):
    """More or less from a day on."""

    quantity = forms.DecimalField(
        label=gettext_lazy("Quantity added"),
        max_digits=18,
        decimal_places=3,
        help_text=gettext_lazy("What is added; negative for what is taken out."),
    )
    effective_date = forms.DateField(
        label=gettext_lazy("Starting"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=planning.LONGEST_REASON)


class WindowForm(forms.Form):
    """When services of a data centre may be interrupted."""

    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    starts_at = forms.DateTimeField(
        label=gettext_lazy("Starting"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label=gettext_lazy("What is done"), max_length=planning.LONGEST_REASON)


@gate.page(permission="capacity.view", side="provider")
def show_capacity(request: HttpRequest) -> HttpResponse:
    """Every pool of every data centre with its level, and the windows that are announced."""
    partner = _partner(request)
    pools = queries.list_pools(partner_id=partner.pk)
    today = periods.civil_date(clock.now())
    days = history.days_of(pool_ids=[pool.pk for pool in pools], until=today)
    centres: dict[Any, list[dict[str, Any]]] = {}
    for pool in pools:
        centres.setdefault(pool.data_centre, []).append(_row(pool, days[pool.pk]))
    windows = capacity.maintenance_of(data_centre_ids=[centre.pk for centre in centres], since=clock.now())
    context = {
        "centres": centres.items(),
        "windows": windows,
        "nearly_full": [row for rows in centres.values() for row in rows if row["percent"] >= NEARLY_FULL_PERCENT],
        "pools": len(pools),
        "can_edit": gate.actor_of(request).can("capacity.edit"),
    }
    return render(request, "provider/capacity.html", context)


@gate.page(permission="capacity.view", side="provider")
def show_pool(request: HttpRequest, code: str, resource: str) -> HttpResponse:
    """One pool: its level over time, what is planned, reserved and held."""
    return _render_pool(request, code, resource)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def set_pool(request: HttpRequest, code: str, resource: str) -> HttpResponse:
    """Change what is for sale."""
    pool = capacity.find_pool(data_centre_code=code, resource=resource, partner_id=_partner(request).pk)
    form = PoolForm(request.POST)
    if form.is_valid():
        try:
            providers.set_pool(
                data_centre=pool.data_centre,
                resource=resource,
                unit=pool.unit,
                actor=gate.actor_of(request),
                now=clock.now(),
                **form.cleaned_data,
            )
        except errors.Refused as error:
            return _render_pool(request, code, resource, pool_form=_with(form, error), status=_status(error))
        messages.success(request, _("The capacity for sale is changed."))
        return redirect("provider:pool", code, resource)
    return _render_pool(request, code, resource, pool_form=form, status=422)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def plan_change(request: HttpRequest, code: str, resource: str) -> HttpResponse:
    """Announce that the pool grows or shrinks."""
    pool = capacity.find_pool(data_centre_code=code, resource=resource, partner_id=_partner(request).pk)
    form = ChangeForm(request.POST)
    if form.is_valid():
        try:
            planning.plan_change(pool=pool, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as error:
            return _render_pool(request, code, resource, change_form=_with(form, error), status=_status(error))
        messages.success(request, _("The change is planned."))
        return redirect("provider:pool", code, resource)
    return _render_pool(request, code, resource, change_form=form, status=422)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def cancel_change(request: HttpRequest, code: str, resource: str, pk: int) -> HttpResponse:
    """Call a planned change off."""
    try:
        planning.cancel_change(
            change_id=pk, partner_id=_partner(request).pk, actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The change is called off."))
    return redirect("provider:pool", code, resource)


@gate.page(permission="capacity.view", side="provider", methods=("GET", "POST"))
def show_maintenance(request: HttpRequest) -> HttpResponse:
    """Announced windows, and the form for another one."""
    actor, partner = gate.actor_of(request), _partner(request)
    centres = queries.list_data_centres(partner_id=partner.pk)
    form, status = _window_form(centres, None), 200
    if request.method == "POST":
        actor.require("capacity.edit")
        form, status = _window_form(centres, request.POST), 422
        if form.is_valid():
            wanted = dict(form.cleaned_data)
            place = wanted.pop("data_centre")
            centre = next(one for one in centres if one.code == place)
            try:
                planning.announce_maintenance(data_centre=centre, actor=actor, now=clock.now(), **wanted)
            except errors.Refused as error:
                form, status = _with(form, error), _status(error)
            else:
                messages.success(request, _("The window is announced; buyers see it on the page of the data centre."))
                return redirect("provider:maintenance")
    now = clock.now()
    windows = capacity.maintenance_of(data_centre_ids=[centre.pk for centre in centres], since=now)
    context = {
        "form": form,
        "rows": [{"window": one, "has_begun": one.starts_at <= now} for one in windows],
        "can_edit": actor.can("capacity.edit"),
    }
    return render(request, "provider/maintenance.html", context, status=status)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def cancel_maintenance(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a window off that has not begun."""
    planning.cancel_maintenance(
        window_id=pk, partner_id=_partner(request).pk, actor=gate.actor_of(request), now=clock.now()
    )
    messages.success(request, _("The window is called off."))
    return redirect("provider:maintenance")


def _render_pool(
    request: HttpRequest,
    code: str,
    resource: str,
    *,
    pool_form: forms.Form | None = None,
    change_form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    pool = capacity.find_pool(data_centre_code=code, resource=resource, partner_id=_partner(request).pk)
    today = periods.civil_date(clock.now())
    days = history.days_of(pool_ids=[pool.pk], until=today)[pool.pk]
    start = {"total": pool.total.normalize(), "overcommit_ratio": pool.overcommit_ratio}
    context = {
        "pool": pool,
        "row": _row(pool, days),
        "future": capacity.futures_of(pool_ids=[pool.pk])[pool.pk],
        "chart": _chart(days, unit=pool.unit) if len(days) > 1 else None,
        "pool_form": pool_form or PoolForm(initial={**start, "total": f"{pool.total.normalize():f}"}),
        "change_form": change_form or ChangeForm(),
        "can_edit": gate.actor_of(request).can("capacity.edit"),
    }
    return render(request, "provider/pool.html", context, status=status)


def _row(pool: Any, days: Iterable[Any]) -> dict[str, Any]:
    """A pool as its line shows it: words, level in per cent, and the last days as a small line."""
    taken = pool.total - pool.available
    percent = int(taken * 100 / pool.total) if pool.total else 0
    return {
        "pool": pool,
        "name": wording.RESOURCES.get(pool.resource, pool.resource),
        "taken": taken,
        "percent": percent,
        "is_nearly_full": bool(pool.total) and percent >= NEARLY_FULL_PERCENT,
        "trend": [_share(day.peak, day.total) for day in days],
    }


def _share(part: Decimal, whole: Decimal) -> int:
    return int(part * 100 / whole) if whole else 0


def _chart(days: list[Any], *, unit: str) -> dict[str, Any]:
    return {
        "kind": "line",
        "unit": unit,
        "categories": [day.day.isoformat() for day in days],
        "series": [
            {"name": _("For sale"), "values": [float(day.total) for day in days]},
            {"name": _("Most taken on the day"), "values": [float(day.peak) for day in days]},
            {"name": _("Sold"), "values": [float(day.allocated) for day in days]},
        ],
    }


def _window_form(centres: list[Any], data: Any) -> WindowForm:
    form = WindowForm(data)
    form.fields["data_centre"] = forms.ChoiceField(
        label=_("Data centre"), choices=[(centre.code, centre.name) for centre in centres]
    )
    if data is None:
        tomorrow = timezone.localtime(clock.now()).replace(hour=0, minute=0) + timedelta(days=1)
        form.initial = {"starts_at": tomorrow, "ends_at": tomorrow + timedelta(hours=4)}
    return form


def _with(form: Any, error: errors.Refused) -> Any:
    form.add_error(error.field if error.field in form.fields else None, error.message)
    return form


def _status(error: errors.Refused) -> int:
    return 409 if error.is_conflict else 422


def _partner(request: HttpRequest) -> Any:
    partner = queries.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise capacity.NoSuchPool
    return partner
