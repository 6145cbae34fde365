"""Secrets of endpoints, and what a message looks like on its way (Standard Webhooks 1.0.0)."""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from standardwebhooks import Webhook

SECRET_BYTES: Final = 32  # the specification asks for 24 to 64


def make_secret() -> str:
    """A new secret in the form of the specification: whsec_ and base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode('ascii')}"


def write_body(*, kind: str, created_at: datetime, payload: Any) -> bytes:
    """The content: the same bytes at every attempt."""
    content = {"type": kind, "timestamp": created_at.astimezone(UTC).isoformat(timespec="seconds"), "data": payload}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def write_headers(*, number: str, sent_at: datetime, body: bytes, with_secrets: Sequence[str]) -> dict[str, str]:
    """Id, time and a signature for each secret, the newest first. `sent_at` is what the receiver's clock is held to."""
    moment = sent_at.astimezone(UTC)  # the library takes the figures of any zone for UTC
    signatures = [Webhook(secret).sign(number, moment, body.decode()) for secret in with_secrets]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": number,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
