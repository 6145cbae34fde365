"""The kinds of change that a buyer may ask of a running contract, in words."""

from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

# kind → (title, what it does, icon)
KINDS: Final[dict[str, tuple[str | Promise, str | Promise, str]]] = {
    "renew": (
        gettext_lazy("Renew the contract"),
        gettext_lazy("Another contract follows on the day this one ends, at the price in force today."),
        "refresh-cw",
    ),
    "resize": (
        gettext_lazy("Change the quantity"),
        gettext_lazy("From the day after the provider agrees, at the price you agreed on."),
        "scaling",
    ),
    "switch": (
        gettext_lazy("Switch the plan"),
        gettext_lazy("From the day after the provider agrees, to another plan of this offering."),
        "arrow-left-right",
    ),
    "terminate": (
        gettext_lazy("Terminate"),
        gettext_lazy("Ends before its term, with the notice and the fee of the version you bought."),
        "log-out",
    ),
}


def kinds(*, contract: Any) -> list[dict[str, Any]]:
    """The kinds with their pages."""
    return [
        {
            "kind": kind,
            "title": title,
            "text": text,
            "icon": icon,
            "url": reverse("buyer:change", args=[contract.number, kind]),
        }
        for kind, (title, text, icon) in KINDS.items()
    ]
