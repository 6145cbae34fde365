"""Two buyers, two providers and the platform, with one document of every kind that belongs to 草原食品 and 红山云."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from standardwebhooks import Webhook

from billing.contracts import alerts as alert_door
from billing.contracts import sla
from billing.exports import operations as exports
from billing.metering import imports
from billing.rules.periods import Month
from billing.settlement import operations as settlement
from billing.settlement.models import Settlement
from listings.comparison import queries as comparisons
from listings.comparison import scoring
from listings.exchange import operations as listing_imports
from marketplace.organisations.models import ApiKey
from marketplace.procurement import estimates
from marketplace.procurement import operations as procurement
from marketplace.procurement.models import Approval
from marketplace.shop.basket import operations as baskets
from providers.capacity import planning
from providers.documents import operations as documents
from providers.evidence import alerts, energy, mlps
from providers.onboarding import operations as onboarding
from providers.onboarding import payout, recognition
from providers.provisioning import machines
from providers.provisioning import operations as provisioning
from providers.service import operations as incidents
from providers.service import probing
from providers.webhooks import kinds
from providers.webhooks import operations as webhooks
from providers.webhooks.models import WebhookMessage
from tests import editions, factories, receipts, reviews
from tests.providers.documents import files
from tests.providers.onboarding import applicants
from tests.security import bank_accesses, corrections, payment_accesses

NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
PEOPLE = ("visitor", "foods", "bureau", "hongshan", "songmo", "officer", "finance")
KEYS = ("nobody", "foods", "bureau", "hongshan", "songmo")
SCOPES = {
    "buyer": ("contracts.view", "invoices.view"),
    "provider": (
        "contracts.view",
        "contracts.deliver",
        "usage.report",
        "settlements.view",
        "exports.view",
        "exports.request",
    ),
}


@dataclass(frozen=True)
class World:
    """Clients by role, and what to put into an address."""

    users: dict[str, Any]
    people: dict[str, Client]
    keys: dict[str, Client]
    parts: dict[str, dict[str, Any]]
    sent: dict[str, Any]


def build() -> World:
    platform, hongshan, songmo = factories.platform(), factories.hongshan(), factories.songmo()
    foods, bureau = factories.foods(), factories.bureau()
    host = factories.offering(factories.data_centre(hongshan))
    contract = factories.contract(foods, host, plan_code="metered")
    waiting = factories.contract(foods, host, start=None)
    Approval.objects.create(
        organisation=foods,
        order_number=waiting.order_number,
        amount_minor=22546,
        currency="CNY",
        requested_by=factories.member(foods, "buyer"),
        requested_at=factories.PLACED_AT,
    )
    invoice = receipts.invoice([(contract, 10600)])
    receipts.pay(invoice, 5300)
    settlement.settle_due(now=NOW, limit=10)
    finance = factories.actor(platform, "finance")
    runs = {
        "provider": _export(hongshan.organisation, factories.actor(hongshan.organisation, "owner")),
        "finance": _export(platform, finance),
    }
    exports.write_due(now=NOW, limit=10)
    users = {
        "foods": factories.member(foods, "owner"),
        "bureau": factories.member(bureau, "owner"),
        "hongshan": factories.member(hongshan.organisation, "owner"),
        "songmo": factories.member(songmo.organisation, "owner"),
        "officer": factories.member(platform, "officer"),
        "finance": factories.member(platform, "finance"),
    }
    line = baskets.add_offering(
        plan_id=factories.plan(host).pk,
        quantity=1,
        term_months=12,
        actor=factories.actor(foods, "owner", user=users["foods"]),
        now=NOW,
    )
    upload = imports.queue_import(
        provider_id=hongshan.pk,
        file=ContentFile(b"id,source,contract,time,meter,quantity\n", name="usage.csv"),
        file_name="usage.csv",
        actor=factories.actor(hongshan.organisation, "owner", user=users["hongshan"]),
        now=NOW,
    )
    listing_import = listing_imports.queue_import(
        partner_id=hongshan.pk,
        file=ContentFile(b"code,title\n", name="offerings.csv"),
        file_name="offerings.csv",
        is_dry_run=False,
        is_submitted=False,
        actor=factories.actor(hongshan.organisation, "owner", user=users["hongshan"]),
        now=NOW,
    )
    hooks = _endpoints(hongshan, factories.actor(hongshan.organisation, "owner", user=users["hongshan"]))
    cloud = _cloud(host, factories.actor(hongshan.organisation, "owner", user=users["hongshan"]))
    tokens = {
        "foods": factories.api_token(foods, *SCOPES["buyer"]),
        "bureau": factories.api_token(bureau, *SCOPES["buyer"]),
        "hongshan": factories.api_token(hongshan.organisation, *SCOPES["provider"]),
        "songmo": factories.api_token(songmo.organisation, *SCOPES["provider"]),
    }
    report = procurement.make_report(
        chosen=comparisons.Chosen(
            offering_ids=(host.pk, factories.offering(host.data_centre).pk),
            plan_ids=frozenset(),
            quantity=1,
            term_months=12,
            weights=scoring.PRESETS["balanced"],
        ),
        actor=factories.actor(foods, "owner", user=users["foods"]),
        now=NOW,
    )
    onboarded = _onboarding(hongshan, factories.actor(hongshan.organisation, "owner", user=users["hongshan"]))
    document = documents.keep(
        file=ContentFile(files.pdf(), name="licence.pdf"),
        kind="business_licence",
        organisation_id=hongshan.organisation_id,
        actor=factories.actor(hongshan.organisation, "owner", user=users["hongshan"]),
        now=NOW,
    )
    rules = editions.announce([{"kind": "prices_complete"}])
    edition = editions.publish(rules)
    estimate = procurement.save_estimate(
        lines=[estimates.Line(offering=str(host.pk), plan="monthly", quantity="1", term="12")],
        actor=factories.actor(foods, "owner", user=users["foods"]),
        now=NOW,
    )
    review = reviews.write(reviews.accepted(foods, host), factories.actor(foods, "owner", user=users["foods"]))
    number = {"number": contract.number}
    window, change = _planned(host.data_centre)
    incident, probe = _disturbed(host.data_centre)
    _breached(contract)
    parts = {
        "window": {"pk": window},
        "incident": {"number": incident},
        "credit": {"number": contract.number, "month": "2026-10"},
        "probe": {"number": probe},
        "incident_step": {"number": incident, "step": "update"},
        "review": {"code": review.code},
        "reviewed": {"number": review.delivery.number},
        "pool": {"code": host.data_centre.code, "resource": "vcpu"},
        "pool_change": {"code": host.data_centre.code, "resource": "vcpu", "pk": change},
        "offering": {"pk": host.pk, "slug": host.slug},
        "report": {"number": report.number},
        "prices": {"code": host.code},
        "price_version": {"code": host.code, "version": 1},
        "estimate": {"token": estimate.token},
        "order": {"number": contract.order_number},
        "approval": {"number": waiting.order_number},
        "contract": number,
        "change": {**number, "kind": "renew"},
        "waiting": {"number": waiting.number},
        "delivery_step": {"number": waiting.number, "step": "confirm"},
        "invoice": {"number": invoice.number},
        **corrections.of_invoice(invoice, now=NOW),
        "settlement": {"number": Settlement.objects.get().number},
        "provider_export": {"number": runs["provider"]},
        "finance_export": {"number": runs["finance"]},
        "import": {"number": upload.number},
        "listing_import": {"number": listing_import.number},
        "xlsx": {"format": "xlsx"},
        "csv": {"format": "csv"},
        "key": {"prefix": ApiKey.objects.filter(organisation=hongshan.organisation)[0].prefix},
        "line": {"line_id": line.pk},
        "code": {"code": host.code},
        **onboarded,
        **payment_accesses.parts(invoice, NOW),
        **bank_accesses.parts(finance, NOW),
        "licence": {"kind": "business-licence"},
        "document": {"number": document.number},
        "edition": {"number": edition.number},
        "edition_file": {"number": edition.number, "file_format": "csv"},
        "draft_edition": {"edition_id": editions.open_edition(rules).pk},
        "version": {"pk": host.pk, "slug": host.slug, "number": 1},
        **_proof(host, users),
        "webhook": {"number": hooks[0].number},
        "webhook_off": {"number": hooks[1].number},
        "webhook_message": {"number": WebhookMessage.objects.get(endpoint=hooks[0]).number},
        "connection": {"number": cloud.number},
        "machines": {"number": "HT-CLOUD23456"},
        "rest": {"rest": "v1/nothing"},
    }
    return World(
        users=users,
        people={name: _logged_in(users.get(name)) for name in PEOPLE},
        keys={name: _with_key(tokens.get(name)) for name in KEYS},
        parts=parts,
        sent={"contract": contract.number},
    )


def _proof(host: Any, users: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A data centre with a system, readings and a claim; a source with an alert about another provider."""
    centre = host.data_centre
    owner = factories.actor(centre.partner.organisation, "owner", user=users["hongshan"])
    system = mlps.grade_system(data_centre=centre, name="云平台", level=3, actor=owner, now=NOW)
    months = [energy.Given(Month(2026, month), Decimal(1310), Decimal(1000)) for month in range(8, 11)]
    energy.record_readings(data_centre=centre, readings=months, actor=owner, now=NOW)
    opened = alerts.open_source(name="预警平台", actor=editions.operator(), now=NOW)
    other = factories.offering(factories.data_centre(factories.provider(name="另一家供应方")))
    data = {"severity": "high", "title": "漏洞", "provider": other.partner.organisation.uscc}
    body = json.dumps({"type": "alert.raised", "data": data})
    taken = alert_door.take_alert(
        body=body.encode(),
        message_id="msg_1",
        timestamp=str(int(NOW.timestamp())),
        signature=Webhook(opened.secret).sign("msg_1", NOW, body),
        now=NOW,
    )
    return {
        "centre": {"code": centre.code},
        "system": {"code": centre.code, "system_id": system.pk},
        "claim": {"evidence_id": editions.document(centre, "assessment", verified=False).pk},
        "alert": {"number": taken.alert.number},
        "alert_source": {"number": opened.source.number},
    }


def _planned(centre: Any) -> tuple[int, int]:
    """A window of maintenance and a change of a pool, both to come."""
    actor = factories.actor(centre.partner.organisation, "operations")
    window = planning.announce_maintenance(
        data_centre=centre,
        starts_at=NOW.replace(year=2099),
        ends_at=NOW.replace(year=2099, hour=5),
        reason="更换交换机",
        actor=actor,
        now=NOW,
    )
    change = planning.plan_change(
        pool=centre.pools.get(resource="vcpu"),
        effective_date=NOW.date().replace(year=2099),
        quantity=Decimal(5),
        reason="二期机房投产",
        actor=actor,
        now=NOW,
    )
    return window.pk, change.pk


def _breached(contract: Any) -> None:
    """October below its promise, with the credit proposed."""
    incidents.report(
        data_centre=contract.offering.data_centre,
        impact="outage",
        what="供电中断",
        starts_at=datetime(2026, 10, 10, tzinfo=UTC),
        ends_at=datetime(2026, 10, 11, tzinfo=UTC),
        actor=factories.actor(contract.provider.organisation, "operations"),
        now=NOW,
    )
    sla.propose_due(now=NOW, limit=9)


def _disturbed(centre: Any) -> tuple[str, str]:
    """An incident that lasts, reported by its provider, and a probe."""
    actor = factories.actor(centre.partner.organisation, "operations")
    incident = incidents.report(
        data_centre=centre,
        impact="outage",
        what="供电中断",
        starts_at=NOW,
        actor=actor,
        now=NOW,
    )
    probe = probing.register(
        data_centre=centre,
        url="https://status.example.com/",
        interval_s=300,
        failures_to_open=3,
        actor=actor,
        now=NOW,
    )
    return incident.number, probe.number


def _endpoints(partner: Any, actor: Any) -> list[Any]:
    """One that is on, with a message that waits, and one that is off."""
    hooks = [
        webhooks.add_endpoint(
            partner_id=partner.pk,
            url=f"https://hooks.example.com/{place}",
            wanted=kinds.KINDS,
            actor=actor,
            now=NOW,
        ).endpoint
        for place in range(2)
    ]
    webhooks.switch_endpoint(partner_id=partner.pk, number=hooks[1].number, is_active=False, actor=actor, now=NOW)
    with transaction.atomic():
        webhooks.announce(partner_id=partner.pk, kind=kinds.KINDS[0], object_id="HT-1", payload={}, now=NOW)
    return hooks


def _cloud(offering: Any, actor: Any) -> Any:
    """A connection, to an address where nobody is, with a blueprint and a machine that is wanted."""
    connection = provisioning.add_connection(
        partner_id=offering.partner_id,
        data_centre_code=offering.data_centre.code,
        name="红山一区",
        kind="ec2",
        url="https://cloud.invalid/",
        user="AKIAEXAMPLE",
        password="a secret key",
        actor=actor,
        now=NOW,
    )
    blueprint = provisioning.set_blueprint(
        partner_id=offering.partner_id,
        offering_code=offering.code,
        connection_number=connection.number,
        size="t3.micro",
        image="ami-1",
        meters={"vcpu_hours": "2"},
        accepts_orders=False,
        is_active=True,
        actor=actor,
        now=NOW,
    )
    machines.want(delivery_number="HT-CLOUD23456", count=2, first_index=1, made_from=blueprint, now=NOW)
    return connection


def _export(organisation: Any, actor: Any) -> str:
    run = exports.request_export(
        kind="settlement_detail",
        format="csv",
        month=Month(2026, 10),
        settlement_number="",
        organisation_id=organisation.pk,
        actor=actor,
        now=NOW,
    )
    return run.number


def _onboarding(partner: Any, owner: Any) -> dict[str, dict[str, Any]]:
    """An application, a payout account and a recognition of a provider, as addresses name them."""
    application = onboarding.begin(actor=owner, now=NOW)
    applicants.fill(application, owner)
    onboarding.submit(number=application.number, actor=owner, now=NOW)
    account = payout.enter_account(
        bank="示例银行", account_name=owner.organisation_name, number="6222000011112222", actor=owner, now=NOW
    )
    asked = recognition.apply(partner=partner, statement="示例", files=[applicants.file()], actor=owner, now=NOW)
    public_id = partner.organisation.public_id
    return {
        "application": {"number": application.number},
        "provider": {"public_id": public_id},
        "qualification": {"public_id": public_id, "qualification_id": 1},
        "account": {"account_id": account.pk},
        "recognition": {"number": asked.number},
    }


def _logged_in(user: Any) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def _with_key(token: str | None) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"} if token else {})
