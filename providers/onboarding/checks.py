"""What a machine checks of an application: errors that block, warnings for the reviewer."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from billing.rules import uscc
from marketplace.organisations.models import Organisation
from providers.documents.models import Document
from providers.onboarding import qualifications
from providers.onboarding.findings import Finding
from providers.onboarding.models import Application, StandardCommission

# Catalogue of telecom services (电信业务分类目录, 2015): B11 covers data centres and 互联网资源协作服务, which is what
# IaaS and PaaS are licensed as; networks are B12–B14. Software alone needs none.
LICENSED_SERVICES: Final = frozenset({"iaas", "paas", "network"})
SOON: Final = timedelta(days=60)
# As issued: B1-20261234 nation-wide, 蒙B1-20261234 in one region, A2.B1.B2-20261234 for several kinds.
TELECOM_NUMBER: Final = re.compile(r"[\u4e00-\u9fff]?(?:[AB][12]\.)*[AB][12]-\d{8}")


def needs_telecom_licence(*, application: Application) -> bool:
    """As the operator has decided for this case, else as the services say."""
    if application.is_telecom_required is not None:
        return application.is_telecom_required
    return not LICENSED_SERVICES.isdisjoint(application.services)


def run(*, application: Application, on: date) -> list[Finding]:
    """Everything that is wrong or missing on a day, errors first."""
    found = [
        *_check_identity(application),
        *_check_licence(application, on),
        *_check_telecom(application, on),
        *_check_documents(application),
        *_check_rest(application, on),
    ]
    return sorted(found, key=lambda one: not one.is_error)


def _check_identity(application: Application) -> Iterator[Finding]:
    organisation = application.organisation
    if uscc.organisation_class(organisation.uscc) not in (uscc.ENTERPRISE, uscc.COLLECTIVE, uscc.COOPERATIVE):
        yield Finding("code.class", "code")
    if Organisation.objects.filter(name=organisation.name).exclude(pk=organisation.pk).exists():
        yield Finding("name.taken", "name")
    if not application.legal_representative:
        yield Finding("representative.missing", "legal_representative")
    if not application.address:
        yield Finding("address.missing", "address")
    if application.county_id is None:
        yield Finding("county.missing", "county")


def _check_licence(application: Application, on: date) -> Iterator[Finding]:
    if application.business_licence_id is None:
        yield Finding("licence.missing", "business_licence")
    end = application.licence_valid_until
    if end is None and not application.licence_is_long_term:
        yield Finding("licence.no_end", "licence_valid_until")
    if end is not None:
        yield from _check_end(end, on, kind="licence", field="licence_valid_until")


def _check_telecom(application: Application, on: date) -> Iterator[Finding]:
    has_any = application.telecom_licence_id is not None or bool(application.telecom_number)
    if not has_any and not needs_telecom_licence(application=application):
        return
    if application.telecom_licence_id is None:
        yield Finding("telecom.missing", "telecom_licence")
    if not application.telecom_number:
        yield Finding("telecom.no_number", "telecom_number")
    elif not TELECOM_NUMBER.fullmatch(application.telecom_number):
        yield Finding("telecom.number_form", "telecom_number")
    if application.telecom_valid_until is None:
        yield Finding("telecom.no_end", "telecom_valid_until")
    else:
        yield from _check_end(application.telecom_valid_until, on, kind="telecom", field="telecom_valid_until")


def _check_end(end: date, on: date, *, kind: str, field: str) -> Iterator[Finding]:
    if end < on:
        yield Finding(f"{kind}.expired", field, {"day": end.isoformat()})
    elif end - on <= SOON:
        yield Finding(f"{kind}.ends_soon", field, {"day": end.isoformat()})


def _check_documents(application: Application) -> Iterator[Finding]:
    for name in ("business_licence", "telecom_licence"):
        document = getattr(application, name)
        if document is None:
            continue
        others = Document.objects.filter(sha256=document.sha256).exclude(organisation_id=application.organisation_id)
        if others.exists():
            yield Finding("document.used", name)


def _check_rest(application: Application, on: date) -> Iterator[Finding]:
    if not application.services:
        yield Finding("services.missing", "services")
    if not application.contact_name or not application.contact_phone:
        yield Finding("contact.missing", "contact_name")
    standard: StandardCommission | None = qualifications.standard_commission(on=on)
    if application.requested_rate is not None and standard and application.requested_rate < standard.commission_rate:
        params = {
            "rate": f"{application.requested_rate * 100:.2f}",
            "standard": f"{standard.commission_rate * 100:.2f}",
        }
        yield Finding("rate.below", "requested_rate", params)
