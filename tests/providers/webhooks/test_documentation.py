"""docs/webhooks.md: its example is computed, and what it lists is what there is."""

import contextlib
import io
import re
from datetime import UTC, datetime
from pathlib import Path

from providers.webhooks import kinds, sending, signing

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
(MESSAGE,) = re.findall(r"POST /hooks.*?\}\n", PAGE, re.S)


def test_the_example_verifies_what_we_send() -> None:
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        exec(CODE, {})  # noqa: S102  (our own page)
    (signature,) = set(re.findall(r"v1,\S+=", PAGE))
    assert written.getvalue().strip() == signature
    headers = signing.write_headers(
        number="msg_0123456789abcdef0123456789abcdef",
        sent_at=datetime.fromtimestamp(1793592000, UTC),
        body=signing.write_body(
            kind="delivery.accepted",
            created_at=datetime(2026, 11, 2, 4, tzinfo=UTC),
            payload={"number": "HT-7K2MQ9XW4B"},
        ),
        with_secrets=["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],
    )
    assert headers["webhook-signature"] == signature
    shown = dict(
        line.strip().split(": ", 1) for line in MESSAGE.splitlines() if re.match(r"\s+(webhook|content)-", line)
    )
    assert shown == {name.lower(): value for name, value in headers.items()}


def test_every_kind_and_every_wait_is_listed() -> None:
    listed = set(re.findall(r"`((?:delivery|endpoint)\.\w+)`", PAGE))
    assert listed == {*kinds.KINDS, kinds.TEST}
    hours = [int(wait.total_seconds()) for wait in sending.WAITS]
    assert hours == [5, 5 * 60, 30 * 60, *(hour * 3600 for hour in (2, 5, 10, 14, 20, 24))]
