"""What the demo's buyer and procurement officer have put on file: a comparison report and an estimate each."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from listings.comparison import queries as comparisons
from listings.comparison import scoring
from marketplace.demo import people
from marketplace.procurement import estimates, operations

if TYPE_CHECKING:
    from marketplace.demo.world import World

# log-in → offerings compared, quantity, weights
COMPARED: Final = {
    "buyer@demo.example": (("OF001", "OF002", "OF003", "OF004"), 10, "balanced"),
    "officer@demo.example": (("OF002", "OF003", "OF004"), 20, "green"),
}
# offering, plan, quantity, use a month by meter: ten hosts by the month, and four vCPU with 16 GiB by the hour
ESTIMATED: Final[tuple[tuple[str, str, str, dict[str, str]], ...]] = (
    ("OF001", "monthly", "10", {}),
    ("OF002", "metered", "1", {"vcpu_hours": "2920", "gib_hours": "11680"}),
)
TERM_MONTHS: Final = 12


def put_on_file(*, world: "World", now: datetime) -> None:
    """Make the reports and estimates as their people would."""
    for email, (codes, quantity, weights) in COMPARED.items():
        actor = people.actor_of(email=email)
        operations.make_report(
            chosen=comparisons.Chosen(
                offering_ids=tuple(world.offerings[code].pk for code in codes),
                plan_ids=frozenset(),
                quantity=quantity,
                term_months=TERM_MONTHS,
                weights=scoring.PRESETS[weights],
            ),
            actor=actor,
            now=now,
        )
        lines = [
            estimates.Line(
                offering=str(world.offerings[code].pk), plan=plan, quantity=wanted, term=str(TERM_MONTHS), usage=usage
            )
            for code, plan, wanted, usage in ESTIMATED
        ]
        operations.save_estimate(lines=lines, actor=actor, now=now)
