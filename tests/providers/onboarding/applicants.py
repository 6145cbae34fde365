"""An applicant with a complete application, and those who review it."""

from datetime import date
from typing import Any

from django.core.files.base import ContentFile

from marketplace.organisations import actors
from marketplace.organisations import queries as people
from providers.models import Partner
from providers.onboarding import operations, review
from providers.onboarding.models import Application
from tests import factories
from tests.providers.documents import files

NOW = factories.PLACED_AT
FILLED: dict[str, Any] = {
    "legal_representative": "包建华",
    "address": "赤峰市松山区科技路 1 号",
    "county": "150404",
    "services": ["iaas", "saas"],
    "licence_is_long_term": True,
    "telecom_number": "B1-20261234",
    "telecom_valid_until": date(2029, 6, 30),
    "contact_name": "包建华",
    "contact_phone": "0476-1234567",
    "contact_email": "a@example.test",
}


def register(*, name: str = "达里湖云计算有限公司", prefix: str = "91150404") -> tuple[Application, actors.Actor]:
    """A new organisation with its owner and an empty draft."""
    factories.county()
    factories.platform()
    user, application = operations.register_applicant(
        name=name,
        code=factories.credit_code(prefix=prefix),
        full_name="包建华",
        email=f"{factories.credit_code().lower()}@example.test",
        password=factories.PASSWORD,
        now=NOW,
    )
    return application, people.find_actor(user=user, organisation_id=None)


def file(data: bytes | None = None, *, name: str = "licence.pdf") -> ContentFile:
    """A file of its own: pages differ, so that no two have the same hash."""
    pages = next(factories._serial) % 150 + 1
    return ContentFile(files.pdf(pages=pages) if data is None else data, name=name)


def fill(application: Application, owner: actors.Actor, **values: Any) -> None:
    """Everything the checks ask for."""
    operations.save(number=application.number, values={**FILLED, **values}, actor=owner, now=NOW)
    for field in operations.DOCUMENT_FIELDS:
        operations.keep_document(number=application.number, field=field, file=file(), actor=owner, now=NOW)


def operator(*roles: str) -> actors.Actor:
    return factories.actor(factories.platform(), *(roles or ("operator",)))


def submitted(**values: Any) -> tuple[Application, actors.Actor]:
    application, owner = register()
    fill(application, owner, **values)
    return operations.submit(number=application.number, actor=owner, now=NOW), owner


def approved(**values: Any) -> tuple[Partner, actors.Actor]:
    """A provider that came in through the front door."""
    application, owner = submitted(**values)
    reviewer = operator()
    review.take(number=application.number, actor=reviewer, now=NOW)
    review.approve(number=application.number, actor=reviewer, now=NOW)
    return Partner.objects.get(organisation=application.organisation), owner
