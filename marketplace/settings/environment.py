"""Everything the environment may say, read once and typed.

This file and `payment_services` are the only ones that read environment variables. A wrong or missing value stops
the start with a sentence that names the variable.
"""

import base64
import binascii
import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from marketplace.settings import payment_services

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = ROOT / ".private"

EnvironmentName = Literal["demo", "test", "production"]


@dataclass(frozen=True, slots=True)
class Environment:
    """What differs between a laptop, a test run and production."""

    name: EnvironmentName
    debug: bool
    secret_key: str
    credentials_keys: list[str]
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    https: bool
    proxies: int
    database: dict[str, Any]
    broker_url: str
    cache_url: str
    media_root: Path
    static_root: Path
    clock_file: Path | None
    email_url: dict[str, Any]
    client_money_bank: str
    client_money_account: str
    outbound_exceptions: list[str]
    public_url: str
    gateways: dict[str, dict[str, str]]

    @property
    def is_demo(self) -> bool:
        return self.name == "demo"


def _secret_key(env: Env, name: EnvironmentName) -> str:
    """Required in production; elsewhere generated once and kept in the private folder."""
    if key := env.str("SECRET_KEY", ""):
        return key
    if name == "production":
        raise ImproperlyConfigured("SECRET_KEY is not set. Production needs one: at least 50 random characters.")
    return _kept("secret_key", secrets.token_urlsafe(64))


def _credentials_keys(env: Env, name: EnvironmentName) -> list[str]:
    """The keys that seal stored credentials, the newest first. Required in production; elsewhere generated once."""
    keys = env.list("CREDENTIALS_KEYS", [])
    if not keys and name == "production":
        raise ImproperlyConfigured(
            "CREDENTIALS_KEYS is not set. Production needs at least one key of 32 bytes in URL-safe base64."
        )
    keys = keys or [_kept("credentials_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())]
    for place, key in enumerate(keys, start=1):
        try:
            is_right = len(base64.urlsafe_b64decode(key)) == 32
        except (binascii.Error, ValueError):
            is_right = False
        if not is_right:
            raise ImproperlyConfigured(f"Key {place} of CREDENTIALS_KEYS is not 32 bytes in URL-safe base64.")
    return keys


def _kept(file_name: str, generated: str) -> str:
    """What an earlier start has generated, or this one."""
    path = PRIVATE / file_name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{file_name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(generated)
        with contextlib.suppress(FileExistsError):  # another process was first: its value holds
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def _services(env: Env, name: EnvironmentName, *, as_owner: bool) -> tuple[dict[str, Any], str, str]:
    """The database and the two Redis, from the environment or, for what is unset, embedded."""
    database_url = env.str("DATABASE_URL", "")
    owner_url = env.str("DATABASE_OWNER_URL", database_url)
    broker_url = env.str("REDIS_URL", "")
    cache_url = env.str("REDIS_CACHE_URL", broker_url)
    if not (database_url and broker_url):
        if name == "production":
            missing = "DATABASE_URL" if not database_url else "REDIS_URL"
            raise ImproperlyConfigured(f"{missing} is not set. Production brings its own PostgreSQL and Redis.")
        from marketplace import embedded  # only a machine without services of its own pays for this

        services = embedded.hold(env.str("MARKETPLACE_SERVICES", name))
        if not database_url:
            database_url, owner_url = services.database_url, services.database_owner_url
        if not broker_url:
            broker_url, cache_url = services.redis_broker_url, services.redis_cache_url
    parser = Env()
    database = cast("dict[str, Any]", parser.dj_db_url("_UNSET", default=owner_url if as_owner else database_url))
    return database, broker_url, cache_url


def _email(env: Env, *, is_local: bool) -> dict[str, Any]:
    """Where mail goes; a laptop sends none. An unknown scheme would be taken for an SMTP server without a name."""
    found = cast("dict[str, Any]", env.dj_email_url("EMAIL_URL", "dummy://" if is_local else "smtp://localhost"))
    if "EMAIL_BACKEND" not in found:
        raise ImproperlyConfigured("EMAIL_URL has an unknown scheme. Use smtp, smtp+tls, smtp+ssl, console or dummy.")
    return found


def read_environment() -> Environment:
    """Read the environment.

    `DATABASE_AS_OWNER=true` connects as the role that owns the tables (migrations do); web and workers
    connect as a role that can neither alter tables nor switch their triggers off.
    """
    env = Env()
    name = cast("EnvironmentName", env.str("ENVIRONMENT", "production"))
    if name not in ("demo", "test", "production"):
        raise ImproperlyConfigured(f"ENVIRONMENT is {name!r}. Use demo, test or production.")
    local = name != "production"
    database, broker_url, cache_url = _services(env, name, as_owner=env.bool("DATABASE_AS_OWNER", False))
    static_root = Path(env.str("STATIC_ROOT", str(PRIVATE / "static")))
    if local:
        static_root.mkdir(parents=True, exist_ok=True)  # the web server warns about a folder that is not there
    clock_file = env.str("CLOCK_FILE", str(PRIVATE / "clock") if name == "demo" else "")
    return Environment(
        name=name,
        debug=env.bool("DEBUG", False),
        secret_key=_secret_key(env, name),
        credentials_keys=_credentials_keys(env, name),
        allowed_hosts=env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"] if local else []),
        csrf_trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", []),
        https=env.bool("HTTPS", not local),
        proxies=env.int("PROXIES", 0),
        database=database,
        broker_url=broker_url,
        cache_url=cache_url,
        media_root=Path(env.str("MEDIA_ROOT", str(PRIVATE / name / "media"))),
        static_root=static_root,
        clock_file=Path(clock_file) if clock_file and local else None,
        email_url=_email(env, is_local=local),
        client_money_bank=env.str("CLIENT_MONEY_BANK", "示例银行赤峰分行" if local else ""),
        client_money_account=env.str("CLIENT_MONEY_ACCOUNT", "0000 0000 0000 0000 000" if local else ""),
        outbound_exceptions=env.list("OUTBOUND_EXCEPTIONS", []) if local else [],
        public_url=env.str("PUBLIC_URL", "").rstrip("/"),
        gateways=payment_services.read(env, local=local),
    )
