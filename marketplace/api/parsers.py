"""Bodies: read up to their limit, and decoded without a surprise."""

from typing import IO, Any, Final

import msgspec
from django.utils.translation import gettext as _
from rest_framework import exceptions, negotiation, parsers, renderers
from rest_framework.request import Request

from marketplace.api.errors import TooLarge

SMALL_BODY_BYTES: Final = 64 * 1024


def read_body(stream: IO[bytes], *, limit: int) -> bytes:
    """All of the body. Raises TooLarge beyond `limit` bytes, having read no more than one more."""
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge
    return body


class JsonParser(parsers.BaseParser):
    """A small JSON object."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """Raises ParseError for what is not a JSON object; an empty body is an empty object."""
        body = read_body(stream, limit=SMALL_BODY_BYTES)
        try:
            data = msgspec.json.decode(body) if body.strip() else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise exceptions.ParseError(_("The body is not JSON.")) from error
        if not isinstance(data, dict):
            raise exceptions.ParseError(_("The body must be a JSON object."))
        return data


class JsonAlways(negotiation.DefaultContentNegotiation):
    """Answers are JSON whatever the request accepts: there is nothing else to choose from."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[renderers.BaseRenderer, str]:
        """The view's first renderer."""
        return renderers[0], renderers[0].media_type
