"""What every payment service can do, in our words. Adapters translate; nothing else knows a service's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from billing.rules.money import Money

State = Literal["waiting", "paid", "closed", "absent"]


class Forged(Exception):
    """Not signed by the service, altered, too old, too new, or meant for another app, account or mode."""


class Unavailable(Exception):
    """No answer, or none that can be believed. What was asked may have happened: ask again under the same key."""


class Declined(Exception):
    """The service refused for good; the text is its code."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a buyer is asked to pay. `number` is the key under which the service keeps it."""

    number: str
    amount: Money
    subject: str
    notify_url: str
    return_url: str
    cancel_url: str
    expires_at: datetime
    customer_id: str = ""
    saves_method: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the buyer goes to pay."""

    url: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the service says of an attempt. `external_id` is the service's number of the payment."""

    number: str
    state: State
    external_id: str = ""
    amount: Money | None = None
    paid_at: datetime | None = None
    customer_id: str = ""
    method_id: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message, verified. `facts` is what it is about, as the adapter's `read` made it."""

    event_id: str
    kind: str
    mode: str
    receipt: Receipt | None = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A saved method as it is shown to its owner."""

    brand: str
    last4: str
    expires: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a service's own account: a payment or a refund (below zero), and the fee it kept."""

    kind: Literal["payment", "refund"]
    external_id: str
    number: str
    amount: Money
    fee_minor: int
    happened_at: datetime


class Gateway(Protocol):
    """A payment service in one mode. Raises Unavailable, Declined; `read` raises Forged."""

    @property
    def name(self) -> str: ...

    @property
    def mode(self) -> str: ...

    @property
    def currencies(self) -> frozenset[str]: ...

    def open(self, ask: Ask) -> Opened: ...

    def query(self, *, number: str, external_id: str) -> Receipt: ...

    def close(self, *, number: str, external_id: str) -> Receipt: ...

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notification: ...

    def read(self, body: bytes) -> Notification: ...

    def refund(self, *, number: str, external_id: str, key: str, amount: Money) -> str: ...

    def movements(self, *, since: datetime, until: datetime) -> list[Movement]: ...
