"""采购单: the list, and the three forms that change it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from listings import queries as listings
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.procurement import estimates
from marketplace.shop.basket import forms, operations, queries


def offering_url(request: HttpRequest) -> str:
    """The offering whose plan was sent, or the list."""
    plan_id = request.POST.get("plan", "")
    if plan_id.isdecimal() and len(plan_id) < 19:
        plan = listings.find_plans(plan_ids=[int(plan_id)], organisation_id=gate.actor_of(request).organisation_id).get(
            int(plan_id)
        )
        if plan is not None:
            return str(plan.price_book.product.get_absolute_url())
    return reverse("basket:summary")


@never_cache
@gate.page(permission="orders.view", methods=("GET",))
def show_list(request: HttpRequest) -> HttpResponse:
    """The list with its prices, by provider."""
    return _render(request, changed=None)


@gate.page(permission="orders.place", methods=("POST",), come_back=offering_url)
def add_offering(request: HttpRequest) -> HttpResponse:
    """Add a plan; a refusal is shown on the page the form stands on."""
    form = forms.AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect(offering_url(request))
    chosen = form.cleaned_data
    try:
        line = operations.add_offering(
            plan_id=chosen["plan"],
            quantity=chosen["quantity"],
            term_months=chosen["term_months"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        messages.error(request, error.message)
        return redirect(offering_url(request))
    messages.success(request, _("“%(title)s” is on the purchase list.") % {"title": line.product.title})
    return redirect("basket:summary")


def estimate_url(request: HttpRequest) -> str:
    """The estimate whose lines were to be ordered."""
    return f"{reverse('estimate')}?{estimates.write_query(estimates.read_lines(params=request.GET.dict()))}"


@gate.page(permission="orders.place", methods=("POST",), come_back=estimate_url)
def add_estimate(request: HttpRequest) -> HttpResponse:
    """Add every line of an estimate that can be added; each of the others is told with its reason."""
    actor = gate.actor_of(request)
    lines = estimates.read_lines(params=request.GET.dict())
    priced = estimates.price_lines(lines=lines, organisation_id=actor.organisation_id)
    added = 0
    for number, line in enumerate(priced.lines, start=1):
        reason = next(iter(line.errors.values()), "")
        if line.plan is not None and line.quote is not None:
            try:
                operations.add_offering(
                    plan_id=line.plan.pk,
                    quantity=line.quote.quantity,
                    term_months=line.quote.term_months,
                    actor=actor,
                    now=clock.now(),
                )
                added += 1
                continue
            except errors.Refused as error:
                reason = error.message
        title = line.product.title if line.product else line.line.offering
        messages.error(
            request, _("Line %(number)s, %(title)s: %(reason)s") % {"number": number, "title": title, "reason": reason}
        )
    if added:
        messages.success(request, _("%(count)s lines of the estimate are on the purchase list.") % {"count": added})
        return redirect("basket:summary")
    if not lines:
        messages.error(request, _("The estimate is empty. Add an offering first."))
    return redirect(estimate_url(request))


@gate.page(permission="orders.place", methods=("POST",))
def change_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Set a line's quantity; a refusal is shown beside it."""
    form = forms.QuantityForm(request.POST, auto_id=f"line-{line_id}-%s")
    if form.is_valid():
        try:
            operations.change_quantity(
                line_id=line_id,
                quantity=form.cleaned_data["quantity"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error("quantity", error.message)
        else:
            return redirect("basket:summary")
    return _render(request, changed=(line_id, form))


@gate.page(permission="orders.place", methods=("POST",))
def remove_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Take a line off the list."""
    operations.remove_line(line_id=line_id, actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("Removed from the purchase list."))
    return redirect("basket:summary")


def _render(request: HttpRequest, *, changed: tuple[int, forms.QuantityForm] | None) -> HttpResponse:
    purchase_list = queries.read_purchase_list(
        user_id=gate.person_of(request), organisation_id=gate.organisation_of(request)
    )
    own = {one.line.pk for one in purchase_list.lines} if purchase_list else set()
    if changed and changed[0] not in own:
        raise operations.NoSuchLine(changed[0])
    groups: list[dict[str, Any]] = []
    for group in purchase_list.groups if purchase_list else ():
        rows = [{"entry": one, "form": _quantity_form(one, changed)} for one in group.lines]
        groups.append({"provider": group.provider, "total": group.total, "rows": rows})
    context = {
        "purchase_list": purchase_list if purchase_list and purchase_list.lines else None,
        "groups": groups,
        "can_order": gate.actor_of(request).can("orders.place"),
    }
    return render(request, "shop/purchase_list.html", context, status=422 if changed else 200)


def _quantity_form(entry: queries.PurchaseLine, changed: tuple[int, forms.QuantityForm] | None) -> forms.QuantityForm:
    if changed is not None and changed[0] == entry.line.pk:
        return changed[1]
    return forms.QuantityForm(initial={"quantity": entry.line.quantity}, auto_id=f"line-{entry.line.pk}-%s")


def _first_error(form: forms.AddForm) -> str:
    """A sentence that names the field: the form stands on another page, which shows it as a message."""
    name, found = next(iter(form.errors.items()))
    return f"{form.fields[name].label}: {found[0]}"
