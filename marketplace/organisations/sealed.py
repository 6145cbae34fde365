"""Secrets that must be read again (webhook secrets, cloud credentials), encrypted at rest.

Fernet: AES-128-CBC with an HMAC-SHA256 and a time stamp. `CREDENTIALS_KEYS` holds the keys, the newest first: every key
opens, the first one seals, so that keys can be changed one after the other. What needs no reading again is hashed.
"""

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

LONGEST_PLAINTEXT: Final = 20_000


class CannotOpen(Exception):
    """Sealed with a key that is not configured any more, or altered."""


def seal(*, plaintext: str) -> str:
    """Encrypt; the result is ASCII and a third longer than the text."""
    if len(plaintext) > LONGEST_PLAINTEXT:
        raise ValueError(f"At most {LONGEST_PLAINTEXT} characters can be sealed.")
    return _keys().encrypt(plaintext.encode()).decode("ascii")


def unseal(*, sealed: str) -> str:
    """Decrypt. Raises CannotOpen."""
    try:
        return _keys().decrypt(sealed.encode("ascii")).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise CannotOpen("None of CREDENTIALS_KEYS opens this. Put the key back that sealed it.") from error


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
