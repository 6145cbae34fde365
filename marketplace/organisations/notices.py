"""Notices: one sentence to one organisation, once per key, on its page and by mail.

Rooms write a notice in the transaction of what it tells; the pipeline mails it. A mail may be sent twice if a worker
dies between sending and noting it, never lost.
"""

import logging
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.organisations import actors
from marketplace.organisations.models import Membership, Notice

logger = logging.getLogger(__name__)

PAGE_SIZE: Final = 50


def notify(
    *,
    organisation_id: int,
    key: str,
    permission: str,
    text: str,
    values: Mapping[str, str | int],
    path: str = "",
    is_urgent: bool = False,
    now: datetime,
) -> None:
    """Tell an organisation something, in the caller's transaction; telling it again under the same key does nothing.

    `text` is a source string marked with `gettext_noop`, `values` fill its placeholders; `permission` names those whom
    it concerns; `path` is where on this site they act on it.
    """
    notice = Message(organisation_id, key, permission, text, values, path, is_urgent)
    notify_each(messages=[notice], now=now)


@dataclass(frozen=True, slots=True)
class Message:
    """What one notice says, to whom; see `notify`."""

    organisation_id: int
    key: str
    permission: str
    text: str
    values: Mapping[str, str | int]
    path: str = ""
    is_urgent: bool = False


def notify_each(*, messages: Sequence[Message], now: datetime) -> None:
    """As `notify`, for several notices in one statement."""
    for one in messages:
        if one.permission not in actors.PERMISSIONS:
            raise KeyError(one.permission)
    Notice.objects.bulk_create(
        [
            Notice(
                organisation_id=one.organisation_id,
                key=one.key,
                permission=one.permission,
                text=one.text,
                values=dict(one.values),
                path=one.path,
                is_urgent=one.is_urgent,
                created_at=now,
            )
            for one in messages
        ],
        ignore_conflicts=True,
    )


def sentence(*, notice: Notice) -> str:
    """The notice in the language that is active."""
    return _(notice.text) % notice.values


def list_notices(*, actor: actors.Actor, page: int | str = 1) -> Page:
    """What concerns this person, newest first, 50 a page, in 2 queries."""
    if actor.organisation_id is None:
        raise ValueError("A notice is for an organisation.")
    permissions = [name for name in actors.PERMISSIONS if actor.can(name)]
    rows = Notice.objects.filter(organisation_id=actor.organisation_id, permission__in=permissions)
    return Paginator(rows, PAGE_SIZE).get_page(page)


def mail_pending(*, now: datetime, limit: int) -> int:
    """Mail notices that were not mailed, at most `limit`, to the members whom they concern. Returns how many."""
    done = 0
    while done < limit:
        with transaction.atomic():
            notice = (
                Notice.objects.select_for_update(of=("self",), skip_locked=True)
                .filter(mailed_at=None)
                .select_related("organisation")
                .order_by("pk")
                .first()
            )
            if notice is None:
                break
            _mail(notice)
            notice.mailed_at = now
            notice.save(update_fields=["mailed_at"])
        done += 1
    return done


def _mail(notice: Notice) -> None:
    """One message for each member whom it concerns, so that nobody sees another's address.

    A mail server that is down raises OSError, which leaves the notice for the next minute; an address that it refuses
    would be refused again, so the notice then stands on the page only.
    """
    addresses = _addresses(notice)
    if not addresses:
        return
    with translation.override(settings.LANGUAGE_CODE):
        text = sentence(notice=notice)
        body = f"{text}\n\n{_('You find it under “Notices” in your console.')}\n"
        messages = [
            mail.EmailMessage(subject=f"[{settings.OSCAR_SHOP_NAME}] {text}"[:150], body=body, to=[address])
            for address in addresses
        ]
    with mail.get_connection() as connection:
        for message in messages:
            try:
                connection.send_messages([message])
            except smtplib.SMTPRecipientsRefused:
                logger.warning("a recipient of notice %s was refused by the mail server", notice.pk)


def _addresses(notice: Notice) -> list[str]:
    holders: Mapping[str, Any] = actors.PERMISSIONS[notice.permission]
    roles = holders.get(notice.organisation.side, frozenset())
    members = Membership.objects.filter(
        organisation_id=notice.organisation_id, roles__overlap=sorted(roles), user__is_active=True
    )
    return sorted(members.values_list("user__email", flat=True))
