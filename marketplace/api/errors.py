"""Every refusal as `application/problem+json` (RFC 9457): type, title, status, detail and errors by field."""

import logging
from http import HTTPStatus
from typing import Any, Final

from django.core import exceptions as django
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from marketplace.organisations import errors

CONTENT_TYPE: Final = "application/problem+json"

RETRY_AFTER_S: Final = 5

logger = logging.getLogger(__name__)

Fields = list[dict[str, str]]


class TooLarge(exceptions.APIException):
    """The body is larger than this address takes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BadQuery(errors.Refused):
    """A parameter in the address that cannot be understood; `field` names it."""


_WORDS: Final[dict[type[exceptions.APIException], Any]] = {
    exceptions.NotAuthenticated: gettext_lazy("Send an API key: Authorization: Bearer crm_…"),
    exceptions.AuthenticationFailed: gettext_lazy(
        "The API key is unknown, revoked or expired. Issue a new one on the page API keys."
    ),
    exceptions.PermissionDenied: gettext_lazy("The API key does not have the scope for this. Issue one that has it."),
    exceptions.MethodNotAllowed: gettext_lazy("This address does not take this method."),
    exceptions.UnsupportedMediaType: gettext_lazy("This address does not take this content type."),
    exceptions.Throttled: gettext_lazy("This key calls too often. Wait as long as Retry-After says."),
    TooLarge: gettext_lazy("The body is larger than this address takes."),
}


def problem(*, status: int, detail: str = "", fields: Fields | None = None, **more: Any) -> Response:
    """An answer in the form that every refusal has; `more` adds members of its own."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "errors": fields or [],
        **more,
    }
    return Response(body, status=status, content_type=CONTENT_TYPE)


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """What REST framework calls; None lets an error of ours become a 500."""
    set_rollback()
    if isinstance(exception, errors.NotFound | Http404 | exceptions.NotFound):
        # One sentence for what does not exist and for what is another's.
        return problem(status=404, detail=_("There is nothing at this address for your key."))
    if isinstance(exception, errors.Refused):
        fields = [{"field": exception.field, "reason": exception.message}] if exception.field else []
        return problem(status=409 if exception.is_conflict else 422, detail=exception.message, fields=fields)
    if isinstance(exception, OperationalError | InterfaceError):
        # Stopped, restarting, full or too slow: nothing was committed, and the same request may be sent again.
        logger.warning("answered 503: %s", exception)
        response = problem(status=503, detail=_("The database does not answer. Nothing was stored; send it again."))
        response["Retry-After"] = str(RETRY_AFTER_S)
        return response
    return _of_framework(exception) if isinstance(exception, exceptions.APIException) else _of_django(exception)


def _of_framework(exception: exceptions.APIException) -> Response:
    if isinstance(exception, exceptions.ValidationError):
        return problem(status=422, detail=_("A field is wrong."), fields=_fields_of(exception.get_full_details()))
    response = problem(status=exception.status_code, detail=_explain(exception))
    if wait := getattr(exception, "wait", None):
        response["Retry-After"] = str(int(wait))
    if header := getattr(exception, "auth_header", ""):
        response["WWW-Authenticate"] = header
    return response


def _of_django(exception: Exception) -> Response | None:
    if isinstance(exception, django.PermissionDenied):
        return problem(status=403, detail=_explain(exceptions.PermissionDenied()))
    if isinstance(exception, django.ValidationError):
        by_field = exception.message_dict if hasattr(exception, "error_dict") else {"": exception.messages}
        fields = [{"field": field, "reason": reason} for field, reasons in by_field.items() for reason in reasons]
        return problem(status=422, detail=_("A field is wrong."), fields=fields)
    if isinstance(exception, django.RequestDataTooBig):
        return problem(status=413, detail=_explain(TooLarge()))
    if isinstance(exception, django.SuspiciousOperation | MultiPartParserError):
        return problem(status=400, detail=_("The request is malformed."))
    return None


def _explain(exception: exceptions.APIException) -> str:
    """Our words for REST framework's refusals, with the remedy."""
    for kind, text in _WORDS.items():
        if isinstance(exception, kind) and not getattr(exception, "has_own_words", False):
            return str(text)
    return str(exception.detail)


def _fields_of(details: Any, path: str = "") -> Fields:
    """REST framework's nested errors as a flat list: `a.0.b` → reason."""
    if isinstance(details, dict) and "message" in details and "code" in details:
        return [{"field": path, "reason": str(details["message"])}]
    if isinstance(details, dict):
        items = [(("" if key == "non_field_errors" else str(key)), value) for key, value in details.items()]
    else:
        # A list of messages belongs to the field itself.
        items = [("", value) for value in details]
    return [
        field for key, value in items for field in _fields_of(value, ".".join(part for part in (path, key) if part))
    ]


class Unknown(APIView):
    """Every address under /api/ that does not exist, for whoever asks."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """404, whatever the method."""
        raise Http404
