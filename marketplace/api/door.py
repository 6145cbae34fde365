"""What all views of the API share: who may call, how much they may send, how lists are cut into pages."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.core.paginator import Page
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.rules import periods
from marketplace.api import errors, parsers
from marketplace.organisations import actors
from marketplace.organisations import errors as refusals


class Door(APIView):
    """A view: parses, makes one call, answers. `scopes` names the permission for each method it takes."""

    scopes: dict[str, str | None] = {}
    parser_classes = [parsers.JsonParser]
    content_negotiation_class = parsers.JsonAlways
    largest_body_bytes: int = parsers.SMALL_BODY_BYTES
    keeps_keys = False  # see authentication

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, then the announced length: an unknown caller makes us read nothing."""
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.largest_body_bytes:
            raise errors.TooLarge

    @property
    def actor(self) -> actors.Actor:
        """The machine that calls."""
        actor = self.request.user
        if not isinstance(actor, actors.Actor) or actor.organisation_id is None:
            raise refusals.NotFound
        return actor

    @property
    def organisation_id(self) -> int:
        """On whose behalf it calls."""
        organisation_id = self.actor.organisation_id
        if organisation_id is None:
            raise refusals.NotFound
        return organisation_id


class ProblemField(serializers.Serializer):
    """One field at fault."""

    field = serializers.CharField()
    reason = serializers.CharField()


class Problem(serializers.Serializer):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemField(many=True)  # type: ignore[assignment]  # declared fields do not hide the property


_PROBLEMS: Final = {
    400: "The body is not JSON, or the request is malformed.",
    401: "No API key, or one that does not work.",
    403: "The key lacks the scope.",
    404: "Nothing here for your key.",
    409: "Right in itself, but the present state is in the way.",
    413: "The body is too large.",
    415: "Another content type.",
    422: "A field is wrong; `errors` names it.",
    429: "The key calls too often; `Retry-After` says how many seconds to wait.",
    503: "The database does not answer; nothing was stored. Send the same again after `Retry-After` seconds.",
}


def describe(
    *,
    operation_id: str,
    summary: str,
    answers: dict[Any, Any],
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = (),
    **more: Any,
) -> Callable[[Any], Any]:
    """The description of an operation: what it answers, and which problems it may name besides 401, 403 and 503."""
    responses: dict[Any, Any] = dict(answers)
    for status in (401, 403, *problems, 503):
        responses[status, errors.CONTENT_TYPE] = OpenApiResponse(Problem, description=_PROBLEMS[status])
    return extend_schema(
        operation_id=operation_id, summary=summary, responses=responses, parameters=list(parameters), **more
    )


PAGE: Final = OpenApiParameter("page", int, description="From 1; 50 a page.")


def page_of(shape: type[serializers.Serializer], name: str) -> Any:
    """The shape of a page of `shape`."""
    return inline_serializer(
        f"PageOf{name}",
        {
            "count": serializers.IntegerField(help_text="Of all pages."),
            "page": serializers.IntegerField(),
            "pages": serializers.IntegerField(),
            "results": shape(many=True),
        },
    )


def show_page(page: Page[Any], shape: type[serializers.Serializer], *, asked: int) -> dict[str, Any]:
    """A page as JSON. Raises NotFound if there is no such page: a reader who counts up must come to an end."""
    if page.number != asked:
        raise refusals.NotFound
    return {
        "count": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
        "results": shape(page.object_list, many=True).data,
    }


def read_page(request: Request) -> int:
    """The parameter `page`. Raises BadQuery."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise errors.BadQuery(_("Give a page number, from 1."), field="page")
    return int(text)


def read_month(request: Request, name: str = "month") -> periods.Month | None:
    """A month such as 2026-10 from the parameter `name`, None if it is not given. Raises BadQuery."""
    return to_month(request.query_params.get(name, ""), name)


def to_month(text: str, name: str = "month") -> periods.Month | None:
    """A month from its text, None from an empty one. Raises BadQuery on `name`."""
    if not text:
        return None
    try:
        return periods.Month.parse(text)
    except periods.InvalidMonth as error:
        raise errors.BadQuery(_("Write the month like 2026-10."), field=name) from error


def read_choice(request: Request, name: str, choices: Sequence[str]) -> str:
    """One of `choices` from the parameter `name`, "" if it is not given. Raises BadQuery."""
    text = request.query_params.get(name, "")
    if text and text not in choices:
        raise errors.BadQuery(_("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)}, field=name)
    return text


def unknown_values(values: Sequence[str]) -> errors.BadQuery:
    """The refusal of values that a search does not know."""
    return errors.BadQuery(_("Not known: %(values)s.") % {"values": ", ".join(values)[:200]}, field="query")
