"""A notice is told once, to those whom it concerns, in their language, and mailed until it was."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.utils import translation
from django.utils.translation import gettext_noop

from marketplace.organisations import actors, notices
from marketplace.organisations.models import Notice, Organisation
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
TEXT = gettext_noop("No notices yet")  # any sentence with a translation


@pytest.fixture
def foods() -> Organisation:
    organisation = factories.foods()
    for name, role in (("fang", "buyer"), ("ma", "finance"), ("old", "buyer")):
        person = factories.member(organisation, role, email=f"{name}@foods.example")
        person.is_active = name != "old"
        person.save()
    return organisation


def tell(organisation: Organisation, *, key: str = "delivery:1", permission: str = "orders.place") -> None:
    notices.notify(
        organisation_id=organisation.pk,
        key=key,
        permission=permission,
        text=TEXT,
        values={},
        path="/orders/",
        now=NOW,
    )


def test_the_same_key_tells_once(foods: Organisation) -> None:
    tell(foods)
    tell(foods)
    assert Notice.objects.count() == 1


def test_only_those_whom_it_concerns_are_mailed_and_once(foods: Organisation) -> None:
    tell(foods)
    assert notices.mail_pending(now=NOW, limit=10) == 1
    assert [one.to for one in mail.outbox] == [["fang@foods.example"]]  # not finance, not who has left
    assert notices.mail_pending(now=NOW, limit=10) == 0
    assert len(mail.outbox) == 1


def test_a_notice_waits_for_the_mail_server(foods: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(foods)

    def refuse(**_options: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as down:
        down.setattr(mail, "get_connection", refuse)
        with pytest.raises(ConnectionRefusedError):
            notices.mail_pending(now=NOW, limit=10)
    assert not mail.outbox
    assert notices.mail_pending(now=NOW, limit=10) == 1
    assert len(mail.outbox) == 1


def test_each_reader_has_it_in_their_language(foods: Organisation) -> None:
    tell(foods)
    notice = Notice.objects.get()
    with translation.override("en"):
        assert notices.sentence(notice=notice) == "No notices yet"
    with translation.override("zh-hans"):
        assert notices.sentence(notice=notice) == "还没有通知"


def test_a_page_shows_what_concerns_its_reader_only(foods: Organisation) -> None:
    tell(foods)
    tell(foods, key="invoice:1", permission="payments.view")
    tell(factories.bureau(), key="other")
    buyer = actors.Actor(side="buyer", roles=frozenset({"buyer"}), organisation_id=foods.pk)
    assert [one.key for one in notices.list_notices(actor=buyer)] == ["delivery:1"]


def test_an_unknown_permission_is_a_bug(foods: Organisation) -> None:
    with pytest.raises(KeyError):
        tell(foods, permission="orders.dream")
