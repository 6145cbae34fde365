"""Words made comparable, without a database."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.search import filters, words

SYNONYMS = words.normalise_groups([["云主机", "云服务器", "ECS", "虚拟机"], ["对象存储", "OSS", "object storage"]])


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＥＣＳ　云主机", "ecs 云主机"),
        ("  a\x00b\u200bc\n", "a bc"),
        ("ᠡᠭᠦᠯᠡ\u180bᠨ", "ᠡᠭᠦᠯᠡᠨ"),
        ("Straße", "strasse"),
        ("", ""),
    ],
)
def test_what_is_the_same_to_a_reader_is_the_same(text, normal):
    assert words.normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("云主机", ["云", "主", "机", "云主", "主机"]),
        ("云", ["云"]),
        ("g7.xlarge", ["g7", "7", "xlarge", "large", "arge", "rge", "ge", "e"]),
        ("GPU算力", ["gpu", "pu", "u", "算", "力", "算力"]),
        ("%_\\ '\"&|!()<->:*", []),
    ],
)
def test_tokens(text, tokens):
    assert words.tokenise(text) == tokens


@given(text=st.text(max_size=60), start=st.integers(0, 60), size=st.integers(1, 20))
def test_every_part_of_a_text_is_found_by_its_tokens(text, start, size):
    """What the index is asked for is in the index, for any part of any text: it never loses a result."""
    normal = words.normalise(text)
    part = normal[start : start + size]
    held = set(words.tokenise(normal))
    for asked in re.findall(r"'([^']*)'(:\*)?", words.to_tsquery(part)):
        token, is_prefix = asked
        assert token in held or (is_prefix and any(one.startswith(token) for one in held)), (normal, part, token)


@given(text=st.text(max_size=200))
def test_nothing_typed_is_an_operator(text):
    query = words.to_tsquery(text)
    assert re.fullmatch(r"('\w+'(:\*)?( & )?)*", query)
    search = words.read_search(text, synonyms=SYNONYMS)
    assert len(search.terms) <= words.MOST_TERMS
    assert all(len(term.alternatives) <= words.MOST_ALTERNATIVES for term in search.terms)


def test_synonyms_stand_beside_what_was_typed():
    (term,) = words.read_search("云主机", synonyms=SYNONYMS).terms
    assert term.alternatives == (("云主机",), ("云服务器",), ("ecs",), ("虚拟机",))
    (term,) = words.read_search("赤峰云主机", synonyms=SYNONYMS).terms
    assert term.alternatives[0] == ("赤峰云主机",)
    assert ("云服务器", "赤峰") in term.alternatives
    phrase, word = words.read_search("Object  Storage 赤峰", synonyms=SYNONYMS).terms
    assert ("对象存储",) in phrase.alternatives and word.alternatives == (("赤峰",),)


@pytest.mark.parametrize(("text", "is_held"), [("specs", False), ("ecs g7", True), ("云ecs型", True), ("ecs2", False)])
def test_a_latin_synonym_is_a_whole_word(text, is_held):
    assert words.holds_word(text, "ecs") == is_held


@pytest.mark.parametrize(
    "params",
    [
        {"q": ["云" * 10_000]},
        {"q": ["\x00\x01\u202e"]},
        {"q": ["%_'\"\\;--"]},
        {"price_min": ["NaN", "1e9", "-1", "0.123456789", "٣"]},
        {"spec_vcpu": ["x" * 1000], "spec_" + "a" * 99: ["1"], "spec_'": ["1"]},
        {"category": ["<script>"], "pue": ["1.2-1.3"], "sort": ["price; drop"], "recommended": ["yes"]},
        {"region": [f"{number:06d}" for number in range(1000)]},
    ],
)
def test_odd_addresses_are_read_and_what_means_nothing_is_told(params):
    chosen, unknown = filters.read_filters(params=params)
    assert len(chosen.words) <= words.LONGEST
    assert all(text.isprintable() and len(text) <= 80 for text in unknown)
    assert filters.read_filters(params={"q": [chosen.words]})[0].words == chosen.words
