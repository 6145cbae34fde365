"""Deliveries, for the provider's systems: what is to be set up, and the steps until the buyer has accepted."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts import operations as contracts
from marketplace import clock
from marketplace.api import door
from marketplace.organisations import errors as refusals
from providers import queries as providers
from providers.fulfilment import operations, queries

STATUSES: Final = [value for value, _label in queries.STATUSES]


class DeliveryStep(serializers.Serializer):
    """One step that was taken."""

    kind = serializers.CharField()
    from_status = serializers.CharField()
    to_status = serializers.CharField()
    happened_at = serializers.DateTimeField()
    quantity = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()


class DeliveryRow(serializers.Serializer):
    """What is to be set up for one contract."""

    number = serializers.CharField(help_text="The contract's number.")
    status = serializers.ChoiceField(choices=STATUSES)
    offering_code = serializers.CharField()
    offering_title = serializers.CharField()
    plan = serializers.CharField(source="plan_code")
    specs = serializers.JSONField(help_text="The specifications of one unit, as bought.")
    quantity = serializers.IntegerField()
    delivered_quantity = serializers.IntegerField()
    resource_id = serializers.CharField()
    opened_at = serializers.DateTimeField()
    accept_due_at = serializers.DateTimeField(allow_null=True)
    deliver_due_at = serializers.DateTimeField(allow_null=True)
    inspect_due_at = serializers.DateTimeField(allow_null=True)
    remove_at = serializers.DateTimeField(
        allow_null=True, help_text="From when the resources may be removed; null while they are owed."
    )
    failure = serializers.CharField(help_text="Why the last try failed or was rejected, or empty.")


class DeliveryDetail(DeliveryRow):
    """With what happened."""

    steps = DeliveryStep(many=True, source="steps.all")


class HandOver(serializers.Serializer):
    """What runs."""

    resource_id = serializers.CharField(max_length=100, help_text="Your own name for it.")
    quantity = serializers.IntegerField(
        required=False, min_value=1, max_value=100_000, help_text="In all; without it, everything that was ordered."
    )


class Reason(serializers.Serializer):
    """Why not; the buyer reads it."""

    reason = serializers.CharField(max_length=300)


class Nothing(serializers.Serializer):
    """No fields: send `{}`."""


class Deliveries(door.Door):
    """GET /api/v1/deliveries"""

    scopes = {"GET": "contracts.deliver"}

    @door.describe(
        operation_id="list_deliveries",
        summary="List your deliveries, the newest first; of one state still to be done, the oldest first",
        answers={200: door.page_of(DeliveryRow, "Deliveries")},
        problems=(404, 422),
        parameters=[door.PAGE, OpenApiParameter("status", str, enum=STATUSES)],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked, status = door.read_page(request), door.read_choice(request, "status", STATUSES)
        page = queries.list_deliveries(
            partner_id=_partner_id(self.organisation_id), statuses=[status] if status else (), page=asked
        )
        return Response(door.show_page(page, DeliveryRow, asked=asked))


class DeliveryView(door.Door):
    """GET /api/v1/deliveries/{number}"""

    scopes = {"GET": "contracts.deliver"}

    @door.describe(
        operation_id="get_delivery",
        summary="Show a delivery with its steps",
        answers={200: DeliveryDetail},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> Response:
        """One delivery."""
        return Response(_show(_partner_id(self.organisation_id), number))


class _Step(door.Door, ABC):
    """POST /api/v1/deliveries/{number}/{step}: the same again is answered 200 and changes nothing."""

    scopes = {"POST": "contracts.deliver"}
    shape: type[serializers.Serializer] = Nothing

    @abstractmethod
    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """The one call."""

    def take(self, request: Request, number: str) -> Response:
        """Read, act, show."""
        form = self.shape(data=request.data)
        form.is_valid(raise_exception=True)
        partner_id = _partner_id(self.organisation_id)
        own = {"number": number, "partner_id": partner_id, "actor": self.actor, "now": clock.now()}
        self.act(own, form.validated_data)
        return Response(_show(partner_id, number))


def _described(name: str, summary: str, shape: type[serializers.Serializer]) -> Callable[[Any], Any]:
    return door.describe(
        operation_id=f"{name}_delivery",
        summary=summary,
        description="The same again changes nothing and is answered 200.",
        request=shape,
        answers={200: DeliveryDetail},
        problems=(400, 404, 409, 413, 415, 422),
    )


class Accept(_Step):
    """The provider takes the order."""

    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """Accept."""
        return operations.accept(**own)

    @_described("accept", "Accept an order", Nothing)
    def post(self, request: Request, number: str) -> Response:
        """Accept, then show."""
        return self.take(request, number)


class Start(_Step):
    """The provider's system begins."""

    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """Start."""
        return operations.start(**own, method="webhook")

    @_described("start", "Begin to set it up", Nothing)
    def post(self, request: Request, number: str) -> Response:
        """Start, then show."""
        return self.take(request, number)


class Deliver(_Step):
    """What was ordered runs, or a part of it."""

    shape = HandOver

    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """Accept and start as far as needed, and hand over."""
        return operations.confirm(
            **own, resource_id=said["resource_id"], quantity=said.get("quantity"), method="webhook"
        )

    @_described("hand_over", "Hand over what runs, or a part of it; accepts and starts first if need be", HandOver)
    def post(self, request: Request, number: str) -> Response:
        """Hand over, then show."""
        return self.take(request, number)


class Fail(_Step):
    """A try failed."""

    shape = Reason

    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """Note the failure."""
        return operations.fail(**own, reason=said["reason"])

    @_described("fail", "Note that a try failed; the delivery stays where it is", Reason)
    def post(self, request: Request, number: str) -> Response:
        """Note it, then show."""
        return self.take(request, number)


class Decline(_Step):
    """The provider will not deliver."""

    shape = Reason

    def act(self, own: dict[str, Any], said: Mapping[str, Any]) -> object:
        """Decline; the contract is cancelled."""
        return contracts.decline_delivery(
            number=own["number"],
            provider_organisation_id=self.organisation_id,
            reason=said["reason"],
            actor=own["actor"],
            now=own["now"],
        )

    @_described("decline", "Decline an order: its contract is cancelled and its capacity goes back", Reason)
    def post(self, request: Request, number: str) -> Response:
        """Decline, then show."""
        return self.take(request, number)


def _partner_id(organisation_id: int) -> int:
    partner = providers.find_partner(organisation_id=organisation_id)
    if partner is None:
        raise refusals.NotFound
    return partner.pk


def _show(partner_id: int, number: str) -> Any:
    return DeliveryDetail(queries.get_delivery(number=number, partner_id=partner_id)).data
