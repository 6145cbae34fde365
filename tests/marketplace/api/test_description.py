"""The API is described completely, and the page that shows it loads nothing foreign."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from marketplace.organisations import actors
from tests.marketplace.api.client import paths


def test_every_address_and_method_is_described() -> None:
    described = {(path, method) for path, operations in paths().items() for method in operations}
    existing = set()
    for pattern in get_resolver("marketplace.api.urls").url_patterns:
        view = getattr(pattern.callback, "view_class", None)
        for method in getattr(view, "scopes", {}):
            path = str(pattern.pattern).replace("<public_number:", "{").replace(">", "}")
            existing.add((f"/api/{path}", method.lower()))
    assert described == existing
    assert len(existing) == 29


def test_every_scope_is_a_permission_that_a_key_can_hold() -> None:
    scopes = {scope for side in actors.SCOPES.values() for scope in side}
    for pattern in get_resolver("marketplace.api.urls").url_patterns:
        for scope in getattr(getattr(pattern.callback, "view_class", None), "scopes", {}).values():
            assert scope is None or scope in scopes


def test_the_description_is_valid_and_made_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert not GENERATOR_STATS
    assert schema["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_every_operation_names_its_refusals() -> None:
    for path, operations in paths().items():
        for method, operation in operations.items():
            answers = set(operation["responses"])
            assert {"401", "403"} <= answers, path
            assert "404" in answers or path == "/api/v1/alerts", path  # it names nothing that could be another's
            if method == "post":
                assert {"413", "415", "422"} <= answers, path
                assert "400" in answers or path == "/api/v1/alerts", path  # its bytes are read as they came: 422
            assert operation["summary"] and operation["operationId"]


@pytest.mark.django_db
def test_the_description_and_its_page_are_served_to_everyone() -> None:
    client = Client()
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.status_code == 200
    assert schema.json()["openapi"].startswith("3.")
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text and "style=" not in text
    assert "http://" not in text and "https://" not in text
    assert text.count("<script") == text.count("<script src=") == 3
    assert "unsafe" not in page["Content-Security-Policy"]
    assert client.get("/api/docs/?script=").headers["Content-Type"] == "application/javascript"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/contracts", "/api/v1/contracts/", "/api/v1/%00"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_address_is_a_problem_404(path: str, method: str) -> None:
    response: Any = getattr(Client(), method)(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_another_method_is_answered_405(hongshan: Any, method: str) -> None:
    assert hongshan.call(method, "/api/v1/contracts", undescribed=True).status_code == 405
