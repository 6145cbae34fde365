"""What an offering says of itself: one frozen value for drafts, versions, spreadsheets and the published columns.

`Content` holds every descriptive field, prices apart. `check` makes one from a form or a file and refuses what is
wrong in itself (too long, unknown, negative), naming the field and the remedy. What is merely missing passes here,
because a draft grows step by step; `listings.checks` asks for it before a person reviews.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import availability
from listings import wording
from listings.taxonomy import specs
from listings.text import InvalidContent, read_choice, read_list, read_number, read_text, read_whole
from marketplace.organisations import errors

if TYPE_CHECKING:
    from listings.models import Product

__all__ = [
    "LABELS",
    "CategoryRules",
    "Content",
    "ForeignDataCentre",
    "InvalidContent",
    "Schema",
    "UnknownCategory",
    "check",
    "find_errors",
]

LONGEST_TITLE: Final = 120
LONGEST_SUMMARY: Final = 500
LONGEST_FORMATS: Final = 120
LONGEST_LEAD_DAYS: Final = 365
LONGEST_EXIT_DAYS: Final = 3650
LONGEST_CREDITS: Final = 120
HIGHEST_FEE: Final = Decimal("999999999.99")
LARGEST_DRAW: Final = Decimal(1_000_000)

LABELS: Final[dict[str, Promise]] = {
    "title": gettext_lazy("title"),
    "title_en": gettext_lazy("title in English"),
    "title_mn": gettext_lazy("title in Mongolian"),
    "summary": gettext_lazy("summary"),
    "summary_en": gettext_lazy("summary in English"),
    "summary_mn": gettext_lazy("summary in Mongolian"),
    "category": gettext_lazy("category"),
    "data_centre": gettext_lazy("data centre"),
    "deployment_models": gettext_lazy("deployment models"),
    "solution_domains": gettext_lazy("solution domains"),
    "specs": gettext_lazy("specifications"),
    "draws": gettext_lazy("capacity drawn per unit"),
    "sla_percent": gettext_lazy("availability, %"),
    "sla_credits": gettext_lazy("credits for a missed month"),
    "support": gettext_lazy("technical support"),
    "lead_time_days": gettext_lazy("lead time, days"),
    "exit_notice_days": gettext_lazy("notice to leave, days"),
    "exit_export_days": gettext_lazy("data can be exported for, days after the end"),
    "exit_export_formats": gettext_lazy("formats of exported data"),
    "exit_fee": gettext_lazy("fee for leaving, CNY without tax"),
}


class UnknownCategory(errors.Refused):
    """No category has this slug; the taxonomy is loaded first."""


class ForeignDataCentre(errors.Refused):
    """An offering was placed in another provider's data centre."""


@dataclass(frozen=True, slots=True)
class CategoryRules:
    """A category that offerings may stand in, with the specifications they may state."""

    id: int
    service_model: str
    attributes: tuple[specs.Spec, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """What a provider's offerings are checked against, read once for any number of them (`queries.read_schema`)."""

    categories: Mapping[str, CategoryRules]
    domains: tuple[str, ...]
    data_centres: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Content:
    """Every descriptive field of an offering. `category` is a slug, `data_centre` a code; blank means not stated."""

    title: str = ""
    title_en: str = ""
    title_mn: str = ""
    summary: str = ""
    summary_en: str = ""
    summary_mn: str = ""
    category: str = ""
    data_centre: str = ""
    deployment_models: tuple[str, ...] = ()
    solution_domains: tuple[str, ...] = ()
    specs: Mapping[str, Any] | None = None
    draws: Mapping[str, Decimal] | None = None
    sla_percent: Decimal | None = None
    sla_credits: str = ""
    support: str = ""
    lead_time_days: int | None = None
    exit_notice_days: int | None = None
    exit_export_days: int | None = None
    exit_export_formats: str = ""
    exit_fee: Decimal | None = None

    def __post_init__(self) -> None:
        """One form for one value, so that equal contents are equal and a round trip changes nothing."""
        write = object.__setattr__
        write(self, "deployment_models", tuple(self.deployment_models))
        write(self, "solution_domains", tuple(self.solution_domains))
        write(self, "specs", dict(self.specs or {}))
        write(self, "draws", {code: _shortest(Decimal(str(each))) for code, each in (self.draws or {}).items()})
        for name in ("sla_percent", "exit_fee"):
            value = getattr(self, name)
            write(self, name, None if value is None else _shortest(value))

    @classmethod
    def from_product(cls, product: "Product") -> "Content":
        """The published columns of an offering; category and data centre are read with it."""
        own = {
            field.name: getattr(product, field.name)
            for field in fields(cls)
            if field.name not in ("category", "data_centre")
        }
        category, centre = product.main_category, product.data_centre
        return cls(**own, category=category.slug if category else "", data_centre=centre.code if centre else "")

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Content":
        """What `to_json` wrote. Fields that a later release added are blank."""
        values = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        for name in ("sla_percent", "exit_fee"):
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """For a JSON column: decimals as text, lists as lists."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("sla_percent", "exit_fee"):
            stored[name] = None if stored[name] is None else f"{stored[name]:f}"
        stored["draws"] = {code: f"{each:f}" for code, each in stored["draws"].items()}
        stored["specs"] = dict(stored["specs"])
        stored["deployment_models"] = list(self.deployment_models)
        stored["solution_domains"] = list(self.solution_domains)
        return stored

    def to_columns(self, *, schema: Schema) -> dict[str, Any]:
        """The columns of Product that say the same. Category and data centre must be of the schema."""
        rules = schema.categories[self.category]
        stored = self.to_json()
        return {
            **{name: stored[name] for name in LABELS if name not in ("category", "data_centre")},
            "sla_percent": self.sla_percent,
            "exit_fee": self.exit_fee,
            "lead_time_days": 1 if self.lead_time_days is None else self.lead_time_days,
            "main_category_id": rules.id,
            "service_model": rules.service_model,
            "data_centre_id": schema.data_centres[self.data_centre],
            # whole numbers stay numbers in the column: they are read by others
            "draws": {code: int(each) if each == int(each) else f"{each:f}" for code, each in self.draws_of.items()},
        }

    @property
    def draws_of(self) -> Mapping[str, Decimal]:
        """Resource → quantity that one unit takes; empty if it takes nothing of a pool."""
        return self.draws or {}

    @property
    def specs_of(self) -> Mapping[str, Any]:
        """Code → value; empty if nothing is stated."""
        return self.specs or {}

    def changes_to(self, other: "Content") -> list[tuple[str, Any, Any]]:
        """(field, here, there) for each field that differs."""
        return [
            (name, getattr(self, name), getattr(other, name))
            for name in LABELS
            if getattr(self, name) != getattr(other, name)
        ]


def check(*, values: Mapping[str, Any], schema: Schema) -> Content:
    """A content made of what a person typed or a file holds; text is read as numbers where numbers belong.

    Raises the first of `find_errors`: InvalidContent, UnknownCategory, ForeignDataCentre or specs.InvalidSpecs, with
    the field and the remedy. A title, a category and a data centre are always needed; all else may be missing.
    """
    content, found = find_errors(values=values, schema=schema)
    if content is None:
        raise found[0]
    return content


def find_errors(*, values: Mapping[str, Any], schema: Schema) -> tuple[Content | None, list[errors.Refused]]:
    """The content, or everything that is wrong with it, in the order of the fields."""
    read: dict[str, Any] = {}
    found: list[errors.Refused] = []
    for name in values:
        if name not in LABELS:
            raise KeyError(name)
    for name in LABELS:
        try:
            read[name] = _read(name, values.get(name), values=values, schema=schema)
        except errors.Refused as refusal:
            found.append(refusal)
    return (None, found) if found else (Content(**read), [])


def merge(*, content: Content, values: Mapping[str, Any], schema: Schema) -> Content:
    """`content` with some fields changed and everything checked again. Raises like `check`."""
    return check(values={**{name: getattr(content, name) for name in LABELS}, **values}, schema=schema)


def _read(name: str, value: Any, *, values: Mapping[str, Any], schema: Schema) -> Any:
    label: Any = LABELS[name]  # translated only where a refusal is written: imports come here 20 times a row
    if name in _TEXTS:
        longest, is_needed = _TEXTS[name]
        return read_text(value, field=name, label=label, longest=longest, is_needed=is_needed)
    if name in _DAYS:
        return read_whole(value, field=name, label=label, most=_DAYS[name])
    if name == "category":
        return _read_category(value, schema=schema)
    if name == "data_centre":
        return _read_data_centre(value, schema=schema)
    if name == "specs":
        return _read_specs(value or {}, category=values.get("category"), schema=schema)
    return _OTHERS[name](value, label=label, schema=schema)


def _read_category(value: Any, *, schema: Schema) -> str:
    slug = str(value or "").strip()
    if slug not in schema.categories:
        raise UnknownCategory(
            _("No category is called %(slug)s. Choose one of the taxonomy.") % {"slug": slug[:60] or "-"},
            field="category",
        )
    return slug


def _read_data_centre(value: Any, *, schema: Schema) -> str:
    code = str(value or "").strip()
    if code not in schema.data_centres:
        raise ForeignDataCentre(_("Choose one of the provider's own data centres."), field="data_centre")
    return code


def _read_specs(value: Any, *, category: Any, schema: Schema) -> dict[str, Any]:
    rules = schema.categories.get(str(category or "").strip())
    if rules is None:  # the category's own error says it
        return {}
    stated = {code: one for code, one in dict(value).items() if one not in (None, "")}
    return specs.check(values=stated, schema=rules.attributes)


def _read_draws(value: Any, *, label: str, schema: Schema) -> dict[str, Decimal]:
    draws = {}
    for code, each in dict(value or {}).items():
        if code not in wording.RESOURCES:
            raise InvalidContent(
                _("%(code)s is not a resource of the capacity pools. Use one of: %(known)s.")
                % {"code": str(code)[:40], "known": ", ".join(wording.RESOURCES)},
                field="draws",
            )
        name: Any = wording.RESOURCES[code]
        read = read_number(each, field="draws", label=name, least=Decimal(0), most=LARGEST_DRAW, places=3)
        if read:
            draws[code] = read
    return draws


def _read_deployment(value: Any, *, label: str, schema: Schema) -> tuple[str, ...]:
    return read_list(value, field="deployment_models", label=label, known=tuple(wording.DEPLOYMENT_MODELS))


def _read_domains(value: Any, *, label: str, schema: Schema) -> tuple[str, ...]:
    return read_list(value, field="solution_domains", label=label, known=schema.domains)


def _read_support(value: Any, *, label: str, schema: Schema) -> str:
    return read_choice(value, field="support", label=label, known=tuple(wording.SUPPORT))


def _read_sla(value: Any, *, label: str, schema: Schema) -> Decimal | None:
    return read_number(value, field="sla_percent", label=label, least=Decimal(0), most=Decimal(100), places=3)


def _read_credits(value: Any, *, label: str, schema: Schema) -> str:
    """The table in its one form; a spreadsheet may hold a lone number."""
    text = read_text(value, field="sla_credits", label=label, longest=LONGEST_CREDITS)
    if not text:
        return ""
    try:
        return availability.write_table(availability.read_table(text))
    except availability.InvalidCreditTable as error:
        raise InvalidContent(
            _(
                "Write the credits as 10; 99: 25; 95: 50 (below the promise 10 per cent, below an availability of 99 "
                "per cent 25, below 95 per cent 50); a lower availability earns more, at most 100. "
                "This is no such table: %(value)s."
            )
            % {"value": text[:40]},
            field="sla_credits",
        ) from error


def _read_fee(value: Any, *, label: str, schema: Schema) -> Decimal | None:
    return read_number(value, field="exit_fee", label=label, least=Decimal(0), most=HIGHEST_FEE, places=2)


_TEXTS: Final = {
    "title": (LONGEST_TITLE, True),
    "title_en": (LONGEST_TITLE, False),
    "title_mn": (LONGEST_TITLE, False),
    "summary": (LONGEST_SUMMARY, False),
    "summary_en": (LONGEST_SUMMARY, False),
    "summary_mn": (LONGEST_SUMMARY, False),
    "exit_export_formats": (LONGEST_FORMATS, False),
}
_DAYS: Final = {
    "lead_time_days": LONGEST_LEAD_DAYS,
    "exit_notice_days": LONGEST_LEAD_DAYS,
    "exit_export_days": LONGEST_EXIT_DAYS,
}
_OTHERS: Final[Mapping[str, Any]] = {
    "draws": _read_draws,
    "deployment_models": _read_deployment,
    "solution_domains": _read_domains,
    "support": _read_support,
    "sla_percent": _read_sla,
    "sla_credits": _read_credits,
    "exit_fee": _read_fee,
}


def _shortest(value: Decimal) -> Decimal:
    """Without idle zeros: 99.900 from the database is 99.9."""
    return Decimal(f"{value.normalize():f}")
