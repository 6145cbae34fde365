"""python -m tests.faults [--seed 1] [--kills 200] [--events 100000] [--pause 60] [--flushes 10]"""

import argparse
import random
import sys

from marketplace import embedded
from tests.faults import campaign, controls
from tests.faults.servers import World

NAME = "faults"


def main() -> int:
    """Print what was found; 0 if every promise was kept and both controls broke theirs."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--pause", type=float, default=60.0, help="seconds of each SIGSTOP")
    parser.add_argument("--flushes", type=int, default=10)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    wanted = campaign.Wanted(
        seed=options.seed,
        events=options.events,
        kills=options.kills,
        pause_s=options.pause,
        flushes=options.flushes,
    )
    try:
        world = World(NAME)
        result = campaign.run(world, wanted)
        print(result, flush=True)
        early = controls.answer_early(world, seed=options.seed)
        print(f"\ncontrol: answers before the commit\n{early}", flush=True)
        keyless = controls.drop_the_key(world, seed=options.seed)
        print(f"\ncontrol: no unique key\n{keyless}")
    finally:
        embedded.stop(NAME)
    is_kept = result.verdict.is_clean and early.verdict.lost and keyless.verdict.double
    print("\nKept: nothing lost, double or phantom; sums exact; controls fail." if is_kept else "\nBROKEN: see above.")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
