"""The Chinese catalogue is complete, and says what we say."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

import frontend

CATALOGUE = Path(frontend.__file__).parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|{\w*}")


def sentences() -> list[tuple[str, str]]:
    """Pairs of a source sentence and its translation; of plural forms the first."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    return [
        (str(message.id[-1]), str(message.string[0]))
        if isinstance(message.id, (tuple, list))
        else (str(message.id), str(message.string))
        for message in messages
    ]


def test_every_sentence_has_its_chinese() -> None:
    assert [source for source, chinese in sentences() if not chinese] == []


def test_no_placeholder_is_lost_or_invented() -> None:
    assert [
        source
        for source, chinese in sentences()
        if set(PLACEHOLDER.findall(source)) != set(PLACEHOLDER.findall(chinese))
    ] == []


@pytest.mark.parametrize("word", ["购物车", "购物篮", "信息中心", "供应商"])
def test_words_of_a_shop_do_not_appear(word: str) -> None:
    assert [source for source, chinese in sentences() if word in chinese] == []


def test_our_catalogue_is_asked_before_oscar() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Your basket is empty.") == "采购单是空的。"
        assert translation.gettext("Partner") == "供应方"
