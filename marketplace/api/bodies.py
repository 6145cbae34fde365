"""Bodies of usage events: plain or packed with gzip, read up to their limit."""

import zlib
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from rest_framework import exceptions, parsers

from marketplace.api.errors import TooLarge
from marketplace.api.parsers import read_body

EVENTS_BODY_BYTES: Final = 8 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


class Unpackable(exceptions.ParseError):
    """The body says it is packed with gzip, and is not, or breaks off."""


class UnknownEncoding(exceptions.UnsupportedMediaType):
    """A Content-Encoding that is not taken."""

    has_own_words = True

    def __init__(self) -> None:
        exceptions.APIException.__init__(self, _("Send the body as it is or packed with gzip (Content-Encoding)."))


class EventParser(parsers.BaseParser):
    """One CloudEvent: the bytes as they came, decoded by the room that knows events."""

    media_type = "application/cloudevents+json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """At most 8 MB, packed or not. Raises TooLarge, Unpackable, UnknownEncoding."""
        encoding = parser_context["request"].headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "identity":
            return read_body(stream, limit=EVENTS_BODY_BYTES)
        if encoding not in ("gzip", "x-gzip"):
            raise UnknownEncoding
        return unpack(stream, limit=EVENTS_BODY_BYTES)


class EventBatchParser(EventParser):
    """Several of them in an array."""

    media_type = "application/cloudevents-batch+json"


class EventDataParser(EventParser):
    """The data of one event whose attributes are headers: CloudEvents' binary mode."""

    media_type = "application/json"


def unpack(stream: IO[bytes], *, limit: int) -> bytes:
    """What a gzip stream holds. Never has more than `limit` and a chunk in memory, whatever it would unpack to."""
    unpacked = bytearray()
    unpacker = zlib.decompressobj(_GZIP)
    read = 0
    try:
        while packed := stream.read(_CHUNK_BYTES):
            read += len(packed)
            while packed:
                if unpacker.eof:  # another member follows, as `cat a.gz b.gz` makes it
                    unpacker = zlib.decompressobj(_GZIP)
                unpacked += unpacker.decompress(packed, limit + 1 - len(unpacked))
                if len(unpacked) > limit or read > limit:
                    raise TooLarge
                packed = unpacker.unused_data or unpacker.unconsumed_tail
    except zlib.error as error:
        raise Unpackable(_("The body is not packed with gzip, or is damaged.")) from error
    if not unpacker.eof:
        raise Unpackable(_("The gzip body breaks off before its end. Send it again."))
    return bytes(unpacked)
