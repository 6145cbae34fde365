"""A person without JavaScript: opens pages, fills in the forms that stand on them, follows redirects.

And a machine with an API key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from tests import factories


@dataclass
class Form:
    """A form as it stands on a page: where it goes, and what it holds before anyone types."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").lower()))
        elif not self.forms:
            return
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select and ("selected" in found or self._select not in self.forms[-1].values):
            self.forms[-1].values[self._select] = found.get("value", "")
        elif tag == "textarea":
            self.forms[-1].values.setdefault(found.get("name", ""), "")
        elif tag == "input" and found.get("name"):
            is_choice = found.get("type") in ("checkbox", "radio")
            if not is_choice or "checked" in found:
                self.forms[-1].values[found["name"]] = found.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


class Person:
    """Somebody at a browser, logged in by the log-in page."""

    def __init__(self, email: str) -> None:
        self.client = Client()
        self.page: Any = None
        self.open("/login/")
        self.submit(having="username", username=email, password=factories.PASSWORD)
        assert self.client.session.get("_auth_user_id"), f"{email} could not log in"

    @property
    def text(self) -> str:
        """The page as it was sent."""
        return self.page.content.decode()

    @property
    def address(self) -> str:
        return self.page.request["PATH_INFO"]

    def open(self, address: str, *, expect: int = 200) -> "Person":
        self.page = self.client.get(address, follow=True)
        assert self.page.status_code == expect, f"{address}: {self.page.status_code}"
        return self

    def submit(self, *, having: str, at: str = "", expect: int = 200, **values: Any) -> "Person":
        """Fill in and send the form that has a field `having` (and, if named, an action that contains `at`)."""
        form = self.find_form(having=having, at=at)
        answers = {**form.values, **{name: str(value) for name, value in values.items()}}
        self.page = self.client.post(form.action or self.address, answers, follow=True)
        assert self.page.status_code == expect, f"{form.action}: {self.page.status_code}\n{self.text[:3000]}"
        return self

    def post(self, address: str, values: Mapping[str, Any], *, expect: int = 200) -> "Person":
        """Press a button that sends to an address of its own."""
        self.page = self.client.post(address, values, follow=True)
        assert self.page.status_code == expect, f"{address}: {self.page.status_code}\n{self.text[:3000]}"
        return self

    def find_form(self, *, having: str, at: str = "") -> Form:
        reader = _FormReader()
        reader.feed(self.text)
        for form in reader.forms:
            if form.method == "post" and having in form.values and at in form.action:
                return form
        raise AssertionError(f"no form with {having!r} at {at!r} on {self.address}; there are {reader.forms}")

    def sees(self, *words: str) -> "Person":
        missing = [word for word in words if word not in self.text]
        assert not missing, f"{self.address} does not show {missing}"
        return self


class Machine:
    """A provider's or buyer's system that speaks to the API with a key."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def get(self, address: str, *, expect: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/{address}")
        assert answer.status_code == expect, f"{address}: {answer.status_code} {answer.content[:500]!r}"
        return answer.json()

    def post(
        self, address: str, body: Mapping[str, Any] | list[Any], *, expect: int, content_type: str = "application/json"
    ) -> Any:
        answer = self.client.post(f"/api/v1/{address}", body, content_type=content_type)
        assert answer.status_code == expect, f"{address}: {answer.status_code} {answer.content[:500]!r}"
        return answer.json()
