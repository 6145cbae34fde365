"""HTTP to addresses that providers typed in: resolved once, checked, and pinned to the address that was checked.

A name that answers with a public address to the check and with a private one to the connection (DNS rebinding) gains
nothing, because there is no second look-up. Redirects are not followed. A call ends by its deadline whatever the other
side does: each read has a time-out, and a timer cuts the connection of one that drips. Nothing of a request or an
answer is logged.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import urllib3.exceptions
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPException, HTTPSConnection
from urllib3.util.ssl_match_hostname import CertificateError

from marketplace.organisations import errors
from providers.connectors import addresses
from providers.connectors.addresses import ForbiddenAddress, InvalidAddress, Target, check_url, host_of

__all__ = ["Answer", "ForbiddenAddress", "InvalidAddress", "Limits", "OutboundError", "check_url", "get", "host_of"]

USER_AGENT: Final = "cloud-resource-marketplace/1"
MOST_ADDRESSES: Final = 4  # of one name that are tried, one after the other
TRUSTED_CERTIFICATES: str | None = None  # a file of authorities; None: those of the system


class OutboundError(errors.Conflict):
    """The other side could not be reached or understood. `code` names the kind, for rows and statistics."""

    code = "unreachable"


class Unreachable(OutboundError):
    """No such name, no route, refused, or cut off."""


class TimedOut(OutboundError):
    """No answer in time. What was asked for may have happened."""

    code = "timed_out"


class UntrustedCertificate(OutboundError):
    """The certificate is not of this name, out of date, or of an authority that is not known."""

    code = "certificate"


class GarbledAnswer(OutboundError):
    """What came back is not HTTP."""

    code = "garbled"


class AnswerTooLarge(OutboundError):
    """More came back than is read."""

    code = "too_large"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much. `total_s` counts from the look-up of the name to the last byte of the answer."""

    connect_s: float = 4.0
    read_s: float = 8.0
    total_s: float = 12.0
    answer_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A redirect comes back as it is."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reason: str = ""


def post(*, url: str, body: bytes, headers: Mapping[str, str], limits: Limits | None = None) -> Answer:
    """POST. Raises InvalidAddress, ForbiddenAddress, and OutboundError by kind."""
    return send(method="POST", url=url, body=body, headers=headers, limits=limits)


def get(*, url: str, headers: Mapping[str, str] | None = None, limits: Limits | None = None) -> Answer:
    """GET. Raises InvalidAddress, ForbiddenAddress, and OutboundError by kind."""
    return send(method="GET", url=url, body=None, headers=headers or {}, limits=limits)


def send(
    *, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits | None = None
) -> Answer:
    """One request, one answer, one connection that is closed afterwards."""
    limits = limits or Limits()
    until = time.monotonic() + limits.total_s
    target = check_url(url=url)
    found = _resolve(target, within_s=min(limits.connect_s, limits.total_s))
    connection = _connect(target, found, limits=limits, until=until)
    guard = _Guard(connection, until=until)
    try:
        answer = _exchange(connection, target, method=method, body=body, headers=headers, limits=limits)
        if guard.has_expired:  # an answer that was cut in its headers reads like a whole one
            raise TimeoutError
        return answer
    except (OSError, HTTPException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise _translate(error, target, has_expired=guard.has_expired) from error
    finally:
        guard.stop()
        connection.close()


def _resolve(target: Target, *, within_s: float) -> list[str]:
    """The addresses of a name, every one of them checked: one private address refuses the name.

    getaddrinfo has no time-out of its own, so it runs in a thread that is left behind if it hangs.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True, name="outbound-look-up").start()
    try:
        found = answers.get(timeout=within_s)
    except queue.Empty:
        raise TimedOut(_("The name %(host)s was not answered in time.") % {"host": target.host}) from None
    if isinstance(found, Exception) or not found:
        raise Unreachable(_("There is no address for the name %(host)s.") % {"host": target.host})
    unique = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not target.is_excepted:
        for text in unique:
            if not addresses.is_public(ipaddress.ip_address(text)):
                raise addresses.forbidden(target.host)
    return unique[:MOST_ADDRESSES]


def _connect(target: Target, found: list[str], *, limits: Limits, until: float) -> HTTPConnection:
    """Connect to the first address that answers. The certificate and SNI are of the name, not of the address."""
    failure: Exception = TimeoutError()
    for address in found:
        left_s = min(limits.connect_s, until - time.monotonic())
        if left_s <= 0:
            break
        connection = _prepare(target, address, timeout_s=left_s)
        guard = _Guard(connection, until=time.monotonic() + left_s)
        try:
            connection.connect()
        except (ssl.SSLError, CertificateError) as error:
            connection.close()
            raise _translate(error, target, has_expired=guard.has_expired) from error
        except (OSError, urllib3.exceptions.HTTPError) as error:
            connection.close()
            failure = TimeoutError() if guard.has_expired else error
            continue
        finally:
            guard.stop()
        return connection
    raise _translate(failure, target, has_expired=False) from failure


def _prepare(target: Target, address: str, *, timeout_s: float) -> HTTPConnection:
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=timeout_s)
    return HTTPSConnection(
        address,
        target.port,
        timeout=timeout_s,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
        ca_certs=TRUSTED_CERTIFICATES,
    )


def _exchange(
    connection: HTTPConnection,
    target: Target,
    *,
    method: str,
    body: bytes | None,
    headers: Mapping[str, str],
    limits: Limits,
) -> Answer:
    connection.timeout = limits.read_s
    if connection.sock is not None:
        connection.sock.settimeout(limits.read_s)
    own = {"Host": target.netloc, "User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    connection.request(method, target.path, body=body, headers={**headers, **own}, preload_content=False)
    response = connection.getresponse()
    content = response.read(limits.answer_bytes + 1, decode_content=False)
    if len(content) > limits.answer_bytes:
        raise AnswerTooLarge(_("%(host)s answered with more than is read.") % {"host": target.host})
    if response.length_remaining:
        raise GarbledAnswer(_("What %(host)s answered cannot be read.") % {"host": target.host})
    return Answer(
        status=response.status,
        body=content,
        headers={name.lower(): value for name, value in response.headers.items()},
        reason=response.reason or "",
    )


class _Guard:
    """Cuts a connection at its deadline. A time-out of the socket alone starts again with every byte."""

    def __init__(self, connection: HTTPConnection, *, until: float) -> None:
        self.has_expired = False
        self._connection = connection
        self._timer = threading.Timer(max(until - time.monotonic(), 0), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.has_expired = True
        sock = self._connection.sock
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS: the reader sees the end at once
            except OSError:
                return  # it was closed meanwhile

    def stop(self) -> None:
        self._timer.cancel()


def _translate(error: Exception, target: Target, *, has_expired: bool) -> OutboundError:
    """Into our own words: none of the libraries' sentences, which name addresses, reaches a page."""
    host = {"host": target.host}
    timed_out = (TimeoutError, urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.ReadTimeoutError)
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)  # a kind of time-out to the library
    if has_expired or (isinstance(error, timed_out) and not is_refused):
        return TimedOut(_("%(host)s did not answer in time.") % host)
    if isinstance(error, ssl.SSLCertVerificationError | CertificateError):
        return UntrustedCertificate(_("The certificate of %(host)s cannot be trusted.") % host)
    if isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError):
        return GarbledAnswer(_("%(host)s does not speak TLS as it should.") % host)
    if is_refused or isinstance(error, ConnectionError):
        return Unreachable(_("%(host)s could not be reached, or cut the connection.") % host)
    if isinstance(error, HTTPException | urllib3.exceptions.HTTPError | ValueError):
        return GarbledAnswer(_("What %(host)s answered cannot be read.") % host)
    return Unreachable(_("%(host)s could not be reached, or cut the connection.") % host)
