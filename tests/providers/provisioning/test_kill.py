"""kill -9 of the worker, fifty times in the middle of fulfilment: nothing is lost and nothing doubled.

A real process runs the stages against PostgreSQL and a real HTTP server (moto), and is killed by SIGKILL at random
moments. The control takes the idempotency token away (its look-up; moto does not know ClientToken) and must double.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from providers.fulfilment.models import Delivery, DeliveryStep
from providers.provisioning.models import Machine
from tests.fakes import clouds as fakes

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
ORDERS, EACH = 24, 9


def database_url() -> str:
    settings = connection.settings_dict
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"] or "", safe="")
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"postgres://{user}:{password}@{quote(settings['HOST'], safe='')}{port}/{settings['NAME']}"


def work(moto: str, *, kills: int, without_token: bool) -> dict[str, Any]:
    """Run the worker program to its end; prints its seed."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fakes.worker", str(seed), str(kills), str(int(without_token))],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": "redis://none.invalid/0",
            "OUTBOUND_EXCEPTIONS": moto,
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture
def orders(moto: str, settings: Any, connect: Any, draw: Any, order: Any) -> None:
    settings.OUTBOUND_EXCEPTIONS = [moto]
    draw(connect(moto))
    for number in range(ORDERS):
        order(f"HT-KILL{number:03d}", quantity=EACH)


def test_fifty_kills_lose_and_double_nothing(orders: None, moto: str) -> None:
    told = work(moto, kills=50, without_token=False)
    assert told == {"killed": 50, "finished": True}, "the killing ended before the work did: order more machines"
    machines = list(Machine.objects.all())
    assert {machine.state for machine in machines} == {"running"}
    assert len(machines) == ORDERS * EACH
    assert fakes.states(moto) == {machine.token: ["running"] for machine in machines}
    assert set(Delivery.objects.values_list("status", "delivered_quantity")) == {("delivered", EACH)}
    assert DeliveryStep.objects.filter(kind="hand_over").count() == ORDERS


def test_control_without_the_token_machines_are_doubled(orders: None, moto: str) -> None:
    told = work(moto, kills=40, without_token=True)
    assert told["finished"]
    doubled = [len(found) for found in fakes.states(moto).values() if len(found) > 1]
    print(f"{len(doubled)} machines doubled by {told['killed']} kills")
    assert doubled
