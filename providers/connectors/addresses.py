"""Which addresses the marketplace may talk to. Pure: a URL or an IP address in, an answer out; no network.

A provider types these URLs in. Whoever can make the marketplace's own host ask for a URL may reach what only that host
can reach: the database, the metadata service of the cloud it runs in, other machines of the operator. So only public
addresses are allowed, and every notation that hides another address is taken apart or refused.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.organisations import errors

LONGEST_URL: Final = 500
HTTPS_PORT: Final = 443
LOWEST_FREE_PORT: Final = 1024
# Above 1023, these speak protocols that a request could be mistaken for (the Fetch standard's list of bad ports, and
# the usual ports of databases, caches and clusters).
HOSTILE_PORTS: Final = frozenset(
    {1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672}
    | {5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092, 9200, 9300, 10080, 10250, 11211}
    | {27017}
)
# Global by the registry, yet they lead inside: metadata services, and prefixes that carry an IPv4 address.
REFUSED_ADDRESSES: Final = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
REFUSED_NETWORKS: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "::/96",  # IPv4-compatible, deprecated by RFC 4291
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # local NAT64, RFC 8215
        "2001::/32",  # Teredo, RFC 4380
        "2002::/16",  # 6to4, RFC 3056
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "fec0::/10",  # site-local, RFC 3879
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
    )
)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER: Final = re.compile(r"(\d+|0x[0-9a-f]*)\Z")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class InvalidAddress(errors.Refused):
    """A URL that is not one, or of a kind that is not called: not https, with a password, a port of another service."""

    code = "invalid_address"


class ForbiddenAddress(errors.Refused):
    """A host that leads to an address which is not public."""

    code = "forbidden_address"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart once; nothing parses it again."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    @property
    def netloc(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def is_excepted(self) -> bool:
        """Whether the settings name exactly this host and port, which only tests and the demo can."""
        return f"{self.host}:{self.port}" in settings.OUTBOUND_EXCEPTIONS


def check_url(*, url: str, field: str = "url") -> Target:
    """Take a URL apart and refuse what is wrong before any look-up. Raises InvalidAddress, ForbiddenAddress."""
    target = _parse(url, field)
    if target.is_excepted:
        return target
    if target.scheme != "https":
        raise InvalidAddress(_("The address has to begin with https://."), field=field)
    if target.port != HTTPS_PORT and (target.port < LOWEST_FREE_PORT or target.port in HOSTILE_PORTS):
        raise InvalidAddress(
            _("Port %(port)s belongs to another service. Use 443 or a port above 1023 of your own.")
            % {"port": target.port},
            field=field,
        )
    literal = _literal(target.host)
    if literal is None:
        _check_name(target.host, field)
    elif not is_public(literal):
        raise forbidden(target.host, field=field)
    return target


def host_of(*, url: str) -> str:
    """The host of a URL that was checked before, for people: paths and queries of webhooks may hold secrets."""
    return urlsplit(url).hostname or ""


def forbidden(host: str, *, field: str = "url") -> ForbiddenAddress:
    """The refusal, in the same words whatever was found, so that it tells nothing about the inside."""
    return ForbiddenAddress(
        _("%(host)s does not lead to a public address. Give one that can be reached from the Internet.")
        % {"host": host},
        field=field,
    )


def is_public(address: IpAddress) -> bool:
    """Whether an address is of the public Internet and of one machine, and hides no other address in itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:  # ::ffff:a.b.c.d is a.b.c.d to the kernel
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None:
            return False
    if address in REFUSED_ADDRESSES or address.is_multicast or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in REFUSED_NETWORKS)


def _parse(url: str, field: str) -> Target:
    """urlsplit drops tabs and line ends and takes almost anything, so what it must not see is refused first."""
    if not url or len(url) > LONGEST_URL or any(mark <= " " or mark in "\\\x7f" for mark in url):
        raise InvalidAddress(
            _("Give an address such as https://example.com/hooks, of at most %(most)s characters, without spaces.")
            % {"most": LONGEST_URL},
            field=field,
        )
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        host = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError) as error:
        raise InvalidAddress(
            _("This is not an address. Write it as https://example.com/hooks."), field=field
        ) from error
    if not host or parts.scheme not in ("https", "http") or port == 0:
        raise InvalidAddress(_("The address has to begin with https://."), field=field)
    if parts.username is not None or parts.password is not None or parts.fragment or "#" in url:
        raise InvalidAddress(_("Leave user names, passwords and # out of the address."), field=field)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise InvalidAddress(_("Percent-encode what is not ASCII in the path."), field=field)
    return Target(
        scheme=parts.scheme, host=host, port=port or (HTTPS_PORT if parts.scheme == "https" else 80), path=path
    )


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_name(host: str, field: str) -> None:
    """A name of letters, digits and hyphens with a dot. 2130706433, 0x7f.1 and 0177.0.0.1 are numbers to a resolver."""
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise InvalidAddress(_("This is not an address. Write it as https://example.com/hooks."), field=field)
    if len(labels) < 2 or _NUMBER.match(labels[-1]) or labels[-1] in ("localhost", "local", "internal"):
        raise forbidden(host, field=field)
