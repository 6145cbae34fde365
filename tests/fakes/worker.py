"""A worker that is killed: run as a program, it forks children that run the stages, and kills each with SIGKILL.

    python -m tests.fakes.worker <seed> <kills> <without token: 0 or 1>

Django is loaded once, because fifty starts would take minutes; each child opens its own connections to the database.
The last child is left to finish. Prints a line of JSON.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta

import django

SLEEP_S = (0.02, 0.5)


def prepare(*, without_token: bool) -> None:
    """Short leases, so that the next child does not wait for minutes; and, for the control, no guard."""
    django.setup()
    from providers.connectors import clouds
    from providers.provisioning import machines

    machines.LEASE = timedelta(seconds=0.4)
    machines.WAITS = tuple(timedelta(seconds=0) for _ in machines.WAITS)
    machines.MOST_ATTEMPTS = 1_000
    if without_token:
        clouds.Cloud.find = lambda self, token: []  # type: ignore[method-assign]


def run_stages() -> None:
    """What a child does until it is killed, or nothing is left to do."""
    from django.db import connection

    from marketplace import clock
    from providers.provisioning import stages
    from providers.provisioning.models import Machine

    while True:
        now = clock.now()
        done = stages.provision_due(now=now, limit=10)
        if not done and not Machine.objects.filter(state__in=["wanted", "creating"]).exists():
            break
        time.sleep(0 if done else 0.05)
    connection.close()


def main() -> None:
    seed, kills, without_token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1"
    prepare(without_token=without_token)
    chance, killed = random.Random(seed), 0
    for turn in range(kills + 1):
        child = os.fork()
        if child == 0:
            run_stages()
            os._exit(0)
        if turn < kills:
            time.sleep(chance.uniform(*SLEEP_S))
            os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    print(json.dumps({"killed": killed, "finished": os.WIFEXITED(status)}))


if __name__ == "__main__":
    main()
