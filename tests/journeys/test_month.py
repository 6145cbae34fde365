"""A month from order to payout, as the people and machines of the marketplace live it: pages and API only.

The amounts, worked out by hand
-------------------------------
草原食品 orders from 红山云, whose prices are without tax, VAT 6 %:

    A  2 cloud hosts by the month, 212.70 each, 12 months with 10 % off
    B  1 cloud host by use: 0.12348 a vCPU·hour, 0.01547 a GiB·hour

Both are delivered and accepted on 10 October 2026; 10 to 31 October are 22 of 31 days.

    A  212.70 × 2 × 0.90 × 22/31       = 271.707097…  → 271.71
    B  1,000.5 vCPU·h    × 0.12348     = 123.54174    → 123.54
       2,001.000001 GiB·h × 0.01547    =  30.955470…  →  30.96
                                              without tax 426.21
       VAT 426.21 × 6 % = 25.5726                    →   25.57
                                              invoice     451.78

200.00 are paid on 5 November and the rest, 251.78, on 20 November: 451.78 are collected in November.

    commission 2 % of 451.78 = 9.0356  → 9.04
    VAT on it  6 % of   9.04 = 0.5424  → 0.54
    payable to 红山云 451.78 − 9.04 − 0.54 = 442.20
"""

import csv
import io
import re
from datetime import UTC, datetime

import openpyxl
import pytest
import time_machine

from marketplace import pipeline
from tests import factories
from tests.journeys.browsing import Machine, Person

BATCH = "application/cloudevents-batch+json"

pytestmark = pytest.mark.django_db(transaction=True)


def shanghai(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour - 8, tzinfo=UTC)


def event(contract: str, number: int, meter: str, quantity: str, time: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "type": "cloud.usage.v1",
        "source": "/hongshan/host-1",
        "id": f"e{number}",
        "subject": contract,
        "time": time,
        "data": {"meter": meter, "quantity": quantity},
    }


def test_a_month_from_order_to_payout() -> None:
    platform, hongshan, foods = factories.platform(), factories.hongshan(), factories.foods()
    centre = factories.data_centre(hongshan)
    host = factories.offering(centre)
    factories.member(foods, "buyer", "finance", email="chen@foods.example.test")
    factories.member(hongshan.organisation, "operations", "finance", email="bao@hongshan.example.test")
    factories.member(platform, "finance", email="li@platform.example.test")
    scopes = ("usage.report", "contracts.view", "contracts.deliver", "settlements.view")
    token = factories.api_token(hongshan.organisation, *scopes)

    with time_machine.travel(shanghai(10, 9), tick=False):
        order_number = _order(Person("chen@foods.example.test"), host)
        pools = {pool.resource: pool.allocated for pool in centre.pools.all()}
    assert pools == {"vcpu": 6, "ram_gib": 12}, "three hosts of 2 vCPU and 4 GiB are held"

    with time_machine.travel(shanghai(10, 10), tick=False):
        monthly, metered = _deliver(Machine(token), Person("bao@hongshan.example.test"))

    with time_machine.travel(shanghai(10, 10, 16), tick=False):
        _accept(Person("chen@foods.example.test"), monthly, metered)

    with time_machine.travel(shanghai(11, 1, 12), tick=False):
        _report_usage(Machine(token), metered)
        pipeline.advance(now=shanghai(11, 1, 12))
        assert "FP-2026" not in Person("chen@foods.example.test").open("/buyer/invoices/").text, "grace still runs"

    with time_machine.travel(shanghai(11, 2, 9), tick=False):
        pipeline.advance(now=shanghai(11, 2, 9))
        buyer = Person("chen@foods.example.test").open("/buyer/invoices/").sees("FP-2026-000001", "451.78")
        buyer.open("/buyer/invoices/FP-2026-000001/").sees("271.71", "123.54", "30.96", "426.21", "25.57", "451.78")

    _pay("200.00", day=5, reference="ICBC-1105-77")
    with time_machine.travel(shanghai(11, 5), tick=False):
        Person("chen@foods.example.test").open("/buyer/invoices/FP-2026-000001/").sees("200.00", "251.78")
    _pay("251.78", day=20, reference="ICBC-1120-12")

    with time_machine.travel(shanghai(12, 1, 9), tick=False):
        pipeline.advance(now=shanghai(12, 1, 9))
        _settle()
        provider = Person("bao@hongshan.example.test").open("/provider/settlements/JS-202611-0001/")
        provider.sees("451.78", "9.04", "0.54", "442.20", "HSBC-PAYOUT-1")
        assert Machine(token).get("settlements/JS-202611-0001")["net_minor"] == 44220
        _export()

    with time_machine.travel(shanghai(12, 1, 10), tick=False):
        before = {stage: 0 for stage, _ in pipeline.STAGES}
        assert pipeline.advance(now=shanghai(12, 1, 10)) == before, "running the period again changes nothing"
        Person("chen@foods.example.test").open(f"/buyer/orders/{order_number}/").sees(monthly, metered)


def _order(buyer: Person, host: object) -> str:
    """Two plans of one offering on the purchase list, then the order."""
    for plan, quantity, months in (("monthly", 2, 12), ("metered", 1, 1)):
        chosen = {"plan": factories.plan(host, plan).pk, "quantity": quantity, "term_months": months}
        buyer.open(host.get_absolute_url() + f"?plan={chosen['plan']}&quantity={quantity}&term_months={months}")
        buyer.post("/basket/add/", chosen)
    buyer.open("/checkout/").submit(
        having="contact_name",
        contact_name="陈思远",
        contact_phone="0476-8330000",
        payment_method="bank_transfer",
        accepted_terms="on",
    )
    assert re.fullmatch(r"/buyer/orders/DD-[0-9A-Z]+/", buyer.address), buyer.address
    return buyer.address.split("/")[-2]


def _deliver(machine: Machine, person: Person) -> tuple[str, str]:
    """One contract is confirmed by API, the other in the console. Returns (monthly, metered)."""
    contracts = {row["plan"]: row["number"] for row in machine.get("contracts")["results"]}
    assert set(contracts) == {"monthly", "metered"}
    machine.post(f"contracts/{contracts['monthly']}/confirm-delivery", {"resource_id": "i-0001"}, expect=200)
    person.open("/provider/deliveries/").submit(having="resource_id", at=contracts["metered"], resource_id="i-0002")
    assert machine.get(f"contracts/{contracts['metered']}")["status"] == "pending", "the buyer looks at it first"
    return contracts["monthly"], contracts["metered"]


def _accept(buyer: Person, *numbers: str) -> None:
    """The buyer accepts each on its page; it is active from then on."""
    for number in numbers:
        buyer.open(f"/buyer/contracts/{number}/").submit(having="accepted_quantity")
        buyer.open("/buyer/contracts/?status=active").sees(number)


def _report_usage(machine: Machine, contract: str) -> None:
    """October's use on either side of midnight, one bad event, and the whole batch once more."""
    events = [
        event(contract, 1, "vcpu_hours", "1000.25", "2026-10-10T00:00:00+08:00"),
        event(contract, 2, "vcpu_hours", "0.25", "2026-10-31T23:59:59.999999+08:00"),
        event(contract, 3, "gib_hours", "2001.000001", "2026-10-31T15:59:59Z"),
        event(contract, 4, "vcpu_hours", "77", "2026-11-01T00:00:00+08:00"),  # November's
        event("HT-NOBODYS", 5, "vcpu_hours", "1", "2026-10-20T00:00:00Z"),
    ]
    answer = machine.post("usage/events", events, expect=200, content_type=BATCH)
    assert [one["status"] for one in answer["events"]] == ["accepted"] * 4 + ["rejected"]
    again = machine.post("usage/events", events, expect=200, content_type=BATCH)
    assert [one["status"] for one in again["events"]] == ["duplicate"] * 4 + ["rejected"]


def _pay(amount: str, *, day: int, reference: str) -> None:
    """Finance confirms a transfer that stands on the bank statement."""
    with time_machine.travel(shanghai(11, day, 15), tick=False):
        finance = Person("li@platform.example.test").open("/finance/invoices/FP-2026-000001/")
        finance.submit(
            having="bank_reference", amount=amount, bank_reference=reference, received_at=f"2026-11-{day:02d}"
        )
        finance.sees(reference)


def _settle() -> None:
    """Finance approves the settlement and records the payout."""
    finance = Person("li@platform.example.test").open("/finance/settlements/?month=2026-11")
    finance.sees("JS-202611-0001", "451.78", "442.20").open("/finance/settlements/JS-202611-0001/")
    finance.post("/finance/settlements/JS-202611-0001/approve/", {})
    finance.submit(having="bank_reference", bank_reference="HSBC-PAYOUT-1")


def _export() -> None:
    """The settlement's lines as CSV and XLSX say what the page says."""
    finance = Person("li@platform.example.test")
    for file_format in ("csv", "xlsx"):
        finance.open("/finance/settlements/JS-202611-0001/").submit(having="kind", format=file_format)
    pipeline.advance(now=shanghai(12, 1, 9))
    numbers = sorted(
        set(re.findall(r"/finance/exports/([0-9A-Z-]+)/download/", finance.open("/finance/exports/").text))
    )
    files = [finance.client.get(f"/finance/exports/{number}/download/") for number in numbers]
    assert len(files) == 2
    for file in files:
        content = b"".join(file.streaming_content)
        amounts = _read_csv(content) if content.startswith(b"\xef\xbb\xbf") else _read_xlsx(content)
        assert sum(amounts) == 45178, "to the fen, in both files"


def _read_csv(content: bytes) -> list[int]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    column = next(place for place, title in enumerate(rows[0]) if title == "已收款")
    assert len(rows) == 1 + 6, "three invoice lines, paid in two parts"
    return [round(float(row[column]) * 100) for row in rows[1:]]


def _read_xlsx(content: bytes) -> list[int]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = list(sheet.iter_rows(values_only=True))
    column = next(place for place, title in enumerate(rows[0]) if title == "已收款")
    amounts = [round(row[column] * 100) for row in rows[1:]]
    assert amounts[-1] == sum(amounts[:-1]), "the total row is the sum"
    return amounts[:-1]
