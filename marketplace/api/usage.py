"""The river's mouth: usage events, one or many, and files of them."""

import hashlib
import time
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from billing.metering import batches, events, imports, operations, queries, reading
from marketplace import clock
from marketplace.api import bodies, door, errors
from marketplace.organisations import errors as refusals
from marketplace.organisations import limits
from providers import queries as providers

STRICT: Final = "handling=strict"
BINARY: Final = "application/json"  # the data alone, the event's attributes being headers
ATTRIBUTES: Final = ("specversion", "type", "source", "id", "subject", "time")
MULTIPART_EXTRA_BYTES: Final = 64 * 1024


class EventKey(serializers.Serializer):
    """The name of another event of the same provider."""

    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    id = serializers.CharField(max_length=200)


class EventData(serializers.Serializer):
    """What was used; or what another event got wrong."""

    meter = serializers.CharField(max_length=200, help_text="A metered component of the contract.")
    quantity = serializers.CharField(
        required=False,
        help_text="Decimal text or number, 0 or more, below 10^18, at most 6 decimals. None for a void; 1 if only a "
        "`value` is given.",
    )
    value = serializers.CharField(required=False, max_length=200, help_text="What a count of unique values counts.")
    start = serializers.DateTimeField(required=False, help_text="With `end`, instead of `time`; counts at its start.")
    end = serializers.DateTimeField(required=False, help_text="Exclusive; in the same month of Asia/Shanghai.")
    supersedes = EventKey(required=False, help_text="This event takes the place of that one.")
    voids = EventKey(required=False, help_text="That event never was. No quantity, but a reason.")
    reason = serializers.CharField(required=False, max_length=200)


class Event(serializers.Serializer):
    """A CloudEvent 1.0."""

    specversion = serializers.ChoiceField(choices=[events.SPEC_VERSION])
    type = serializers.ChoiceField(choices=[events.EVENT_TYPE])
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=200, help_text="Who measured; (source, id) is unique for a provider."
    )
    id = serializers.CharField(max_length=200)
    subject = serializers.CharField(max_length=200, help_text="The contract's number, or your own resource id.")
    time = serializers.DateTimeField(required=False, help_text="RFC 3339 with offset.")
    data = EventData()  # type: ignore[assignment]


class Outcome(serializers.Serializer):
    """What became of one event."""

    index = serializers.IntegerField(help_text="Its place in the batch, from 0.")
    status = serializers.ChoiceField(choices=operations.STATUSES)
    field = serializers.CharField(help_text="The field at fault, or empty.")
    code = serializers.CharField(help_text="The fault for machines, or empty.")
    reason = serializers.CharField(help_text="The fault for people, or empty.")


class Outcomes(serializers.Serializer):
    """How many events came to what, and each of them in order."""

    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField()
    rejected = serializers.IntegerField()
    not_stored = serializers.IntegerField()
    events = Outcome(many=True)


def find_provider(view: door.Door) -> int:
    """The partner id of the key's organisation. Raises NotFound if it does not sell."""
    partner = providers.find_partner(organisation_id=view.organisation_id)
    if partner is None:
        raise refusals.NotFound
    return partner.pk


_kept_providers: dict[int, tuple[float, int]] = {}


def _find_provider_kept(view: door.Door) -> int:
    """The same, remembered for `USAGE_KEPT_SECONDS` like the key."""
    if not settings.USAGE_KEPT_SECONDS:
        return find_provider(view)
    until, provider_id = _kept_providers.get(view.organisation_id, (0.0, 0))
    if until <= time.monotonic():
        provider_id = find_provider(view)
        _kept_providers[view.organisation_id] = time.monotonic() + settings.USAGE_KEPT_SECONDS, provider_id
    return provider_id


def _header(name: str, text: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, **more)


class Events(door.Door):
    """POST /api/v1/usage/events"""

    scopes = {"POST": "usage.report"}
    keeps_keys = True
    parser_classes = [bodies.EventParser, bodies.EventBatchParser, bodies.EventDataParser]
    largest_body_bytes = bodies.EVENTS_BODY_BYTES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the key, how often it has called. Raises Throttled."""
        super().initial(request, *args, **kwargs)
        rule = limits.Rule("usage", timedelta(minutes=1), {"key": settings.USAGE_CALLS_PER_MINUTE})
        try:
            limits.take(rule=rule, subjects={"key": str(self.actor.api_key_id)}, now=clock.now())
        except limits.TooMany as refusal:
            raise exceptions.Throttled(refusal.wait_s) from refusal

    @door.describe(
        operation_id="report_usage",
        summary="Report usage: one event, or a batch of up to 10,000",
        description=(
            "A single event is answered 202 when it is stored, 200 when it was known, 409 when its id is known with "
            "other content, 422 when it is rejected. A batch is answered 200 with the outcome of each event; the good "
            "ones are stored. With `Prefer: handling=strict` a batch is stored whole or not at all: 422 if an event "
            "is rejected, else 409 if one is in conflict, with the outcomes in `events`. "
            "A 2xx means that the events counted as accepted or duplicate are on disk. The body may be packed with "
            "gzip (`Content-Encoding: gzip`), to at most 8 MB unpacked. In binary mode the body is `data` alone, as "
            "application/json, and the attributes are the headers `ce-specversion`, `ce-type`, `ce-source`, `ce-id`, "
            "`ce-subject` and `ce-time`, percent-encoded where they are not ASCII."
        ),
        request={
            "application/cloudevents+json": Event,
            "application/cloudevents-batch+json": Event(many=True),
            BINARY: EventData,
        },
        answers={200: Outcomes, 202: Outcomes},
        problems=(400, 404, 409, 413, 415, 422, 429),
        parameters=[
            _header("Prefer", STRICT),
            _header("Idempotency-Key", "1 to 255 ASCII characters. The same body again is answered as the first time."),
            _header("Content-Encoding", "How the body is packed.", enum=["gzip", "identity"]),
            *[_header(f"ce-{name}", "An attribute, in binary mode.") for name in ATTRIBUTES],
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        """Decode, record, answer."""
        body = request.data
        # Without a body REST framework asks no parser and gives an empty form.
        raw = body if isinstance(body, bytes) else b""
        kind = request.content_type.partition(";")[0].strip().lower()
        is_batch, is_strict = kind == bodies.EventBatchParser.media_type, _is_strict(request)
        outcomes = operations.record_usage(
            provider_id=_find_provider_kept(self),
            events=_decode(request, raw, kind),
            now=clock.now(),
            all_or_nothing=is_strict,
            batch=_batch(request, raw, kind, is_strict=is_strict),
        )
        response = _answer(outcomes, is_batch=is_batch, is_strict=is_strict)
        if is_strict:
            response["Preference-Applied"] = STRICT
        return response


def _decode(request: Request, raw: bytes, kind: str) -> list[events.Read]:
    try:
        if kind == bodies.EventBatchParser.media_type:
            return reading.decode_batch(raw)
        if kind == BINARY:
            return [reading.decode_headers(_attributes(request), raw)]
        return [reading.decode_event(raw)]
    except events.Malformed as error:
        raise exceptions.ParseError(error.message) from error


def _attributes(request: Request) -> dict[str, str]:
    """The attributes of an event in binary mode. Raises UnsupportedMediaType if there is none: then it is no event."""
    given = {name: request.headers[f"ce-{name}"] for name in ATTRIBUTES if f"ce-{name}" in request.headers}
    if not given:
        raise exceptions.UnsupportedMediaType(BINARY)
    return {name: unquote(text, errors="surrogateescape") for name, text in given.items()}


def _batch(request: Request, raw: bytes, kind: str, *, is_strict: bool) -> batches.Batch | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    asked = "\n".join([kind, str(is_strict), *(_attributes(request).values() if kind == BINARY else ())])
    return batches.Batch(key, hashlib.sha256(asked.encode(errors="surrogateescape") + b"\n" + raw).digest())


def _is_strict(request: Request) -> bool:
    preferences = request.headers.get("Prefer", "").replace(";", ",").split(",")
    return any(preference.replace(" ", "").lower() == STRICT for preference in preferences)


def _answer(outcomes: list[operations.Outcome], *, is_batch: bool, is_strict: bool) -> HttpResponse:
    shown = [
        {"index": o.index, "status": o.status, "field": o.field, "code": o.code, "reason": o.reason} for o in outcomes
    ]
    counts = dict.fromkeys(operations.STATUSES, 0)
    for outcome in outcomes:
        counts[outcome.status] += 1
    is_bad = counts[operations.CONFLICT] or counts[operations.REJECTED]
    if not is_bad or (is_batch and not is_strict):
        status = 202 if not is_batch and counts[operations.ACCEPTED] else 200
        # Written by msgspec: REST framework's own renderer takes longer for a thousand outcomes than storing them.
        body = msgspec.json.encode({**counts, "events": shown})
        return HttpResponse(body, status=status, content_type="application/json")
    bad = [o for o in outcomes if o.code]
    fields = [{"field": f"{o.index}.{o.field}" if is_batch else o.field, "reason": o.reason} for o in bad]
    detail = _("Nothing was stored.") if is_batch else bad[0].reason
    status = 422 if counts[operations.REJECTED] else 409
    return errors.problem(status=status, detail=detail, fields=fields, **counts, events=shown)


class ImportShape(serializers.Serializer):
    """A CSV file of events and how far it is read."""

    number = serializers.CharField()
    file_name = serializers.CharField()
    status = serializers.ChoiceField(choices=["queued", "running", "done", "failed"])
    rows_read = serializers.IntegerField()
    rows_accepted = serializers.IntegerField()
    rows_duplicate = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RowError(serializers.Serializer):
    """A row that was not stored; row 0 is the file as a whole, row 1 its header."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ImportDetail(ImportShape):
    """With the first 1,000 rows that were not stored."""

    errors = RowError(many=True)  # type: ignore[assignment]  # declared fields do not hide the property


class Upload(serializers.Serializer):
    """The form."""

    file = serializers.FileField(help_text="CSV, UTF-8, up to 100 MB: id, source, contract, time, meter, quantity.")


class Imports(door.Door):
    """POST and GET /api/v1/usage/imports"""

    scopes = {"GET": "usage.report", "POST": "usage.report"}
    parser_classes = [MultiPartParser]
    largest_body_bytes = imports.LARGEST_FILE_BYTES + MULTIPART_EXTRA_BYTES

    @door.describe(
        operation_id="list_usage_imports",
        summary="List the CSV files of usage, newest first",
        answers={200: door.page_of(ImportShape, "Imports")},
        problems=(404, 422),
        parameters=[door.PAGE],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = door.read_page(request)
        page = queries.list_imports(provider_id=find_provider(self), page=asked)
        return Response(door.show_page(page, ImportShape, asked=asked))

    @door.describe(
        operation_id="import_usage",
        summary="Upload a CSV file of usage; it is read in the background",
        request={"multipart/form-data": Upload},
        answers={202: ImportShape},
        problems=(400, 404, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Queue it; `Location` says where its progress is shown."""
        form = Upload(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        upload = operations.queue_import(
            provider_id=find_provider(self), file=file, file_name=file.name, actor=self.actor, now=clock.now()
        )
        location = {"Location": f"{request.path}/{upload.number}"}
        return Response(ImportShape(upload).data, status=202, headers=location)


class Import(door.Door):
    """GET /api/v1/usage/imports/{number}"""

    scopes = {"GET": "usage.report"}

    @door.describe(
        operation_id="get_usage_import",
        summary="Show the progress of a CSV file and the rows that were not stored",
        answers={200: ImportDetail},
        problems=(404,),
    )
    def get(self, request: Request, number: str) -> Response:
        """One file."""
        upload = queries.get_import(provider_id=find_provider(self), number=number)
        rows = RowError(queries.list_errors(upload=upload), many=True)
        return Response({**ImportShape(upload).data, "errors": rows.data})
