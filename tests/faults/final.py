"""Let the pipeline run to its end after the last fault, and print days and charges as a line of JSON."""

import json
import time
from datetime import UTC, datetime
from typing import Any, Final

import django

# October and November are closed by then, their grace period too.
AFTERWARDS: Final = datetime(2026, 12, 3, tzinfo=UTC)
LONGEST_WAIT_S: Final = 60.0


def main() -> None:
    django.setup()
    from marketplace import pipeline

    deadline = time.monotonic() + LONGEST_WAIT_S
    while True:
        pipeline.advance(now=AFTERWARDS)
        if not waiting() or time.monotonic() > deadline:
            break
        time.sleep(0.5)  # a transaction of a killed client has not been ended yet
    print(json.dumps({"waiting": waiting(), "days": days(), "charges": charges()}))


def waiting() -> int:
    """Events that the roll-up has not read yet."""
    return int(
        fetch(
            "SELECT count(*) FROM metering_usageevent"
            " WHERE written_in >= (SELECT read_before FROM metering_rollup WHERE id = 1)"
        )[0][0]
    )


def days() -> list[Any]:
    """Contract, meter, day, sum and number of the effective events."""
    return fetch(
        "SELECT contract.number, day.meter, day.day::text, day.quantity::text, day.event_count"
        "  FROM metering_usageday day JOIN contracts_contract contract ON contract.id = day.contract_id"
    )


def charges() -> list[Any]:
    """Contract, month, meter, and the sums over all revisions."""
    from django.db.models import Sum

    from billing.rating.models import Charge

    rows = Charge.objects.values_list("contract__number", "period_start_date", "component__meter").annotate(
        quantity=Sum("quantity"), amount=Sum("amount")
    )
    return [[number, str(month), meter, str(quantity), str(amount)] for number, month, meter, quantity, amount in rows]


def fetch(query: str) -> list[Any]:
    """All rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


if __name__ == "__main__":
    main()
