"""Who may review what: the buyer of an accepted delivery, independent of its provider."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from billing.rules import periods
from listings.reviews.models import LONGEST_BODY, LONGEST_TITLE
from marketplace.organisations import actors, errors
from marketplace.organisations.models import Membership
from providers.fulfilment.models import Delivery
from providers.models import AssessorTie


class NoSuchReview(errors.NotFound):
    """No review, or no delivery that could have one, for this organisation."""


class NotAccepted(errors.Conflict):
    """Only what was accepted can be reviewed."""


class NotIndependent(errors.Refused):
    """Whoever belongs to the provider does not review it, nor judges reviews of it."""


class InvalidReview(errors.Refused):
    """A score, a title or a text is missing or too long; `field` says which."""


def require_accepted(*, delivery: Delivery) -> None:
    """Raise NotAccepted until the buyer has accepted, or has let the inspection lapse."""
    if delivery.status != Delivery.Status.COMPLETED:
        raise NotAccepted(_("Only an accepted delivery can be reviewed. Accept it first, or wait for its delivery."))


def require_independent(*, delivery: Delivery, actor: actors.Actor, now: datetime) -> None:
    """Raise NotIndependent if the buyer or its person belongs to the provider.

    A tie is that of the register of assessors (`providers.evidence`): an assessor in the provider's group, say.
    """
    provider, buyer = delivery.partner.organisation, delivery.buyer
    on = periods.civil_date(now)
    is_tied = AssessorTie.objects.filter(
        Q(end_date=None) | Q(end_date__gte=on),
        assessor__uscc=buyer.uscc,
        partner_id=delivery.partner_id,
        since_date__lte=on,
    ).exists()
    if is_tied or (provider is not None and (provider.pk == buyer.pk or is_member(actor, provider.pk))):
        raise NotIndependent(
            _("You belong to %(provider)s or are tied to it, so you cannot review it.")
            % {"provider": delivery.partner.name}
        )


def is_member(actor: actors.Actor, *organisation_ids: int | None) -> bool:
    """Whether the actor's person belongs to one of these organisations."""
    known = [one for one in organisation_ids if one is not None]
    return (
        actor.organisation_id in known
        or Membership.objects.filter(user_id=person_of(actor), organisation_id__in=known).exists()
    )


def person_of(actor: actors.Actor) -> int:
    """Who writes, flags or decides: a person, for an organisation."""
    if actor.user_id is None or actor.organisation_id is None:
        raise ValueError("Reviews are written, flagged and decided by people who act for an organisation.")
    return actor.user_id


def check_review(*, score: int, delivery_score: int, title: str, body: str) -> tuple[str, str]:
    """The trimmed title and text. Raises InvalidReview."""
    for field, given in (("score", score), ("delivery_score", delivery_score)):
        if given not in range(1, 6):
            raise InvalidReview(_("Choose a score from 1 to 5."), field=field)
    return _check_text(title, field="title", longest=LONGEST_TITLE), check_body(body, field="body")


def check_body(text: str, *, field: str) -> str:
    """A trimmed text of at most LONGEST_BODY characters. Raises InvalidReview."""
    return _check_text(text, field=field, longest=LONGEST_BODY)


def _check_text(text: str, *, field: str, longest: int) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise InvalidReview(_("Write something here; others read it."), field=field)
    if len(text) > longest:
        raise InvalidReview(_("Shorten it to %(most)s characters.") % {"most": longest}, field=field)
    return text
