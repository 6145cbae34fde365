"""Campaigns without a guard: they must lose or double, or the campaign sees nothing."""

from tests.faults import campaign
from tests.faults.servers import EARLY, World


def answer_early(world: World, *, seed: int) -> campaign.Result:
    """The web process answers before it commits, and is killed after the last answer: what it had in hand is lost."""
    wanted = campaign.Wanted(seed=seed, events=1_000, kills=0, pause_s=0, flushes=0, lost_answers=0, half_requests=0)
    return campaign.run_control(world, wanted, web=EARLY)


def drop_the_key(world: World, *, seed: int) -> campaign.Result:
    """The unique key is dropped from the table: what is sent again, or twice, is stored again."""
    wanted = campaign.Wanted(seed=seed, events=1_000, kills=0, pause_s=0, flushes=0, lost_answers=0.2)
    return campaign.run_control(world, wanted, "ALTER TABLE metering_eventkey DROP CONSTRAINT usage_event_unique")
