"""Who gets what at every address: role × address × method, complete. An address that is not listed fails.

The documents in the addresses belong to the buyer 草原食品 (foods) and the provider 红山云 (hongshan), so that
the columns bureau and songmo show what another organisation sees of them: 404, as if they did not exist. 403 is
one's own side without the role, or another side's page; 302 sends a visitor to the log-in page, or is the
page after a form. 422 is a form sent empty by someone who may send it; 405 a method that is not for anyone.
"""

import copy
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from billing.metering.models import UsageEvent
from tests.security import world as worlds

# name of the address | what fills it | method | visitor foods bureau hongshan songmo officer finance
PAGES = """
theme                      |                 | GET  | 405 405 405 405 405 405 405
theme                      |                 | POST | 302 302 302 302 302 302 302
set_language               |                 | GET  | 302 302 302 302 302 302 302
set_language               |                 | POST | 302 302 302 302 302 302 302
home                       |                 | GET  | 302 302 302 302 302 302 302
home                       |                 | POST | 405 405 405 405 405 405 405
catalogue                  |                 | GET  | 200 200 200 200 200 200 200
catalogue                  |                 | POST | 405 405 405 405 405 405 405
catalogue_csv              |                 | GET  | 200 200 200 200 200 200 200
catalogue_csv              |                 | POST | 405 405 405 405 405 405 405
catalogue_xlsx             |                 | GET  | 200 200 200 200 200 200 200
catalogue_xlsx             |                 | POST | 405 405 405 405 405 405 405
offering                   | offering        | GET  | 200 200 200 200 200 200 200
offering                   | offering        | POST | 405 405 405 405 405 405 405
offering_version           | version         | GET  | 200 200 200 200 200 200 200
offering_version           | version         | POST | 405 405 405 405 405 405 405
compare                    |                 | GET  | 200 200 200 200 200 200 200
compare                    |                 | POST | 405 405 405 405 405 405 405
compare_xlsx               |                 | GET  | 302 302 302 302 302 302 302
compare_xlsx               |                 | POST | 405 405 405 405 405 405 405
compare_tray               |                 | GET  | 405 405 405 405 405 405 405
compare_tray               |                 | POST | 302 302 302 302 302 302 302
estimate                   |                 | GET  | 200 200 200 200 200 200 200
estimate                   |                 | POST | 405 405 405 405 405 405 405
estimate_xlsx              |                 | GET  | 302 302 302 302 302 302 302
estimate_xlsx              |                 | POST | 405 405 405 405 405 405 405
save_estimate              |                 | GET  | 405 405 405 405 405 405 405
save_estimate              |                 | POST | 302 302 302 302 302 302 302
kept_estimate              | estimate        | GET  | 200 200 200 200 200 200 200
kept_estimate              | estimate        | POST | 405 405 405 405 405 405 405
reports                    |                 | GET  | 302 200 200 403 403 200 403
reports                    |                 | POST | 405 405 405 405 405 405 405
make_report                |                 | GET  | 405 405 405 405 405 405 405
make_report                |                 | POST | 302 302 302 403 403 302 403
report                     | report          | GET  | 302 200 404 403 403 404 403
report                     | report          | POST | 405 405 405 405 405 405 405
report_xlsx                | report          | GET  | 302 200 404 403 403 404 403
report_xlsx                | report          | POST | 405 405 405 405 405 405 405
recommended                |                 | GET  | 200 200 200 200 200 200 200
recommended                |                 | POST | 405 405 405 405 405 405 405
recommended_editions       |                 | GET  | 200 200 200 200 200 200 200
recommended_editions       |                 | POST | 405 405 405 405 405 405 405
recommended_edition        | edition         | GET  | 200 200 200 200 200 200 200
recommended_edition        | edition         | POST | 405 405 405 405 405 405 405
recommended_compare        | edition         | GET  | 200 200 200 200 200 200 200
recommended_compare        | edition         | POST | 405 405 405 405 405 405 405
recommended_file           | edition_file    | GET  | 200 200 200 200 200 200 200
recommended_file           | edition_file    | POST | 405 405 405 405 405 405 405
adviser                    |                 | GET  | 200 200 200 200 200 200 200
adviser                    |                 | POST | 405 405 405 405 405 405 405
adviser_rules              |                 | GET  | 302 403 403 403 403 200 403
adviser_rules              |                 | POST | 302 403 403 403 403 422 403
health                     |                 | GET  | 200 200 200 200 200 200 200
health                     |                 | POST | 405 405 405 405 405 405 405
login                      |                 | GET  | 200 200 200 200 200 200 200
login                      |                 | POST | 200 200 200 200 200 200 200
logout                     |                 | GET  | 405 405 405 405 405 405 405
logout                     |                 | POST | 302 302 302 302 302 302 302
switch_organisation        |                 | GET  | 405 405 405 405 405 405 405
switch_organisation        |                 | POST | 302 404 404 404 404 404 404
buyer:orders               |                 | GET  | 302 200 200 403 403 403 403
buyer:orders               |                 | POST | 405 405 405 405 405 405 405
buyer:order                | order           | GET  | 302 200 404 403 403 403 403
buyer:order                | order           | POST | 405 405 405 405 405 405 405
buyer:approvals            |                 | GET  | 302 200 200 403 403 403 403
buyer:approvals            |                 | POST | 405 405 405 405 405 405 405
buyer:approval             | approval        | GET  | 302 200 404 403 403 403 403
buyer:approval             | approval        | POST | 302 422 404 403 403 403 403
buyer:contracts            |                 | GET  | 302 200 200 403 403 403 403
buyer:contracts            |                 | POST | 405 405 405 405 405 405 405
buyer:contract             | contract        | GET  | 302 200 404 403 403 403 403
buyer:contract             | contract        | POST | 405 405 405 405 405 405 405
buyer:end_contract         | contract        | GET  | 405 405 405 405 405 405 405
buyer:end_contract         | contract        | POST | 302 302 404 403 403 403 403
buyer:invoices             |                 | GET  | 302 200 200 403 403 403 403
buyer:invoices             |                 | POST | 405 405 405 405 405 405 405
buyer:invoice              | invoice         | GET  | 302 200 404 403 403 403 403
buyer:invoice              | invoice         | POST | 405 405 405 405 405 405 405
buyer:balance              |                 | GET  | 302 200 200 403 403 403 403
buyer:balance              |                 | POST | 405 405 405 405 405 405 405
provider:deliveries        |                 | GET  | 302 403 403 200 200 403 403
provider:deliveries        |                 | POST | 405 405 405 405 405 405 405
provider:deliver           | waiting         | GET  | 405 405 405 405 405 405 405
provider:deliver           | waiting         | POST | 302 403 403 422 404 403 403
provider:contracts         |                 | GET  | 302 403 403 200 200 403 403
provider:contracts         |                 | POST | 405 405 405 405 405 405 405
provider:contract          | contract        | GET  | 302 403 403 200 404 403 403
provider:contract          | contract        | POST | 405 405 405 405 405 405 405
provider:suspend           | contract        | GET  | 405 405 405 405 405 405 405
provider:suspend           | contract        | POST | 302 403 403 422 404 403 403
provider:resume            | contract        | GET  | 405 405 405 405 405 405 405
provider:resume            | contract        | POST | 302 403 403 409 404 403 403
provider:settlements       |                 | GET  | 302 403 403 200 200 403 403
provider:settlements       |                 | POST | 405 405 405 405 405 405 405
provider:settlement        | settlement      | GET  | 302 403 403 200 404 403 403
provider:settlement        | settlement      | POST | 405 405 405 405 405 405 405
provider:prices            | prices          | GET  | 302 403 403 200 404 403 403
provider:prices            | prices          | POST | 405 405 405 405 405 405 405
provider:price_draft       | prices          | GET  | 302 403 403 200 404 403 403
provider:price_draft       | prices          | POST | 302 403 403 422 404 403 403
provider:price_agree       | prices          | GET  | 302 403 403 200 404 403 403
provider:price_agree       | prices          | POST | 302 403 403 422 404 403 403
provider:price_announce    | price_version   | GET  | 405 405 405 405 405 405 405
provider:price_announce    | price_version   | POST | 302 403 403 422 404 403 403
provider:price_call_off    | price_version   | GET  | 405 405 405 405 405 405 405
provider:price_call_off    | price_version   | POST | 302 403 403 302 404 403 403
provider:exports           |                 | GET  | 302 403 403 200 200 403 403
provider:exports           |                 | POST | 302 403 403 422 422 403 403
provider:export            | provider_export | GET  | 302 403 403 302 404 403 403
provider:export            | provider_export | POST | 405 405 405 405 405 405 405
provider:export_download   | provider_export | GET  | 302 403 403 200 404 403 403
provider:export_download   | provider_export | POST | 405 405 405 405 405 405 405
provider:usage             |                 | GET  | 302 403 403 200 200 403 403
provider:usage             |                 | POST | 302 403 403 422 422 403 403
provider:usage_template    |                 | GET  | 302 403 403 200 200 403 403
provider:usage_template    |                 | POST | 405 405 405 405 405 405 405
provider:usage_import      | import          | GET  | 302 403 403 200 404 403 403
provider:usage_import      | import          | POST | 405 405 405 405 405 405 405
provider:listing_imports   |                 | GET  | 302 403 403 200 200 403 403
provider:listing_imports   |                 | POST | 302 403 403 422 422 403 403
provider:listing_import    | listing_import  | GET  | 302 403 403 200 404 403 403
provider:listing_import    | listing_import  | POST | 302 403 403 404 404 403 403
provider:listing_problems  | listing_import  | GET  | 302 403 403 200 404 403 403
provider:listing_problems  | listing_import  | POST | 405 405 405 405 405 405 405
provider:listing_template  | xlsx            | GET  | 302 403 403 200 200 403 403
provider:listing_template  | xlsx            | POST | 405 405 405 405 405 405 405
provider:listing_export    | csv             | GET  | 302 403 403 200 200 403 403
provider:listing_export    | csv             | POST | 405 405 405 405 405 405 405
provider:api_keys          |                 | GET  | 302 403 403 200 200 403 403
provider:api_keys          |                 | POST | 302 403 403 422 422 403 403
provider:api_key_revoke    | key             | GET  | 405 405 405 405 405 405 405
provider:api_key_revoke    | key             | POST | 302 403 403 302 404 403 403
officer:catalogue          |                 | GET  | 302 403 403 403 403 200 403
officer:catalogue          |                 | POST | 405 405 405 405 405 405 405
officer:criteria           |                 | GET  | 302 403 403 403 403 200 403
officer:criteria           |                 | POST | 302 403 403 403 403 422 403
officer:edition_open       |                 | GET  | 405 405 405 405 405 405 405
officer:edition_open       |                 | POST | 302 403 403 403 403 422 403
officer:edition            | draft_edition   | GET  | 302 403 403 403 403 200 403
officer:edition            | draft_edition   | POST | 405 405 405 405 405 405 405
officer:edition_evaluate   | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_evaluate   | draft_edition   | POST | 302 403 403 403 403 302 403
officer:edition_decide     | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_decide     | draft_edition   | POST | 302 403 403 403 403 422 403
officer:edition_send       | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_send       | draft_edition   | POST | 302 403 403 403 403 302 403
officer:edition_sign       | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_sign       | draft_edition   | POST | 302 403 403 403 403 422 403
officer:edition_publish    | draft_edition   | GET  | 405 405 405 405 405 405 405
officer:edition_publish    | draft_edition   | POST | 302 403 403 403 403 409 403
provider:listings          |                 | GET  | 302 403 403 200 200 403 403
provider:listings          |                 | POST | 405 405 405 405 405 405 405
provider:listing_new       |                 | GET  | 302 403 403 200 200 403 403
provider:listing_new       |                 | POST | 302 403 403 422 422 403 403
provider:listing           | code            | GET  | 302 403 403 200 404 403 403
provider:listing           | code            | POST | 405 405 405 405 405 405 405
provider:listing_edit      | code            | GET  | 302 403 403 302 404 403 403
provider:listing_edit      | code            | POST | 302 403 403 302 404 403 403
provider:listing_draft     | code            | GET  | 405 405 405 405 405 405 405
provider:listing_draft     | code            | POST | 302 403 403 302 404 403 403
provider:listing_submit    | code            | GET  | 405 405 405 405 405 405 405
provider:listing_submit    | code            | POST | 302 403 403 302 404 403 403
provider:listing_withdraw  | code            | GET  | 405 405 405 405 405 405 405
provider:listing_withdraw  | code            | POST | 302 403 403 422 404 403 403
operator:listings          |                 | GET  | 302 403 403 403 403 403 403
operator:listings          |                 | POST | 405 405 405 405 405 405 405
operator:listing           | code            | GET  | 302 403 403 403 403 403 403
operator:listing           | code            | POST | 405 405 405 405 405 405 405
operator:listing_take      | code            | GET  | 405 405 405 405 405 405 405
operator:listing_take      | code            | POST | 302 403 403 403 403 403 403
operator:listing_return    | code            | GET  | 405 405 405 405 405 405 405
operator:listing_return    | code            | POST | 302 403 403 403 403 403 403
operator:listing_publish   | code            | GET  | 405 405 405 405 405 405 405
operator:listing_publish   | code            | POST | 302 403 403 403 403 403 403
operator:listing_freeze    | code            | GET  | 405 405 405 405 405 405 405
operator:listing_freeze    | code            | POST | 302 403 403 403 403 403 403
operator:listing_lift      | code            | GET  | 405 405 405 405 405 405 405
operator:listing_lift      | code            | POST | 302 403 403 403 403 403 403
finance:dashboard          |                 | GET  | 302 403 403 403 403 403 200
finance:dashboard          |                 | POST | 405 405 405 405 405 405 405
finance:settlements        |                 | GET  | 302 403 403 403 403 403 200
finance:settlements        |                 | POST | 405 405 405 405 405 405 405
finance:settlement         | settlement      | GET  | 302 403 403 403 403 403 200
finance:settlement         | settlement      | POST | 405 405 405 405 405 405 405
finance:settlement_approve | settlement      | GET  | 405 405 405 405 405 405 405
finance:settlement_approve | settlement      | POST | 302 403 403 403 403 403 302
finance:settlement_pay     | settlement      | GET  | 405 405 405 405 405 405 405
finance:settlement_pay     | settlement      | POST | 302 403 403 403 403 403 422
finance:exports            |                 | GET  | 302 403 403 403 403 403 200
finance:exports            |                 | POST | 302 403 403 403 403 403 422
finance:export             | finance_export  | GET  | 302 403 403 403 403 403 302
finance:export             | finance_export  | POST | 405 405 405 405 405 405 405
finance:export_download    | finance_export  | GET  | 302 403 403 403 403 403 200
finance:export_download    | finance_export  | POST | 405 405 405 405 405 405 405
finance:invoices           |                 | GET  | 302 403 403 403 403 403 200
finance:invoices           |                 | POST | 405 405 405 405 405 405 405
finance:invoice            | invoice         | GET  | 302 403 403 403 403 403 200
finance:invoice            | invoice         | POST | 405 405 405 405 405 405 405
finance:invoice_confirm    | invoice         | GET  | 405 405 405 405 405 405 405
finance:invoice_confirm    | invoice         | POST | 302 403 403 403 403 403 422
finance:payments           |                 | GET  | 302 403 403 403 403 403 200
finance:payments           |                 | POST | 405 405 405 405 405 405 405
finance:top_up             |                 | GET  | 405 405 405 405 405 405 405
finance:top_up             |                 | POST | 302 403 403 403 403 403 422
finance:balances           |                 | GET  | 302 403 403 403 403 403 200
finance:balances           |                 | POST | 405 405 405 405 405 405 405
basket:summary             |                 | GET  | 302 200 200 403 403 403 403
basket:summary             |                 | POST | 405 405 405 405 405 405 405
basket:add-offering        |                 | GET  | 405 405 405 405 405 405 405
basket:add-offering        |                 | POST | 302 302 302 403 403 403 403
basket:add-estimate        |                 | GET  | 405 405 405 405 405 405 405
basket:add-estimate        |                 | POST | 302 302 302 403 403 403 403
basket:change-line         | line            | GET  | 405 405 405 405 405 405 405
basket:change-line         | line            | POST | 302 422 404 403 403 403 403
basket:remove-line         | line            | GET  | 405 405 405 405 405 405 405
basket:remove-line         | line            | POST | 302 302 404 403 403 403 403
checkout:index             |                 | GET  | 302 200 302 403 403 403 403
checkout:index             |                 | POST | 302 422 302 403 403 403 403
"""

# name of the address | what fills it | method | no key, foods bureau hongshan songmo
API = """
api:usage-events           |                 | GET  | 401 405 405 405 405
api:usage-events           |                 | POST | 401 403 403 415 415
api:usage-imports          |                 | GET  | 401 403 403 200 200
api:usage-imports          |                 | POST | 401 403 403 422 422
api:usage-import           | import          | GET  | 401 403 403 200 404
api:usage-import           | import          | POST | 401 405 405 405 405
api:contracts              |                 | GET  | 401 200 200 200 200
api:contracts              |                 | POST | 401 405 405 405 405
api:contract               | contract        | GET  | 401 200 404 200 404
api:contract               | contract        | POST | 401 405 405 405 405
api:confirm-delivery       | waiting         | GET  | 401 405 405 405 405
api:confirm-delivery       | waiting         | POST | 401 403 403 415 415
api:offerings              |                 | GET  | 401 200 200 200 200
api:offerings              |                 | POST | 401 405 405 405 405
api:offering               | code            | GET  | 401 200 200 200 200
api:offering               | code            | POST | 401 405 405 405 405
api:recommended-editions   |                 | GET  | 401 200 200 200 200
api:recommended-editions   |                 | POST | 401 405 405 405 405
api:recommended-edition    | edition         | GET  | 401 200 200 200 200
api:recommended-edition    | edition         | POST | 401 405 405 405 405
api:quote                  | code            | GET  | 401 422 422 422 422
api:quote                  | code            | POST | 401 405 405 405 405
api:invoices               |                 | GET  | 401 200 200 403 403
api:invoices               |                 | POST | 401 405 405 405 405
api:invoice                | invoice         | GET  | 401 200 404 403 403
api:invoice                | invoice         | POST | 401 405 405 405 405
api:settlements            |                 | GET  | 401 403 403 200 200
api:settlements            |                 | POST | 401 405 405 405 405
api:settlement             | settlement      | GET  | 401 403 403 200 404
api:settlement             | settlement      | POST | 401 405 405 405 405
api:exports                |                 | GET  | 401 403 403 200 200
api:exports                |                 | POST | 401 403 403 415 415
api:export                 | provider_export | GET  | 401 403 403 200 404
api:export                 | provider_export | POST | 401 405 405 405 405
api:export-file            | provider_export | GET  | 401 403 403 200 404
api:export-file            | provider_export | POST | 401 405 405 405 405
api:schema                 |                 | GET  | 200 200 200 200 200
api:schema                 |                 | POST | 405 405 405 405 405
api:docs                   |                 | GET  | 200 200 200 200 200
api:docs                   |                 | POST | 405 405 405 405 405
api:root                   |                 | GET  | 404 404 404 404 404
api:root                   |                 | POST | 404 404 404 404 404
api:unknown                | rest            | GET  | 404 404 404 404 404
api:unknown                | rest            | POST | 404 404 404 404 404
"""

pytestmark = pytest.mark.django_db  # what one row does is undone before the next

ROW = tuple[str, str, str, list[int]]


def rows(table: str) -> list[ROW]:
    found = []
    for line in table.strip().splitlines():
        name, part, method, statuses = (cell.strip() for cell in line.split("|"))
        found.append((name, part, method, [int(status) for status in statuses.split()]))
    return found


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: object) -> Iterator[worlds.World]:
    """One world for all rows; everything is rolled back in the end."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield worlds.build()
        transaction.set_rollback(True)


def ask(world: worlds.World, clients: dict, who: str, row: ROW) -> int:
    """The status of one request by one of the cast. A copy of the client asks: logging out ends only the copy."""
    name, part, method, _ = row
    client, address = copy.copy(clients[who]), reverse(name, kwargs=world.parts[part] if part else None)
    client.cookies = SimpleCookie(clients[who].cookies.output(header="", sep=";"))
    with transaction.atomic():
        try:
            return getattr(client, method.lower())(address).status_code
        finally:
            transaction.set_rollback(True)


@pytest.mark.parametrize("row", rows(PAGES), ids=lambda row: f"{row[2]} {row[0]}")
def test_pages(world: worlds.World, row: ROW) -> None:
    assert [ask(world, world.people, who, row) for who in worlds.PEOPLE] == row[3]


@pytest.mark.parametrize("row", rows(API), ids=lambda row: f"{row[2]} {row[0]}")
def test_api(world: worlds.World, row: ROW) -> None:
    assert [ask(world, world.keys, who, row) for who in worlds.KEYS] == row[3]


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"


def test_every_address_is_in_the_table_with_every_method() -> None:
    """The back office has a rule of its own below."""
    existing = {name for name in addresses(get_resolver("marketplace.urls")) if not name.startswith("admin:")}
    listed = [(name, method) for name, _, method, _ in rows(PAGES) + rows(API)]
    assert {name for name, _ in listed} == existing
    assert sorted(listed) == sorted((name, method) for name in existing for method in ("GET", "POST"))


# The category tree's script of Django's own translated words: no data of ours.
WORDS_ONLY = {"/back-office/catalogue/category/jsi18n/"}


def back_office_addresses() -> list[str]:
    """Every address of the back office but its own log-in page."""
    fillings: list[dict[str, object]] = [
        {},
        {"object_id": "1"},
        {"app_label": "organisations"},
        {"url": "nothing"},
        {"content_type_id": 1, "object_id": "1"},
        {"id": "1"},
    ]
    found, left = [], []
    for name in sorted(set(addresses(get_resolver("marketplace.urls")))):
        if not name.startswith("admin:") or name in ("admin:login", "admin:None"):
            continue
        for filling in fillings:
            try:
                found.append(reverse(name, kwargs=filling))
                break
            except NoReverseMatch:
                continue
        else:
            left.append(name)
    assert left == [], "addresses that this test does not know how to fill"
    return found


def test_the_back_office_is_closed_to_everyone_but_staff(world: worlds.World) -> None:
    """All its addresses, by one rule: whoever is not staff is sent to its log-in page; from its log-out to its door."""
    found = back_office_addresses()
    assert len(found) > 100
    doors = {reverse("admin:logout"): reverse("admin:index")}
    for who in ("visitor", "hongshan", "finance"):
        client = copy.copy(world.people[who])
        answers = {address: client.get(address) for address in found}
        open_to_them = {
            address
            for address, answer in answers.items()
            if (answer.status_code, answer.headers.get("Location", "").split("?")[0])
            != (302, doors.get(address, reverse("admin:login")))
        }
        assert open_to_them <= WORDS_ONLY, who


@pytest.mark.parametrize(("who", "status", "stored"), [("hongshan", "accepted", 1), ("songmo", "rejected", 0)])
def test_a_key_reports_usage_for_its_own_contracts_only(
    world: worlds.World, who: str, status: str, stored: int
) -> None:
    """Another provider's contract is answered in the words for one that does not exist."""
    event = {
        "specversion": "1.0",
        "type": "cloud.usage.v1",
        "source": "/meters/1",
        "id": "e1",
        "subject": world.sent["contract"],
        "time": "2026-10-20T00:00:00Z",
        "data": {"meter": "vcpu_hours", "quantity": "1"},
    }
    answers = [
        world.keys[who]
        .post(
            reverse("api:usage-events"),
            [{**event, "subject": subject}],
            content_type="application/cloudevents-batch+json",
        )
        .json()["events"][0]
        for subject in (world.sent["contract"], "HT-NOBODYS23")
    ]
    assert answers[0]["status"] == status
    assert UsageEvent.objects.count() == stored
    if not stored:
        assert answers[0] == answers[1]
