"""The contract terms that an order accepts. A new text is a new version; orders keep the version they accepted."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERSION: Final = "2026-01"

CLAUSES: Final[tuple[str | Promise, ...]] = (
    _("Each line becomes a contract between your organisation and its provider. The platform settles between you."),
    _("The prices of the present price book version hold for the whole term. A later version does not change them."),
    _("Capacity is reserved when the order is placed. The term begins on the day the provider confirms delivery."),
    _("Recurring charges are owed by the day, in months of Asia/Shanghai. Measured use is charged as measured."),
    _("A month is invoiced once it has closed, due within 30 days. A prepaid balance is drawn on the invoice."),
    _("You may end a contract early. That day is the last one charged. Save your data first: capacity is released."),
    _("A provider may suspend a service with a stated reason. Disputes go to the platform with both sides' records."),
)
