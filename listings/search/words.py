"""Words of a search and of an offering, made comparable. Pure text: no database, no clock.

Chinese and Mongolian have no spaces that a searcher keeps to, so a run of such characters becomes its single
characters and its pairs (云主机 → 云 主 机 云主 主机). A Latin word becomes itself and its tails (xlarge → xlarge,
large, arge …), so that a search by the beginning of a token finds every part of a word. What the tokens find is then
checked as text: the index never decides alone, and so finds no more and no less than a reader would.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST: Final = 80  # characters of a search that are read
MOST_TERMS: Final = 8
MOST_ALTERNATIVES: Final = 24
LONGEST_TAIL: Final = 80  # of a longer word the parts beyond are not found
SECTION: Final = "\f"
LINE: Final = "\n"
# Han with its extensions, kana, Hangul; Mongolian with its supplement. Written without spaces, or searched so.
RUN: Final = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff\u1800-\u180a\u1810-\u18af\U00011660-\U0001167f"
)
# What continues a word that is written with spaces: digits, Latin and Cyrillic letters.
LETTER: Final = "[0-9a-z\u00df-\u024f\u0400-\u052f]"
TOKENS: Final = re.compile(rf"([{RUN}]+)|((?:(?![{RUN}_])\w)+)")
# Variation selectors and the vowel separator of Mongolian change a letter's shape, not the word.
INVISIBLE: Final = re.compile("[\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")


def normalise(text: str) -> str:
    """Text to compare: full width as half, capitals as small, no control characters, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u202f", " ")
    visible = INVISIBLE.sub("", folded)
    cleaned = "".join(" " if unicodedata.category(one).startswith(("C", "Z")) else one for one in visible)
    return " ".join(cleaned.split())


def tidy(text: str) -> str:
    """What a reader typed, as it is shown back: without control characters, not too long."""
    cleaned = "".join(one if one.isprintable() else " " for one in text[: LONGEST * 4])
    return " ".join(cleaned.split())[:LONGEST].strip()


def tokenise(text: str) -> list[str]:
    """The tokens that stand for a text in the index; empty for text without a letter or digit."""
    tokens: dict[str, None] = {}
    for match in TOKENS.finditer(normalise(text)):
        run, word = match.groups()
        tokens.update(dict.fromkeys(_of_run(run) if run else _of_word(word)))
    return list(tokens)


def _of_run(run: str) -> Iterator[str]:
    yield from run
    for place in range(len(run) - 1):
        yield run[place : place + 2]


def _of_word(word: str) -> Iterator[str]:
    yield word
    for place in range(1, min(len(word), LONGEST_TAIL)):
        yield word[place:]


def to_tsquery(phrase: str) -> str:
    """What an offering's tokens must hold if it holds the phrase, in the syntax of tsquery; "" if nothing is asked.

    Tokens are letters and digits only, so nothing typed becomes an operator.
    """
    parts: dict[str, None] = {}
    for match in TOKENS.finditer(normalise(phrase)):
        run, word = match.groups()
        if word:
            parts[f"'{word}':*"] = None
        elif len(run) == 1:
            parts[f"'{run}'"] = None
        else:
            parts.update((f"'{run[place : place + 2]}'", None) for place in range(len(run) - 1))
    return " & ".join(parts)


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a search. An offering fulfils it that holds every phrase of one alternative.

    The first alternative is the word itself; the others say it in words that mean the same.
    """

    alternatives: tuple[tuple[str, ...], ...]

    @property
    def literal(self) -> str:
        return self.alternatives[0][0]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: all terms. `whole` is the text as typed, normalised."""

    whole: str
    terms: tuple[Term, ...]


def read_search(text: str, *, synonyms: Sequence[Sequence[str]]) -> Search:
    """The search that a text asks for. `synonyms`: groups of normalised words that mean the same."""
    whole = normalise(text)[:LONGEST].strip()
    terms = [Term(alternatives=_alternatives(part, synonyms)) for part in _split(whole, synonyms)]
    return Search(whole=whole, terms=tuple(terms))


def _split(whole: str, synonyms: Sequence[Sequence[str]]) -> list[str]:
    """The words of a search; a synonym that holds spaces ("cloud server") stays whole."""
    phrases = sorted({word for group in synonyms for word in group if " " in word}, key=len, reverse=True)
    parts = [whole]
    for phrase in phrases:
        pattern = _compiled(f"({pattern_of(phrase)})")
        parts = [piece for part in parts for piece in ([part] if part in phrases else pattern.split(part)) if piece]
    found: dict[str, None] = {}
    for part in parts:
        found.update(dict.fromkeys([part] if part in phrases else part.split()))
    return [part for part in found if tokenise(part)][:MOST_TERMS]


def _alternatives(part: str, synonyms: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    found: dict[tuple[str, ...], None] = {(part,): None}
    for group in synonyms:
        for word in sorted(group, key=len, reverse=True):
            if not holds_word(part, word):
                continue
            rest = tuple(piece for piece in part.replace(word, " ", 1).split() if tokenise(piece))
            found.update(dict.fromkeys((other, *rest) for other in group))
            break
    return tuple(found)[:MOST_ALTERNATIVES]


def holds_word(text: str, word: str) -> bool:
    """Whether a text holds a word: one that begins or ends with a Latin letter not inside a longer one."""
    return word in text and _compiled(pattern_of(word)).search(text) is not None


def pattern_of(word: str) -> str:
    """The word as a regular expression that PostgreSQL and Python read alike."""
    escaped = "".join(one if one.isalnum() or one == " " else f"\\{one}" for one in word)
    before = f"(?<!{LETTER})" if _compiled(LETTER).match(word[0]) else ""
    after = f"(?!{LETTER})" if _compiled(LETTER).match(word[-1]) else ""
    return before + escaped + after


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def normalise_groups(groups: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Groups of synonyms as a search compares them."""
    normal = [tuple(dict.fromkeys(filter(None, map(normalise, group)))) for group in groups]
    return tuple(group for group in normal if len(group) > 1)
