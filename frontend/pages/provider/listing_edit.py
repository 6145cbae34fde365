"""The wizard of a draft: six steps, each saved by itself, each with its address; it works without a script."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import listed, listed_prices
from frontend.pages.listed import STEPS
from frontend.pages.provider.listings import crumbs, partner_of
from listings import life, operations, wording
from listings.content import LABELS, Content, Schema
from listings.exchange.columns import CREDITS_HELP
from listings.findings import TEXTS
from listings.prices import queries as price_books
from listings.taxonomy import queries as taxonomy
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers

# Fields that the checks ask for, by what they say when one is missing; the form saves without them.
NEEDED: Final[Mapping[str, str]] = {
    "deployment_models": "deployment.missing",
    "lead_time_days": "lead_time.missing",
    "sla_percent": "sla.missing",
    "exit_notice_days": "exit.notice_missing",
    "exit_export_days": "exit.export_missing",
    "exit_fee": "exit.fee_missing",
}
YES_NO: Final = (("", "–"), ("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))


@gate.page(permission="listings.edit", side="provider", methods=("GET", "POST"))
def edit_listing(request: HttpRequest, code: str) -> HttpResponse:
    """One step of the wizard; POST saves it and goes on to the next."""
    partner_id = partner_of(request)
    product = life.get_listing(code=code, partner_id=partner_id)
    version = life.list_versions(product_id=product.pk)[0]
    if version.state != "draft":
        return redirect("provider:listing", code)
    step = request.GET.get("step", "what") if request.GET.get("step") in STEPS else "what"
    written = Content.from_json(version.content)
    schema = life.read_schema(partner_id=partner_id)
    build = FORMS.get(step)
    form = build(request.POST if request.method == "POST" else None, written, schema, partner_id) if build else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            operations.change_draft(
                version=version,
                values=READERS[step](form.cleaned_data, schema, written),
                actor=gate.actor_of(request),
                now=clock.now(),
                schema=schema,
            )
        except errors.Refused as refusal:
            _add_error(form, refusal)
        else:
            following = step if form.cleaned_data.get("category", written.category) != written.category else _next(step)
            return redirect(f"{reverse('provider:listing_edit', args=[code])}?step={following}")
    context = {
        **_describe(product, version, step=step),
        "form": _mark_needed(form),
        "crumbs": crumbs(product.code, str(STEPS[step])),
    }
    return render(request, "provider/listing_edit.html", context, status=422 if form and form.is_bound else 200)


def _describe(product: Any, version: Any, *, step: str) -> dict[str, Any]:
    url = reverse("provider:listing_edit", args=[product.code])
    found = listed.findings(version, edit_url=url)
    errors_at = Counter(one["step"] for one in found if one["is_error"])
    plans = price_books.plans_to_revise(product_id=product.pk) if step == "prices" else []
    return {
        "product": product,
        "version": version,
        "title": version.content["title"] or product.code,
        "step": step,
        "step_label": STEPS[step],
        "tabs": [
            {
                "label": f"{place} {words}",
                "url": f"{url}?step={one}",
                "count": errors_at.get(one),
                "active": one == step,
            }
            for place, (one, words) in enumerate(STEPS.items(), start=1)
        ],
        "findings": found,
        "errors": sum(errors_at.values()),
        "here": [one for one in found if one["step"] == step],
        "place": list(STEPS).index(step) + 1,
        "steps": len(STEPS),
        "book": plans[0].price_book if plans else None,
        "prices": listed_prices.describe_plans(plans),
        "sections": listed.sections(life.describe(content=Content.from_json(version.content)))
        if step == "submit"
        else [],
    }


def _next(step: str) -> str:
    order = list(STEPS)
    return order[min(order.index(step) + 1, len(order) - 1)]


def _mark_needed(form: forms.Form | None) -> forms.Form | None:
    """Say at each field what the checks will ask for, in their words."""
    for name, field in form.fields.items() if form else ():
        if name in NEEDED:
            field.is_needed = True  # type: ignore[attr-defined]
            field.help_text = str(TEXTS[NEEDED[name]].remedy)
    return form


def _add_error(form: forms.Form, refusal: errors.Refused) -> None:
    field = refusal.field if refusal.field in form.fields else f"spec_{refusal.field}"
    form.add_error(field if field in form.fields else None, refusal.message)


def _what_form(data: Any, written: Content, schema: Schema, partner_id: int) -> forms.Form:
    """Category, solution domains, and the specifications of the category's schema."""
    form = forms.Form(data, initial={"category": written.category, "solution_domains": list(written.solution_domains)})
    form.fields["category"] = forms.ChoiceField(
        label=_("Category"),
        choices=listed.category_choices(),
        help_text=_("Another category asks for other specifications; save to see them."),
    )
    for spec in schema.categories[written.category].attributes:
        value = written.specs_of.get(spec.code)
        if spec.kind == "boolean":
            value = {True: "yes", False: "no"}.get(value, "")  # type: ignore[arg-type]
        form.initial[f"spec_{spec.code}"] = value
        form.fields[f"spec_{spec.code}"] = _spec_field(spec)
        form.fields[f"spec_{spec.code}"].is_needed = spec.is_required  # type: ignore[attr-defined]
    form.fields["solution_domains"] = forms.MultipleChoiceField(
        label=_("Solution domains"),
        required=False,
        choices=[(one.code, one.label) for one in taxonomy.list_domains()],
        widget=forms.CheckboxSelectMultiple,
    )
    return form


def _spec_field(spec: Any) -> forms.Field:
    unit = wording.write_unit(spec.unit)
    label = f"{spec.label} ({unit})" if unit else spec.label
    help_text = _("Needed for review.") if spec.is_required else ""
    common: dict[str, Any] = {"label": label, "required": False, "help_text": help_text}
    if spec.kind == "boolean":
        return forms.ChoiceField(choices=YES_NO, **common)
    if spec.kind == "option" and spec.options:
        return forms.ChoiceField(choices=[("", "–"), *((one.value, one.label) for one in spec.options)], **common)
    if spec.kind == "integer":
        return forms.IntegerField(**common)
    if spec.kind == "float":
        return forms.FloatField(**common)
    return forms.CharField(**common)


def _read_what(data: Mapping[str, Any], schema: Schema, written: Content) -> dict[str, Any]:
    values = {"solution_domains": data["solution_domains"], "category": data["category"]}
    if data["category"] != written.category:
        return values
    specs: dict[str, Any] = {}
    for spec in schema.categories[written.category].attributes:
        value = data.get(f"spec_{spec.code}")
        specs[spec.code] = {"yes": True, "no": False}.get(str(value)) if spec.kind == "boolean" else value
    return {**values, "specs": specs}


def _where_form(data: Any, written: Content, schema: Schema, partner_id: int) -> forms.Form:
    """Data centre, what one unit takes of its pools, deployment models and lead time."""
    form = _plain_form(data, written, ("data_centre", "deployment_models", "lead_time_days"))
    centres = providers.list_data_centres(partner_id=partner_id)
    form.fields["data_centre"] = forms.ChoiceField(
        label=_("Data centre"), choices=[(one.code, f"{one.name} · {one.get_status_display()}") for one in centres]
    )
    form.initial["deployment_models"] = list(written.deployment_models)
    form.fields["deployment_models"] = forms.MultipleChoiceField(
        label=_("Deployment models"),
        required=False,
        choices=list(wording.DEPLOYMENT_MODELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    pools = {one.resource: one for one in providers.list_pools(data_centre_id=schema.data_centres[written.data_centre])}
    for resource in dict.fromkeys([*pools, *written.draws_of]):
        pool = pools.get(resource)
        left = f"{pool.available.normalize():,f} {pool.unit}" if pool else _("no pool")
        form.initial[f"draw_{resource}"] = written.draws_of.get(resource)
        form.fields[f"draw_{resource}"] = forms.CharField(
            label=_("One unit takes: %(resource)s") % {"resource": wording.RESOURCES.get(resource, resource)},
            required=False,
            help_text=_("Left in this data centre: %(left)s") % {"left": left},
            widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        )
    return form


def _read_where(data: Mapping[str, Any], schema: Schema, written: Content) -> dict[str, Any]:
    draws = {name.removeprefix("draw_"): value for name, value in data.items() if name.startswith("draw_")}
    return {**{name: value for name, value in data.items() if not name.startswith("draw_")}, "draws": draws}


def _terms_form(data: Any, written: Content, schema: Schema, partner_id: int) -> forms.Form:
    """Service level and the terms of leaving."""
    names = tuple(name for name, step in listed.STEP_OF.items() if step == "terms")
    form = _plain_form(data, written, names)
    form.fields["sla_credits"].help_text = CREDITS_HELP
    form.fields["support"] = forms.ChoiceField(
        label=str(LABELS["support"]), required=False, choices=[("", "–"), *wording.SUPPORT.items()]
    )
    return form


def _texts_form(data: Any, written: Content, schema: Schema, partner_id: int) -> forms.Form:
    """Title and summary in Chinese, English and Mongolian."""
    names = ("title", "summary", "title_en", "summary_en", "title_mn", "summary_mn")
    form = _plain_form(data, written, names)
    for name in names:
        if name.startswith("summary"):
            form.fields[name].widget = forms.Textarea(attrs={"rows": 3})
        if name.endswith("_mn"):
            form.fields[name].widget.attrs["lang"] = "mn-Mong"
    form.fields["title"].required = True
    return form


def _plain_form(data: Any, written: Content, names: tuple[str, ...]) -> forms.Form:
    """Fields of text; what a value may be is the rooms' business (`content.check`), not the form's."""
    form = forms.Form(data, initial={name: getattr(written, name) for name in names})
    for name in names:
        form.fields[name] = forms.CharField(label=str(LABELS[name]), required=False)
    return form


def _read_plain(data: Mapping[str, Any], schema: Schema, written: Content) -> dict[str, Any]:
    return dict(data)


FORMS: Final[Mapping[str, Callable[..., forms.Form]]] = {
    "what": _what_form,
    "where": _where_form,
    "terms": _terms_form,
    "texts": _texts_form,
}
READERS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "what": _read_what,
    "where": _read_where,
    "terms": _read_plain,
    "texts": _read_plain,
}
