"""Reads: which offerings a search by words finds, how well, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from listings.search import words
from listings.search.words import Search, Term


class Tier(IntEnum):
    """How well an offering fits, the best first. Nothing else decides, and nobody can pay for it.

    Within a tier recommended offerings come first, then the lower listed price.
    """

    EQUAL = 0
    BEGINS = 1
    TITLE = 2
    SYNONYM = 3
    CATEGORY = 4
    PLACE = 5
    REST = 6


REASONS: Final[dict[Tier, Promise]] = {
    Tier.EQUAL: gettext_lazy("The code or title is “%(words)s”"),
    Tier.BEGINS: gettext_lazy("The title begins with “%(words)s”"),
    Tier.TITLE: gettext_lazy("The title holds “%(words)s”"),
    Tier.SYNONYM: gettext_lazy("The title holds “%(words)s”, which means the same"),
    Tier.CATEGORY: gettext_lazy("The category is “%(words)s”"),
    Tier.PLACE: gettext_lazy("The provider or place is “%(words)s”"),
    Tier.REST: gettext_lazy("Specifications or summary hold “%(words)s”"),
}
ESCAPED: Final = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})


@dataclass(frozen=True, slots=True)
class Found:
    """Primary keys by tier, the best tier first."""

    tiers: tuple[tuple[int, ...], ...]


def find(*, search: Search) -> Found:
    """What is published and fulfils every term; one statement. The index finds, the text decides."""
    sql, params = statement(search=search)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = {tier: tuple(map(int, pks.split(","))) for tier, pks in cursor.fetchall()}
    return Found(tiers=tuple(found.get(int(tier), ()) for tier in Tier))


def statement(*, search: Search) -> tuple[str, list[Any]]:
    """The search as SQL with parameters: nothing that was typed is part of the statement."""
    tiers, tier_params = _tier(search)
    where, where_params = "", []
    for term in search.terms:
        sql, params = _any_alternative(term, "search_text")
        where += f" AND ({sql})"
        where_params += params
    return (
        f"SELECT tier, string_agg(id::text, ',') FROM (SELECT id, {tiers} AS tier FROM ("  # noqa: S608
        " SELECT id, search_text, split_part(search_text, E'\\f', 1) AS s1, split_part(search_text, E'\\f', 2) AS s2,"
        " split_part(search_text, E'\\f', 3) AS s3 FROM catalogue_product"
        f" WHERE state = 'published' AND search_vector @@ %s::tsquery{where}) AS found) AS ranked GROUP BY tier",
        [*tier_params, _to_tsquery(search), *where_params],
    )


def _to_tsquery(search: Search) -> str:
    return " & ".join(
        "(" + " | ".join("(" + _all_phrases(alternative) + ")" for alternative in term.alternatives) + ")"
        for term in search.terms
    )


def _all_phrases(alternative: Iterable[str]) -> str:
    return " & ".join(filter(None, map(words.to_tsquery, alternative)))


def _tier(search: Search) -> tuple[str, list[Any]]:
    """The tier of a row: by the text as a whole if a title holds it, else by the term that fits worst."""
    whole = search.whole.translate(ESCAPED)
    lines = [f"%\n{whole}\n%", f"%\n{whole}%", f"%{whole}%"]
    sql = "CASE WHEN s1 LIKE %s THEN 0 WHEN s1 LIKE %s THEN 1 WHEN s1 LIKE %s THEN 2 ELSE greatest("
    params: list[Any] = list(lines)
    parts = []
    for term in search.terms:
        literal, literal_params = _all_in("s1", term.alternatives[0], is_typed=True)
        part = f"CASE WHEN {literal} THEN {int(Tier.TITLE)}"
        params += literal_params
        for tier, column in ((Tier.SYNONYM, "s1"), (Tier.CATEGORY, "s2"), (Tier.PLACE, "s3")):
            held, held_params = _any_alternative(term, column)
            part += f" WHEN {held} THEN {int(tier)}"
            params += held_params
        parts.append(f"{part} ELSE {int(Tier.REST)} END")
    return sql + ", ".join(parts) + ") END", params


def _any_alternative(term: Term, column: str) -> tuple[str, list[Any]]:
    parts, params = [], []
    for place, alternative in enumerate(term.alternatives):
        sql, own = _all_in(column, alternative, is_typed=place == 0)
        parts.append(sql)
        params += own
    return " OR ".join(parts), params


def _all_in(column: str, phrases: Iterable[str], *, is_typed: bool) -> tuple[str, list[Any]]:
    """What was typed may be part of a word; what only means the same is a word of its own."""
    parts, params = [], []
    for phrase in phrases:
        pattern = words.pattern_of(phrase)
        is_plain = is_typed or (not pattern.startswith("(?") and not pattern.endswith(")"))
        parts.append(f"{column} LIKE %s" if is_plain else f"{column} ~ %s")
        params.append(f"%{phrase.translate(ESCAPED)}%" if is_plain else pattern)
    return "(" + " AND ".join(parts) + ")", params


def explain(*, text: str, search: Search) -> tuple[Tier, str]:
    """Why an offering with this text was found: its tier, as `find` says it, and the words that decided it."""
    head = text.split(words.SECTION)[0]
    for tier, needle in (
        (Tier.EQUAL, f"\n{search.whole}\n"),
        (Tier.BEGINS, f"\n{search.whole}"),
        (Tier.TITLE, search.whole),
    ):
        if needle in head:
            return tier, search.whole
    reasons = [_explain_term(term, text.split(words.SECTION)) for term in search.terms]
    worst = max(tier for tier, _words in reasons)
    return worst, " ".join(dict.fromkeys(phrase for tier, phrase in reasons if tier == worst))


def _explain_term(term: Term, sections: list[str]) -> tuple[Tier, str]:
    if term.literal in sections[0]:
        return Tier.TITLE, term.literal
    for tier, section in ((Tier.SYNONYM, 0), (Tier.CATEGORY, 1), (Tier.PLACE, 2)):
        for place, alternative in enumerate(term.alternatives):
            if all(_holds(sections[section], phrase, is_typed=place == 0) for phrase in alternative):
                return tier, " ".join(alternative)
    for place, alternative in enumerate(term.alternatives):
        if all(_holds("\f".join(sections), phrase, is_typed=place == 0) for phrase in alternative):
            return Tier.REST, " ".join(alternative)
    return Tier.REST, term.literal


def _holds(text: str, phrase: str, *, is_typed: bool) -> bool:
    return phrase in text if is_typed else words.holds_word(text, phrase)
