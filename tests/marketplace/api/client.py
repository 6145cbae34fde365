"""A client that holds a key, and holds every answer against the description of the API."""

import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from marketplace.organisations.models import Organisation
from tests import factories

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@cache
def paths() -> dict[str, Any]:
    """The described operations by path."""
    return SchemaGenerator().get_schema(request=None, public=True)["paths"]


def find_operation(method: str, path: str) -> dict[str, Any]:
    """The description of one operation; fails if there is none."""
    plain = path.partition("?")[0]
    for template, operations in paths().items():
        if re.fullmatch(re.sub(r"\{[a-z_]+\}", "[^/]+", template), plain):
            assert method in operations, f"{method} {template} is not described"
            return operations[method]
    raise AssertionError(f"{plain} is not described")


class Api:
    """Calls with one key. An answer that the description does not know fails the test."""

    def __init__(self, token: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, *, undescribed: bool = False, **options: Any) -> Any:
        headers = self.headers | options.pop("headers", {})
        response = getattr(self.client, method)(path, headers=headers, **options)
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json"
            body = response.json()
            assert {"type", "title", "status", "detail", "errors"} <= set(body)
            assert body["status"] == response.status_code
        if not undescribed:
            described = find_operation(method, path)["responses"]
            assert str(response.status_code) in described, f"{method} {path}: {response.status_code} is not described"
            kinds = described[str(response.status_code)].get("content", {})
            assert response["Content-Type"].partition(";")[0] in kinds or "application/octet-stream" in kinds
        return response

    def get(self, path: str, **options: Any) -> Any:
        return self.call("get", path, **options)

    def post(self, path: str, body: Any = None, *, content_type: str = "application/json", **options: Any) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.call("post", path, data=data, content_type=content_type, **options)

    def report(self, body: Any, *, content_type: str = EVENT, **options: Any) -> Any:
        return self.post("/api/v1/usage/events", body, content_type=content_type, **options)


def api(organisation: Organisation, *scopes: str) -> Api:
    return Api(factories.api_token(organisation, *scopes))


def event(contract: Any, **fields: Any) -> dict[str, Any]:
    """A CloudEvent of 2.5 vCPU hours; `meter` and `quantity` go into its data."""
    data = {"meter": fields.pop("meter", "vcpu_hours"), "quantity": fields.pop("quantity", "2.5")}
    return {
        "specversion": "1.0",
        "type": "cloud.usage.v1",
        "source": "//dc01/meter",
        "id": "e1",
        "subject": contract if isinstance(contract, str) else contract.number,
        "time": "2026-10-31T23:00:00+08:00",
        "data": data,
        **fields,
    }
