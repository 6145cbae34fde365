"""How well a buyer's contract was served: incidents that touched it, and a report of one that nobody noticed yet."""

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.contracts import queries, sla
from billing.rules import availability, periods
from billing.rules.periods import Month
from frontend.pages import agreed, credited, disturbances
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.service import operations
from providers.service import queries as incidents

SHOWN_MONTHS: Final = 6


@gate.page(permission="contracts.view", side="buyer", methods=("GET", "POST"))
def show_service(request: HttpRequest, number: str) -> HttpResponse:
    """What disturbed a contract's service, and the form to report a disturbance."""
    actor, now = gate.actor_of(request), clock.now()
    contract = queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    is_running = contract.status in ("active", "suspended")
    form, status = disturbances.ReportForm(initial={"starts_at": timezone.localtime(now)}), 200
    if request.method == "POST":
        actor.require("incidents.report")
        form, status = disturbances.ReportForm(request.POST), 422
        if not is_running:
            form.add_error(None, _("Only the service of a running contract can be reported."))
            status = 409
        elif form.is_valid():
            try:
                operations.report(
                    data_centre=contract.offering.data_centre,
                    offering_code=contract.offering.code,
                    offering_title=contract.offering_title,
                    contract_number=number,
                    actor=actor,
                    now=now,
                    **form.cleaned_data,
                )
            except errors.Refused as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
                status = 409 if error.is_conflict else 422
            else:
                messages.success(request, _("Your report is with the provider, who answers within 48 hours."))
                return redirect("buyer:service", number)
    since = periods.midnight(contract.start_date) if contract.start_date else now
    touched = incidents.incidents_of_contract(
        number=number,
        data_centre_id=contract.offering.data_centre_id,
        offering_code=contract.offering.code,
        since=since,
    )
    context = {
        "contract": contract,
        "form": form,
        "rows": disturbances.rows(touched),
        **_reached(contract, now=now),
        "promised": contract.offering_version.content.get("sla_percent"),
        "can_report": is_running and actor.can("incidents.report"),
        "crumbs": [
            (_("Contracts"), reverse("buyer:contracts")),
            (number, reverse("buyer:contract", args=[number])),
            (_("Service level"), None),
        ],
    }
    return render(request, "buyer/service.html", context, status=status)


def _reached(contract: Any, *, now: datetime) -> dict[str, Any]:
    """The last months with what was reached and credited in each, and the table that holds now."""
    credits = credited.rows(sla.credits_of(contract_id=contract.pk))
    months = []
    for month in agreed.months_of(contract=contract, now=now)[:SHOWN_MONTHS]:
        [one] = sla.reached_in(contracts=[contract], month=month)
        is_below = one.promised is not None and one.availability < one.promised
        shown = availability.show(one.availability)
        rows = [row for row in reversed(credits) if row["month"] == str(month)]
        months.append({"month": str(month), "reached": shown, "is_below": is_below, "rows": rows})
    table = credited.table_of(contract.offering_version.content, on=Month.of(now).first_date)
    return {"months": months, **table}
