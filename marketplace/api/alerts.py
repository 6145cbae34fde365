"""Security alerts, signed by their source (Standard Webhooks); no API key."""

from typing import IO, Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, parsers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.contracts import alerts
from marketplace import clock
from marketplace.api import door
from marketplace.api.parsers import SMALL_BODY_BYTES, read_body


class NotSigned(exceptions.APIException):
    """Forged, altered, too old, too new, or of a source that is closed: nobody is told which."""

    status_code = 401
    default_detail = gettext_lazy("The signature does not fit this message, this time and a source that is open.")


class SignedParser(parsers.BaseParser):
    """The bytes as they came: they are what is signed."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """At most 64 kB."""
        return read_body(stream, limit=SMALL_BODY_BYTES)


class AlertData(serializers.Serializer):
    """What is wrong, and with what."""

    severity = serializers.ChoiceField(choices=["medium", "high", "critical"])
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=1000, required=False)
    provider = serializers.CharField(max_length=18, help_text="The provider's unified social credit code.")
    offering = serializers.CharField(
        max_length=40, required=False, help_text="An offering's code; without it all of the provider's are meant."
    )


class AlertMessage(serializers.Serializer):
    """A message of Standard Webhooks."""

    type = serializers.ChoiceField(choices=["alert.raised"])
    timestamp = serializers.DateTimeField()
    data = AlertData()  # type: ignore[assignment]


class AlertTaken(serializers.Serializer):
    """What became of it."""

    number = serializers.CharField()
    listings_frozen = serializers.IntegerField(source="frozen_count")
    buyers_told = serializers.IntegerField(source="told_count")


class Alerts(door.Door):
    """POST /api/v1/alerts"""

    scopes = {"POST": None}
    authentication_classes = []
    permission_classes = []
    parser_classes = [SignedParser]

    @door.describe(
        operation_id="raise_alert",
        summary="Raise a security alert",
        description=(
            "Signed as Standard Webhooks 1.0.0 with the secret of a source that the operator has opened. 202 when it "
            "is taken, 200 when it was taken before, 401 unless the signature fits and the time stamp is within five "
            "minutes of ours, 409 when the id was used for another message."
        ),
        request={"application/json": AlertMessage},
        answers={200: AlertTaken, 202: AlertTaken},
        problems=(409, 413, 415, 422),
        parameters=[
            OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True)
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Verify, take, answer."""
        body = request.data if isinstance(request.data, bytes) else b""
        try:
            taken = alerts.take_alert(
                body=body,
                message_id=request.headers.get("webhook-id", ""),
                timestamp=request.headers.get("webhook-timestamp", ""),
                signature=request.headers.get("webhook-signature", ""),
                now=clock.now(),
            )
        except alerts.Unsigned as error:
            raise NotSigned from error
        return Response(AlertTaken(taken.alert).data, status=202 if taken.is_new else 200)
