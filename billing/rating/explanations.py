"""How a charge came about, for a person with a calculator: formula, tier, quantities, price version, usage days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext as _

from billing.contracts.models import Contract
from billing.metering import queries as metering
from billing.metering.models import UsageDay
from billing.rating.models import Charge
from billing.rules import aggregation, decimals, periods, tiers
from listings import wording
from listings.prices import words


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """One day that a metered charge is made of: its quantity, and of how many events."""

    day: date
    quantity: Decimal
    event_count: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One charge with everything that made it. Texts come in the language that is active when they are read.

    `version_date` is the day from which the version of the prices was in force, None if that was not kept.
    """

    charge: Charge
    version: int
    version_date: date | None
    days: tuple[DayOfUse, ...]

    @property
    def anchor(self) -> str:
        """A name for this charge among those of its contract and month."""
        code = self.charge.component.code if self.charge.component else "credit"
        return "-".join(
            [code, self.charge.row.replace(" ", "-").replace(".", "_") or "price", str(self.charge.revision)]
        )

    @property
    def name(self) -> str:
        """The component, in the reader's language."""
        one = self.charge.component
        return wording.choose(one.name, one.name_en) if one else str(self.charge.get_kind_display())

    @property
    def part(self) -> str:
        """The tier or part of the price; "" for a plain price."""
        why, one = self.charge.explanation, self.charge.component
        if one is None or "part" not in why:
            return ""
        return words.name_part(
            part=why["part"],
            tier=why["tier"],
            above=Decimal(why["above"]),
            up_to=None if why["up_to"] is None else Decimal(why["up_to"]),
            unit=one.unit,
        )

    @property
    def unit(self) -> str:
        """What the quantity counts; "" where the row is an amount of its own."""
        one, part = self.charge.component, self.charge.explanation.get("part", tiers.UNITS)
        if one is None or part in (tiers.MINIMUM, tiers.MAXIMUM, tiers.EXIT_FEE, tiers.FLAT_PART):
            return ""
        if part == tiers.PACKAGES:
            return words.name_package(size=one.package_size, unit=wording.write_unit(one.unit))
        return wording.write_unit(one.unit)

    @property
    def formula(self) -> str:
        return str(self.charge.explanation.get("formula", ""))

    @property
    def charged_before(self) -> Decimal | None:
        """What earlier revisions charged of this row; None if this is the first."""
        before = self.charge.explanation.get("charged_before")
        return Decimal(before["amount"]) if before else None

    @property
    def measured(self) -> Decimal:
        """The sum of the usage days."""
        return decimals.add(*(day.quantity for day in self.days))

    @property
    def adds_up(self) -> bool:
        """Whether the days of the month add up to its quantity: not so a highest, a last or an average."""
        one = self.charge.component
        return one is not None and one.aggregation in (aggregation.SUM, aggregation.COUNT, aggregation.WEIGHTED_SUM)

    @property
    def sentences(self) -> list[str]:
        """The rule, what is counted, and the version of the prices."""
        one = self.charge.component
        if one is None:
            return [
                _("%(percent)s %% of the month's charges: availability %(reached)s %%, promised %(promised)s %%.")
                % {
                    "percent": self.charge.explanation.get("percent", ""),
                    "reached": self.charge.explanation.get("availability", ""),
                    "promised": self.charge.explanation.get("promised", ""),
                }
            ]
        found = [_("%(rule)s.") % {"rule": words.MODELS[one.model]}]
        if one.meter:
            found.append(
                _("%(meter)s: %(counted)s.") % {"meter": one.meter, "counted": words.AGGREGATIONS[one.aggregation]}
            )
        if self.version_date:
            day = self.version_date.isoformat()
            found.append(
                _("Price book version %(version)s, in force from %(day)s.") % {"version": self.version, "day": day}
            )
        else:
            found.append(_("Price book version %(version)s.") % {"version": self.version})
        if self.charged_before is not None:
            found.append(
                _("%(before)s of it was charged before; this charge is the difference, %(rest)s.")
                % {
                    "before": decimals.format_plain(self.charged_before),
                    "rest": decimals.format_plain(self.charge.amount),
                }
            )
        return found


def explain(*, charge: Charge, contract: Contract, days: Iterable[UsageDay]) -> Explanation:
    """One charge of `contract`, whose plan and price book are loaded; `days` are those of its month, of any meter."""
    book = contract.plan.price_book
    meter = charge.component.meter if charge.component else ""
    in_force = book.effective_date or (periods.civil_date(book.published_at) if book.published_at else None)
    return Explanation(
        charge=charge,
        version=book.version,
        version_date=in_force,
        days=tuple(DayOfUse(day.day, day.quantity, day.event_count) for day in days if meter and day.meter == meter),
    )


def explain_month(*, contract: Contract, month: periods.Month) -> list[Explanation]:
    """Every charge of a contract for a month, by component, revision and row; 2 queries."""
    charges = Charge.objects.filter(contract=contract, period_start_date=month.first_date)
    ordered = charges.select_related("component").order_by(
        "component__position", "component_id", "revision", "position"
    )
    days: Sequence[UsageDay] = metering.usage_by_day(contract_id=contract.pk, month=month)
    return [explain(charge=charge, contract=contract, days=days) for charge in ordered]


def to_data(*, one: Explanation) -> dict[str, object]:
    """An explanation as the API shows it, its sentences in both languages."""
    sentences = {}
    for language, code in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(code):
            sentences[language] = one.sentences
    why, charge = one.charge.explanation, one.charge
    return {
        "component": charge.component.code if charge.component else "",
        "row": charge.row,
        "revision": charge.revision,
        "kind": why.get("kind", charge.kind),
        "model": charge.component.model if charge.component else "",
        "meter": charge.component.meter if charge.component else "",
        "aggregation": charge.component.aggregation if charge.component else "",
        "formula": one.formula,
        "tier": why.get("tier", 0),
        "above": why.get("above", "0"),
        "up_to": why.get("up_to"),
        "quantity": why.get("quantity", decimals.format_plain(charge.quantity)),
        "unit_price": why.get("unit_price", decimals.format_plain(charge.unit_price)),
        "amount_due": why.get("amount", decimals.format_plain(charge.amount)),
        "amount": decimals.format_plain(charge.amount),
        "vat_rate": charge.vat_rate,
        "price_version": one.version,
        "price_version_date": one.version_date,
        "rated_at": charge.rated_at,
        "usage_days": one.days,
        "explanation": sentences,
    }
