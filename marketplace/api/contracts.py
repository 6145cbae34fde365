"""Contracts, for their buyer and for their provider; the provider confirms delivery in one call."""

from typing import Any, Final

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts import operations, queries
from billing.rating import explanations
from billing.rules import aggregation
from marketplace import clock
from marketplace.api import door
from marketplace.api import errors as api_errors
from marketplace.organisations import actors
from marketplace.organisations import errors as refusals

STATUSES: Final = [value for value, _label in queries.STATUSES]
PAYMENT_METHODS: Final = [value for value, _label in queries.PAYMENT_METHODS]


class Contract(serializers.Serializer):
    """One order line as an agreement between a buyer and a provider."""

    number = serializers.CharField()
    order_number = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    buyer = serializers.CharField(source="buyer.name")
    provider = serializers.CharField(source="provider.name")
    offering_code = serializers.CharField(source="offering.code")
    offering_version = serializers.IntegerField(
        source="offering_version.number", help_text="The version of the offering's content that was bought."
    )
    offering_title = serializers.CharField()
    plan = serializers.CharField(source="plan.code")
    quantity = serializers.IntegerField()
    term_months = serializers.IntegerField()
    term_discount = serializers.DecimalField(max_digits=5, decimal_places=4)
    currency = serializers.CharField()
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS)
    resource_id = serializers.CharField(help_text="The provider's own name for what it delivered, or empty.")
    placed_at = serializers.DateTimeField()
    start_date = serializers.DateField(allow_null=True)
    end_date = serializers.DateField(allow_null=True, help_text="The first day that is no longer part of it.")


class PriceTier(serializers.Serializer):
    """One tier: up to and including `up_to`, null without end."""

    up_to = serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True)
    unit_price = serializers.DecimalField(max_digits=20, decimal_places=8)
    flat = serializers.DecimalField(max_digits=20, decimal_places=8)


class Component(serializers.Serializer):
    """One price of a price book. Amounts are without tax; docs/prices.md says what each model means."""

    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["one_time", "recurring", "metered"])
    unit = serializers.CharField()
    meter = serializers.CharField(help_text="What `data.meter` of a usage event names; empty if it is not metered.")
    aggregation = serializers.ChoiceField(
        choices=aggregation.AGGREGATIONS,
        help_text="What a month's events come to: docs/usage.md. sum if it is not metered.",
    )
    model = serializers.ChoiceField(choices=["per_unit", "flat", "graduated", "volume", "package", "percentage"])
    unit_price = serializers.DecimalField(
        max_digits=20, decimal_places=8, help_text="0 where the prices stand in the tiers."
    )
    tiers = PriceTier(many=True)
    package_size = serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True)
    included_quantity = serializers.DecimalField(max_digits=20, decimal_places=6)
    minimum_amount = serializers.DecimalField(
        max_digits=20, decimal_places=8, allow_null=True, help_text="At least this, per month."
    )
    maximum_amount = serializers.DecimalField(
        max_digits=20, decimal_places=8, allow_null=True, help_text="At most this, per month."
    )
    vat_rate = serializers.DecimalField(max_digits=5, decimal_places=4)


class UsageDay(serializers.Serializer):
    """One day that a metered charge is made of."""

    day = serializers.DateField()
    quantity = serializers.DecimalField(max_digits=30, decimal_places=6)
    event_count = serializers.IntegerField()


class Sentences(serializers.Serializer):
    """The rule, what is counted and the version of the prices, in words."""

    zh = serializers.ListField(child=serializers.CharField())
    en = serializers.ListField(child=serializers.CharField())


class ExplainedCharge(serializers.Serializer):
    """One row of a charge without tax, unrounded, and what made it. `amount` is what this revision charges of it."""

    component = serializers.CharField(help_text="Empty for a service level credit.")
    row = serializers.CharField(help_text="Which row of the component: a tier, a minimum; empty for a plain price.")
    revision = serializers.IntegerField(help_text="Above 0: a correction, which carries the difference.")
    kind = serializers.CharField()
    model = serializers.CharField()
    meter = serializers.CharField()
    aggregation = serializers.CharField()
    formula = serializers.CharField()
    tier = serializers.IntegerField(help_text="0 without tiers.")
    above = serializers.CharField()
    up_to = serializers.CharField(allow_null=True)
    quantity = serializers.CharField()
    unit_price = serializers.CharField()
    amount_due = serializers.CharField(help_text="What the row comes to, whatever was charged before.")
    amount = serializers.CharField()
    vat_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    price_version = serializers.IntegerField()
    price_version_date = serializers.DateField(allow_null=True)
    rated_at = serializers.DateTimeField()
    usage_days = UsageDay(many=True)
    explanation = Sentences()


class ChargesOfMonth(serializers.Serializer):
    """A month of a contract; no charges before it is rated."""

    contract = serializers.CharField()
    month = serializers.CharField()
    charges = ExplainedCharge(many=True)


class Transition(serializers.Serializer):
    """One step in the contract's life."""

    from_status = serializers.CharField()
    to_status = serializers.CharField()
    happened_at = serializers.DateTimeField()
    reason = serializers.CharField()


class ContractDetail(Contract):
    """With its prices and what has happened to it."""

    components = Component(many=True, source="plan.components.all")
    transitions = Transition(many=True, source="transitions.all")


class Delivery(serializers.Serializer):
    """What the provider says when the resource runs."""

    resource_id = serializers.CharField(max_length=100, help_text="Your own name for the resource.")


class Contracts(door.Door):
    """GET /api/v1/contracts"""

    scopes = {"GET": "contracts.view"}

    @door.describe(
        operation_id="list_contracts",
        summary="List your contracts, newest first",
        answers={200: door.page_of(Contract, "Contracts")},
        problems=(404, 422),
        parameters=[door.PAGE, OpenApiParameter("status", str, enum=STATUSES)],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked, status = door.read_page(request), door.read_choice(request, "status", STATUSES)
        page = queries.list_contracts(**_whose(self.actor), status=status or None, page=asked)
        return Response(door.show_page(page, Contract, asked=asked))


class ContractView(door.Door):
    """GET /api/v1/contracts/{number}"""

    scopes = {"GET": "contracts.view"}

    @door.describe(
        operation_id="get_contract",
        summary="Show a contract with its prices",
        answers={200: ContractDetail},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> Response:
        """One contract."""
        return Response(_show(self.actor, number))


class ConfirmDelivery(door.Door):
    """POST /api/v1/contracts/{number}/confirm-delivery"""

    scopes = {"POST": "contracts.deliver"}

    @door.describe(
        operation_id="confirm_delivery",
        summary="Confirm that a contract is delivered; it is active once its buyer has accepted",
        description="Confirming again with the same resource changes nothing and is answered 200.",
        request=Delivery,
        answers={200: ContractDetail},
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, number: str) -> Response:
        """Deliver, then show."""
        form = Delivery(data=request.data)
        form.is_valid(raise_exception=True)
        operations.confirm_delivery(
            number=number,
            provider_organisation_id=self.organisation_id,
            resource_id=form.validated_data["resource_id"],
            method="webhook",
            actor=self.actor,
            now=clock.now(),
        )
        return Response(_show(self.actor, number))


class Charges(door.Door):
    """GET /api/v1/contracts/{number}/charges?month=2026-10"""

    scopes = {"GET": "contracts.view"}

    @door.describe(
        operation_id="list_charges",
        summary="Explain the charges of a contract for a month",
        description="Formula, tier, quantities, version of the prices and usage days of each charge, in zh and en.",
        answers={200: ChargesOfMonth},
        problems=(404, 422),
        parameters=[OpenApiParameter("month", str, required=True, description="2026-10")],
    )
    def get(self, request: Request, number: str) -> Response:
        """One month, whole: a contract has at most a few hundred rows of it."""
        month = door.read_month(request)
        if month is None:
            raise api_errors.BadQuery(_("Write the month like 2026-10."), field="month")
        contract = queries.get_contract(number=number, organisation_id=self.actor.organisation_id, side=self.actor.side)
        found = explanations.explain_month(contract=contract, month=month)
        rows = [explanations.to_data(one=one) for one in found]
        return Response(ChargesOfMonth({"contract": contract.number, "month": str(month), "charges": rows}).data)


def _show(actor: actors.Actor, number: str) -> Any:
    contract = queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    return ContractDetail(contract).data


def _whose(actor: actors.Actor) -> dict[str, int | None]:
    if actor.side == actors.BUYER:
        return {"buyer_id": actor.organisation_id}
    if actor.side == actors.PROVIDER:
        return {"provider_organisation_id": actor.organisation_id}
    # Without a side the query would list everybody's.
    raise refusals.NotFound
