"""POST /api/v1/alerts: 202 once, 200 again, 401 for what is not signed, problems by name."""

import json
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from providers.evidence import alerts
from providers.models import Alert
from tests import editions
from tests.marketplace.api.client import NOW

pytestmark = pytest.mark.django_db


def test_the_door(contract: Any) -> None:
    opened = alerts.open_source(name="自治区预警平台", actor=editions.operator(), now=NOW)
    data = {"severity": "high", "title": "漏洞", "provider": contract.provider.organisation.uscc}
    body = json.dumps({"type": "alert.raised", "data": data})
    bad = json.dumps({"type": "alert.raised", "data": {**data, "severity": "bad"}})

    def post(text: str, *, secret: str = opened.secret, message_id: str = "msg_1", **more: Any) -> Any:
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(NOW.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, NOW, text),
        }
        return Client().post("/api/v1/alerts", text, headers=headers, **{"content_type": "application/json", **more})

    forged = post(body, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (forged.status_code, forged.headers["Content-Type"]) == (401, "application/problem+json")
    assert Client().post("/api/v1/alerts", body, content_type="application/json").status_code == 401
    assert not Alert.objects.exists()
    refused = post(bad)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "data.severity")
    first, again = post(body), post(body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json() == {
        "number": Alert.objects.get().number, "listings_frozen": 1, "buyers_told": 1,
    }  # fmt: skip
    assert post(bad).status_code == 409
    assert post("x" * 70_000).status_code == 413
    assert post(body, content_type="text/plain").status_code == 415
    assert Client().get("/api/v1/alerts").status_code == 405
