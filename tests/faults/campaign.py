"""What happens when: traffic is released bit by bit while faults strike, and judged when all is over."""

import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults import client, oracle, traffic
from tests.faults.proxy import Proxy
from tests.faults.servers import PRODUCT, Servers, World

ROLES: Final = ("web", "worker", "beat")
# In 20 kills.
SHARES: Final = {"web": 5, "worker": 4, "beat": 2, "postgres": 3, "backend": 3, "broker": 2, "cache": 1}
ALL_ANSWERED_TIMEOUT_S: Final = 240.0


@dataclass(frozen=True)
class Wanted:
    """How large a campaign is to be."""

    seed: int
    events: int
    kills: int
    pause_s: float
    flushes: int
    lost_answers: float = 0.05
    half_requests: float = 0.01


@dataclass
class Result:
    """What was done and what came of it."""

    wanted: Wanted
    verdict: oracle.Verdict
    tries: Counter[str]
    done: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        verdict = self.verdict
        lines = [
            f"seed {self.wanted.seed}: {self.wanted.events:,} events in {self.seconds:.0f} s",
            f"faults   {_show(self.done)}",
            f"requests {_show(self.tries)}",
            f"events   {_show(verdict.counts)}",
        ]
        for name in ("lost", "double", "phantom", "answers", "sums"):
            found = getattr(verdict, name)
            lines.append(f"{name:9}{len(found)}" + "".join(f"\n         {text}" for text in found[:5]))
        return "\n".join(lines)


def run(world: World, wanted: Wanted, *, database: str = "campaign") -> Result:
    """The campaign: every fault at a random moment, all processes of the product."""
    chance = random.Random(wanted.seed)
    batches = traffic.plan(chance, world.cast["contracts"], events=wanted.events)
    faults = list(_faults(chance, wanted))
    world.copy_database(database)
    started = time.monotonic()
    servers = Servers(world, database, roles=ROLES)
    done: Counter[str] = Counter()
    proxy = _proxy(servers, wanted)
    sender = client.Client(batches, port=proxy.port, token=world.cast["token"], seed=wanted.seed)
    try:
        for number, (kind, what) in enumerate(faults):
            sender.release(math.ceil(len(batches) * (number + 1) / len(faults)))
            time.sleep(chance.uniform(0, 0.5))
            if _strike(servers, kind, what, wanted, chance):
                done[f"{kind} {what}"] += 1
            # Now and then the next fault strikes before the web server is back.
            if what == "web" and chance.random() < 0.7:
                servers.wait_for_web()
            servers.revive()
        sender.release(len(batches))
        _wait_for_answers(sender, servers)
    finally:
        sender.end()
        proxy.close()
        servers.end()
    taken, verdict = oracle.judge_answers(batches, sender.notes)
    final = world.run("final", database)
    oracle.compare_events(world.database_url(database), taken, verdict)
    oracle.compare_sums(final, taken, verdict)
    world.drop_database(database)
    return Result(wanted, verdict, sender.notes.tries, done + proxy.lost + servers.restarts, time.monotonic() - started)


def run_control(
    world: World,
    wanted: Wanted,
    *statements: str,
    web: str = PRODUCT,
    database: str = "control",
) -> Result:
    """A small one of the web server alone, without a guard: `statements` or another `web` have taken it away."""
    chance = random.Random(wanted.seed)
    # Corrections, and batches of a few, ask for the key by name; without it they would fail and store nothing.
    batches = traffic.plan(chance, world.cast["contracts"], events=wanted.events, sizes=(100, 200), corrections=0)
    world.copy_database(database, *statements)
    started = time.monotonic()
    servers = Servers(world, database, roles=("web",), web=web)
    proxy = _proxy(servers, wanted)
    sender = client.Client(batches, port=proxy.port, token=world.cast["token"], seed=wanted.seed)
    try:
        sender.release(len(batches))
        _wait_for_answers(sender, servers)
    finally:
        sender.end()
        proxy.close()
        servers.end()  # by SIGKILL, right after the last answer
    taken, verdict = oracle.judge_answers(batches, sender.notes)
    oracle.compare_events(world.database_url(database), taken, verdict)
    world.drop_database(database)
    return Result(wanted, verdict, sender.notes.tries, proxy.lost, time.monotonic() - started)


def _faults(chance: random.Random, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """In a random order; every process gets its share of the kills."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    kills = [*SHARES, *(kinds[number % len(kinds)] for number in range(wanted.kills))][: wanted.kills]
    faults = [("kill", what) for what in kills]
    faults += [("stop", what) for what in ("postgres", "broker", "cache")]
    faults += [("flush", "redis")] * wanted.flushes
    chance.shuffle(faults)
    yield from faults


def _strike(servers: Servers, kind: str, what: str, wanted: Wanted, chance: random.Random) -> bool:
    if kind == "kill":
        return servers.kill(what, chance)
    if kind == "stop":
        servers.pause(what, wanted.pause_s)
    else:
        servers.flush()
    return True


def _proxy(servers: Servers, wanted: Wanted) -> Proxy:
    return Proxy(servers.port, seed=wanted.seed, lost_answers=wanted.lost_answers, half_requests=wanted.half_requests)


def _wait_for_answers(sender: client.Client, servers: Servers) -> None:
    """Until every batch is answered; what is not is found by the oracle."""
    deadline = time.monotonic() + ALL_ANSWERED_TIMEOUT_S
    while not sender.is_done() and time.monotonic() < deadline:
        servers.revive()
        time.sleep(0.1)


def _show(counts: Counter[Any]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=str)) or "none"
