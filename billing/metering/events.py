"""Usage events as they arrive: CloudEvents 1.0 in JSON, read without a float on the way.

What an event is, and all that can be wrong with one. `reading` reads them. What an event must fulfil beyond its own
text (contract, meter, period) is decided by `operations.record_usage`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.organisations import errors

SPEC_VERSION: Final = "1.0"
EVENT_TYPE: Final = "cloud.usage.v1"
LONGEST_TEXT: Final = 200
MOST_PLACES: Final = 6
MOST_DIGITS: Final = 18  # before the decimal point
MOST_EVENTS: Final = 10_000

# What can be wrong with an event. The code is for machines and never changes; the text is for people.
REASONS: Final[dict[str, str | Promise]] = {
    "not_an_object": _("The event must be a JSON object."),
    "missing": _("This field is missing."),
    "not_text": _("This field must be text."),
    "empty": _("This field is empty."),
    "too_long": _("This field is longer than 200 characters."),
    "bad_character": _("This field contains a character that cannot be stored."),
    "wrong_version": _("Only version 1.0 of CloudEvents is known."),
    "wrong_type": _("Only events of the type cloud.usage.v1 are known."),
    "not_a_time": _("Write the time as in 2026-10-31T23:00:00+08:00, with its offset."),
    "not_a_quantity": _("Write the quantity as a decimal number, such as 12.5."),
    "negative": _("The quantity must not be negative."),
    "too_many_decimals": _("The quantity has more than 6 decimals."),
    "too_large": _("The quantity must be less than 10 to the power of 18."),
    "no_such_contract": _("You have no contract with this number."),
    "not_delivered": _("The contract has not been delivered. Confirm its delivery first."),
    "no_such_meter": _("The contract has no price for this meter."),
    "before_start": _("The time lies before the contract's first day."),
    "after_end": _("The time lies on or after the contract's end date, which is no longer part of it."),
    "in_the_future": _("The time lies more than 5 minutes in the future."),
    "too_late": _("The time lies more than 12 months before the present month."),
    "no_such_event": _("No event with this source and id is stored. Send it first."),
    "other_contract": _("The event named here is of another contract or meter."),
    "already_superseded": _("The event named here was corrected or taken back before. Name the one that did so."),
    "other_content": _("An event with this source and id is known with other content."),
    "wrong_columns": _("The row has more or fewer columns than the header."),
    "twice": _("This field stands in the event twice."),
    "time_and_start": _("Give either time, or data.start and data.end."),
    "not_after_start": _("The end must lie after the start."),
    "two_months": _("Start and end must lie in one month of Asia/Shanghai. Split it at the month's end."),
    "two_targets": _("An event either corrects another one or takes it back. Give one of the two."),
    "not_a_key": _("Name the event as an object with its source and id."),
    "quantity_of_a_void": _("An event that takes another one back has no quantity."),
    "unreadable": _("The file cannot be read further from here: a quote or a character in it is wrong."),
    "wrong_header": _("The first row must name the columns id, source, contract, time, meter and quantity."),
    "file_lost": _("The file is no longer there. Upload it again."),
    "broken_off": _("The import broke off because of an error on our side. Upload the file again."),
}


class Malformed(errors.Refused):
    """The body is not JSON, or not of the shape that its content type promises: no event was read."""


class TooManyEvents(errors.Refused):
    """A batch holds more than `MOST_EVENTS`."""


class UsageInput(msgspec.Struct, frozen=True):
    """One event, well formed. `subject` is a contract's number, `time` and `end` are in UTC.

    `quantity` has 6 decimals; without one the event is a void, which takes `supersedes` back. With a quantity and
    `supersedes` it is a correction. `value` is what a count of unique values counts. Used from `time` to before
    `end`, if it has one.
    """

    source: str
    id: str
    subject: str
    time: datetime
    meter: str
    quantity: Decimal | None
    value: str = ""
    end: datetime | None = None
    supersedes: tuple[str, str] | None = None  # source, id
    reason: str = ""


class Faulty(msgspec.Struct, frozen=True):
    """An event that cannot be read: the field at fault and a key of `REASONS`."""

    field: str
    code: str


Read = UsageInput | Faulty
