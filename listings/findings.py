"""The words of the automatic checks: what each code means and what to do about it."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from marketplace.organisations.findings import ERROR, WARNING, Text

TEXTS: Final[dict[str, Text]] = {
    "specs.missing": Text(
        ERROR, _("Specifications are missing: %(names)s."), _("State them; buyers filter and compare by them.")
    ),
    "specs.none": Text(WARNING, _("No specification is stated."), _("State at least what distinguishes the offering.")),
    "deployment.missing": Text(
        ERROR, _("No deployment model is chosen."), _("Choose public, private, hybrid or community cloud.")
    ),
    "data_centre.missing": Text(
        ERROR, _("No data centre is chosen."), _("Choose the data centre that the service runs in.")
    ),
    "data_centre.not_operating": Text(
        ERROR, _("The data centre %(name)s does not operate."), _("Choose a data centre that is in operation.")
    ),
    "data_centre.not_yet": Text(
        WARNING,
        _("The data centre %(name)s is still being built."),
        _("The offering is shown, but cannot be ordered before it opens."),
    ),
    "capacity.nothing_drawn": Text(
        WARNING,
        _("A unit draws no capacity, so sales have no limit."),
        _("State what one unit takes of the pools, or confirm that it takes nothing."),
    ),
    "capacity.no_pool": Text(
        ERROR,
        _("The data centre has no pool of %(resource)s."),
        _("Register the capacity, or choose resources that have a pool."),
    ),
    "capacity.short": Text(
        ERROR,
        _("One unit takes %(each)s of %(resource)s, but the pool holds %(total)s."),
        _("Draw less per unit, or enlarge the pool."),
    ),
    "capacity.sold_out": Text(
        WARNING, _("Nothing is left of %(resource)s at present."), _("Enlarge the pool before buyers order.")
    ),
    "sla.missing": Text(ERROR, _("No availability is promised."), _("State the availability in per cent.")),
    "sla.credits_not_below": Text(
        ERROR,
        _("The credits begin below %(below)s %%, which is not below what is promised."),
        _("Give bounds below the promised availability; the first credit is for a month below the promise."),
    ),
    "support.missing": Text(
        WARNING, _("The hours of technical support are not stated."), _("Choose when support answers.")
    ),
    "lead_time.missing": Text(ERROR, _("No lead time is stated."), _("State the days from order to delivery.")),
    "exit.notice_missing": Text(
        ERROR, _("The notice to leave is not stated."), _("State the days of notice; 0 if none is needed.")
    ),
    "exit.export_missing": Text(
        ERROR,
        _("How long data can be exported after the end is not stated."),
        _("State the days; 0 if nothing can be exported."),
    ),
    "exit.formats_missing": Text(
        WARNING, _("The formats of exported data are not stated."), _("Name them, e.g. CSV, qcow2.")
    ),
    "exit.fee_missing": Text(
        ERROR, _("The fee for leaving is not stated."), _("State the fee without tax; 0 if leaving is free.")
    ),
    "title.says_nothing": Text(
        ERROR, _("The title does not say what is offered."), _("Name the service in at least three characters.")
    ),
    "title.duplicate": Text(
        WARNING,
        _("%(code)s in the same data centre has the same title."),
        _("Say in the title what distinguishes the two."),
    ),
    "summary.missing": Text(WARNING, _("There is no summary."), _("Say in a few sentences what a buyer gets.")),
    "summary.repeats": Text(
        WARNING, _("The summary only repeats the title."), _("Say in a few sentences what a buyer gets.")
    ),
    "text.superlative": Text(
        WARNING,
        _("The text says “%(words)s”."),
        _("Superlatives are not allowed in advertisements (Advertising Law, article 9). State a fact instead."),
    ),
    "text.contact": Text(
        WARNING,
        _("The text names an address, a telephone number or a web site."),
        _("Leave it out: buyers reach the provider through the contract."),
    ),
    "text.no_english": Text(
        WARNING, _("The English text is incomplete."), _("Readers of English see the Chinese text until it is there.")
    ),
    "text.no_mongolian": Text(
        WARNING,
        _("There is no Mongolian title."),
        _("Readers of Mongolian see the Chinese title until it is there."),
    ),
    "text.not_mongolian": Text(
        WARNING,
        _("The Mongolian title is not in the traditional script."),
        _("Write it in the vertical script (Unicode 1800–18AF)."),
    ),
    "prices.missing": Text(
        ERROR, _("There is no price."), _("Enter prices: an offering without a price is not listed.")
    ),
    "prices.incomplete": Text(
        ERROR, _("Plan %(plan)s has no price or no term."), _("Add at least one price and one term.")
    ),
    "prices.not_computable": Text(
        ERROR,
        _("Plan %(plan)s has no computable price for %(months)s months."),
        _("Correct its components; each needs a price and a VAT rate."),
    ),
    "prices.tax_unusual": Text(
        WARNING,
        _("Plan %(plan)s states a VAT rate of %(rate)s %%, which is not in use."),
        _("Check the rate: 13, 9, 6 or 3 per cent are usual."),
    ),
}
