"""Libcloud's transport replaced by ours: whatever it opens is resolved once, checked, pinned and timed.

Its own goes by `requests`: it follows redirects, uses proxies of the environment, and looks names up by itself. A cloud
may also name further addresses (the catalogue of OpenStack does), which therefore go the same way.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from libcloud.common.base import Connection
from requests.structures import CaseInsensitiveDict

from providers.connectors import outbound

LIMITS: Final = outbound.Limits(connect_s=4, read_s=15, total_s=20, answer_bytes=4 * 1024 * 1024)
WITHIN_A_REQUEST: Final = outbound.Limits(connect_s=2, read_s=4, total_s=4, answer_bytes=4 * 1024 * 1024)


class PinnedResponse:
    """What Libcloud reads of an answer."""

    request = None

    def __init__(self, answer: outbound.Answer) -> None:
        self.status_code = answer.status
        self.reason = answer.reason
        self.headers = CaseInsensitiveDict(answer.headers)
        self.content = answer.body
        self.text = answer.body.decode("utf-8", "replace")

    def iter_content(self, chunk_size: int = 1, **_: Any) -> Any:
        """The content, in one piece."""
        return iter([self.content])

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.text)

    def close(self) -> None:
        """The connection was closed with the answer."""


class PinnedConnection:
    """In the place of `libcloud.http.LibcloudConnection`."""

    limits = LIMITS

    def __init__(self, host: str, port: int, secure: bool | int | None = None, **_: Any) -> None:
        scheme = "https" if secure or port == 443 else "http"
        self.base = f"{scheme}://{host}:{port}"
        self.response: PinnedResponse | None = None

    def request(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        named = {name: str(value) for name, value in (headers or {}).items()}
        answer = outbound.send(
            method=method.upper(), url=self.base + url, body=content or None, headers=named, limits=self.limits
        )
        self.response = PinnedResponse(answer)

    prepared_request = request

    def getresponse(self) -> PinnedResponse | None:
        return self.response

    def connect(self) -> None:
        """Each request opens its own connection."""

    def close(self) -> None:
        """Each request has closed its connection."""


def install(connection: type[PinnedConnection] = PinnedConnection) -> None:
    """Let every driver of this process speak through us."""
    Connection.conn_class = connection  # type: ignore[assignment]  # the same methods, another family
