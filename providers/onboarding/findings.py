"""The words of the checks of an application: what each code means and what to do about it."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from marketplace.organisations import findings
from marketplace.organisations.findings import ERROR, WARNING, Text

TEXTS: Final[dict[str, Text]] = {
    "code.class": Text(
        WARNING,
        _("The credit code belongs to no enterprise."),
        _("Check that this body may sell cloud services."),
    ),
    "name.taken": Text(
        WARNING, _("Another organisation has the same name."), _("Compare the credit codes of the two.")
    ),
    "representative.missing": Text(
        ERROR, _("The legal representative is missing."), _("Enter the name on the business licence.")
    ),
    "address.missing": Text(
        ERROR, _("The registered address is missing."), _("Enter the address on the business licence.")
    ),
    "county.missing": Text(ERROR, _("The county is missing."), _("Choose the county of the registered address.")),
    "services.missing": Text(
        ERROR, _("No service is chosen."), _("Choose what you mean to sell: it decides which licences are needed.")
    ),
    "licence.missing": Text(ERROR, _("The business licence is missing."), _("Upload it as PDF, PNG or JPEG.")),
    "licence.no_end": Text(
        ERROR,
        _("The last day of the business licence is missing."),
        _("Enter it, or tick that the licence has no end."),
    ),
    "licence.expired": Text(ERROR, _("The business licence ended on %(day)s."), _("Renew it and upload the new one.")),
    "licence.ends_soon": Text(
        WARNING, _("The business licence ends on %(day)s."), _("Upload the renewed one before that day.")
    ),
    "telecom.missing": Text(
        ERROR,
        _("A value-added telecom licence is needed for these services."),
        _("Upload the licence (B11, internet data centre), its number and its last day."),
    ),
    "telecom.no_number": Text(
        ERROR, _("The number of the telecom licence is missing."), _("Enter it as it stands there, e.g. B1-20261234.")
    ),
    "telecom.number_form": Text(
        WARNING,
        _("The number of the telecom licence has an unusual form."),
        _("Compare it with the licence, e.g. B1-20261234."),
    ),
    "telecom.no_end": Text(ERROR, _("The last day of the telecom licence is missing."), _("Enter it.")),
    "telecom.expired": Text(ERROR, _("The telecom licence ended on %(day)s."), _("Renew it and upload the new one.")),
    "telecom.ends_soon": Text(
        WARNING, _("The telecom licence ends on %(day)s."), _("Upload the renewed one before that day.")
    ),
    "document.used": Text(
        WARNING,
        _("The same file was uploaded by another organisation."),
        _("Compare the two applications."),
    ),
    "contact.missing": Text(ERROR, _("The contact is missing."), _("Enter a name and a telephone number.")),
    "rate.below": Text(
        WARNING,
        _("A commission of %(rate)s %% is asked for; the standard is %(standard)s %%."),
        _("Decide on the rate when you approve."),
    ),
}


class Finding(findings.Finding):
    """One thing a check found; `field` is a field of the application."""

    TEXTS = TEXTS
