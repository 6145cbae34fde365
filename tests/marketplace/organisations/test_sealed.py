"""Sealed secrets come back unchanged, with an older key as well, and never when altered."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from marketplace.organisations import sealed


@given(st.text(max_size=200))
def test_what_was_sealed_comes_back_and_cannot_be_read(text: str) -> None:
    closed = sealed.seal(plaintext=text)
    assert sealed.unseal(sealed=closed) == text
    assert len(text) < 8 or text not in closed


def test_an_older_key_still_opens(settings: Any) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.CREDENTIALS_KEYS = [old]
    closed = sealed.seal(plaintext="secret")
    settings.CREDENTIALS_KEYS = [new, old]
    assert sealed.unseal(sealed=closed) == "secret"
    settings.CREDENTIALS_KEYS = [new]
    with pytest.raises(sealed.CannotOpen):
        sealed.unseal(sealed=closed)


@pytest.mark.parametrize("altered", ["", "gAAAAA", "密文"])
def test_what_was_altered_does_not_open(altered: str) -> None:
    with pytest.raises(sealed.CannotOpen):
        sealed.unseal(sealed=altered)


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="20000"):
        sealed.seal(plaintext="x" * 20_001)
