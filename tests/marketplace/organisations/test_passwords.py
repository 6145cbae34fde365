"""Outside the tests, passwords are hashed by Argon2; the tests' own fast hash is nowhere else."""

from django.contrib.auth import hashers
from pytest import MonkeyPatch

from marketplace import settings as written


def test_a_password_is_hashed_by_argon2(monkeypatch: MonkeyPatch) -> None:
    assert not any("MD5" in name for name in written.PASSWORD_HASHERS)
    monkeypatch.setattr("django.conf.settings.PASSWORD_HASHERS", written.PASSWORD_HASHERS)
    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()
    try:
        kept = hashers.make_password("chifeng-cloud")
    finally:
        monkeypatch.undo()
        hashers.get_hashers.cache_clear()
        hashers.get_hashers_by_algorithm.cache_clear()
    assert kept.startswith("argon2$argon2id$")
