"""The address at which payment services tell us what happened: signed by them, without session or CSRF token.

The message is kept before it is answered. What it asks for is done at once, and by a stage if that fails.
"""

import logging
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from billing.payments.gateways import inbox, interface
from marketplace import clock

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 256 * 1024
# What each service takes for "heard": Alipay wants the bare word, else it tells again for a day.
HEARD: Final = {"alipay": ("success", 200, "fail", 200), "stripe": ("ok", 200, "refused", 400)}


@csrf_exempt
def take(request: HttpRequest, gateway: str) -> HttpResponse:
    """POST /payments/notify/<gateway>/"""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if gateway not in HEARD:
        return HttpResponse(status=404)
    heard, heard_status, refused, refused_status = HEARD[gateway]
    try:
        size = int(request.headers.get("Content-Length") or 0)
        body = request.read(LARGEST_BODY + 1) if size <= LARGEST_BODY else b""
        if not 0 < len(body) <= LARGEST_BODY:
            return HttpResponse(refused, status=413 if size > LARGEST_BODY else 400, content_type="text/plain")
        headers = {name.lower(): value for name, value in request.headers.items()}
        event_id = inbox.receive(gateway=gateway, body=body, headers=headers, now=clock.now())
    except interface.Forged as error:
        logger.warning("a message that claims to be of %s is refused: %s", gateway, error)
        return HttpResponse(refused, status=refused_status, content_type="text/plain")
    except Exception:
        logger.exception("a message of %s was not kept", gateway)
        return HttpResponse(refused, status=500 if gateway == "stripe" else 200, content_type="text/plain")
    if event_id is not None:
        _process(event_id)
    return HttpResponse(heard, status=heard_status, content_type="text/plain")


def _process(event_id: int) -> None:
    """It is kept: whatever happens now, the stage does it again."""
    try:
        inbox.process(event_id=event_id, now=clock.now())
    except Exception:
        logger.exception("message %s waits for the next run of the stage", event_id)
