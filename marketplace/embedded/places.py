"""Where the data and the sockets of a name lie, and which account the servers run as.

PostgreSQL refuses to run as root. A root user therefore starts the servers as another
account: the owner of existing data, else the owner of the project, else `postgres` or
`nobody`. That account must be able to reach the data and the programs; a project in
`/root` is closed to it, and then the data lies under `/var/lib/cloud-resource-marketplace`.
"""

import dataclasses
import hashlib
import os
import pathlib
import pwd
import re
import subprocess
from typing import Any

PROJECT = pathlib.Path(__file__).resolve().parents[2]
STATE_FOLDER = "cloud-resource-marketplace"
SOCKET_ROOT = pathlib.Path("/tmp")  # noqa: S108  short on every system; see _make_socket_folder

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,30}")
# initdb and pg_ctl hand paths to a shell inside double quotes, and PostgreSQL cuts paths
# at 1,024 bytes; spaces, quotes of the other kind and any script are fine.
UNSAFE_CHARACTERS = frozenset('"$`\\\n\r')
PATH_BYTES_MAX = 900


class EmbeddedError(RuntimeError):
    """The embedded servers cannot do what was asked; the text says what to do about it."""


class UnusablePlaceError(EmbeddedError):
    """No folder was found in which the servers could keep their data."""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """The operating system account that the servers run as."""

    uid: int
    gid: int


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Everything about a name that does not change between starts.

    `account` is None when the servers run as the account that starts them.
    """

    name: str
    folder: pathlib.Path
    sockets: pathlib.Path
    account: Account | None

    @property
    def is_for_tests(self) -> bool:
        """Test data may be lost in a power cut, which makes the servers several times faster."""
        return self.name.startswith("test")


def find_place(name: str) -> Place:
    """Return the place of `name`, with its folders made and owned by the right account."""
    if not NAME_PATTERN.fullmatch(name):
        raise UnusablePlaceError(
            f"The name {name!r} is not usable: write lower-case letters, digits, '-' and '_', at most 31."
        )
    folder, account = _choose_folder(name)
    _make_private_folder(folder, account)
    return Place(name=name, folder=folder, sockets=_make_socket_folder(folder, account), account=account)


def list_names() -> list[str]:
    """Return the names that have data, running or not."""
    marks = (mark for root in _candidate_roots() for mark in root.glob("*/passwords.json"))
    return sorted({mark.parent.name for mark in marks})


def hand_over(path: pathlib.Path, account: Account | None) -> None:
    """Make `path` belong to the account that the servers run as."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def identity_of(account: Account | None) -> dict[str, Any]:
    """Return the arguments for `subprocess` that drop root's privileges to `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _choose_folder(name: str) -> tuple[pathlib.Path, Account | None]:
    usable = []
    for root in _candidate_roots():
        folder = root / name
        account = _choose_account(folder)
        if is_safe_path(folder) and _can_use(folder, account):
            usable.append((folder, account))
    if not usable:
        tried = ", ".join(str(root) for root in _candidate_roots())
        raise UnusablePlaceError(
            f"No folder for the embedded servers: none of {tried} can be written and reached. "
            "Set MARKETPLACE_PRIVATE to a short path that you may write to."
        )
    # Data that is there already wins: opening up a folder must not make the data seem lost.
    return next((choice for choice in usable if (choice[0] / "postgres").exists()), usable[0])


def _candidate_roots() -> list[pathlib.Path]:
    chosen = os.environ.get("MARKETPLACE_PRIVATE")
    if chosen:
        return [pathlib.Path(chosen).absolute()]
    if os.geteuid() == 0:
        state = pathlib.Path("/var/lib")
    else:
        default = pathlib.Path.home() / ".local" / "state"
        state = pathlib.Path(os.environ.get("XDG_STATE_HOME") or default)
    return [PROJECT / ".private", state / STATE_FOLDER / _digest(str(PROJECT))]


def _choose_account(folder: pathlib.Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    for owned in (folder, PROJECT):
        if owned.exists() and owned.stat().st_uid != 0:
            return Account(uid=owned.stat().st_uid, gid=owned.stat().st_gid)
    for login in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(login)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise UnusablePlaceError(
        "PostgreSQL does not run as root, and there is neither an account 'postgres' nor 'nobody'. "
        "Run the command as an ordinary user."
    )


def is_safe_path(path: pathlib.Path) -> bool:
    """Whether PostgreSQL's own programs can cope with `path`."""
    return not UNSAFE_CHARACTERS & set(str(path)) and len(os.fsencode(path)) <= PATH_BYTES_MAX


def _can_use(folder: pathlib.Path, account: Account | None) -> bool:
    """Whether we can make `folder` (or write to it) and the servers' account can reach it."""
    present = folder
    while not present.exists():
        present = present.parent
    if account is None:
        return os.access(present, os.W_OK | os.X_OK)
    if present.name == ".private" and present.stat().st_uid == 0:
        present = present.parent  # ours to open, see _make_private_folder
    # Asking the system as that account is the only answer that knows about ACLs and mounts.
    answer = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(present)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
        **identity_of(account),
    )
    return bool(answer.returncode == 0)


def _make_private_folder(folder: pathlib.Path, account: Account | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if account is not None and folder.parent.stat().st_uid == 0:
        folder.parent.chmod(0o711)  # the account passes through and reads nothing
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)
    hand_over(folder, account)


def _make_socket_folder(folder: pathlib.Path, account: Account | None) -> pathlib.Path:
    """Make the short private folder; anybody can write to /tmp, so an alien folder is passed over."""
    uid = os.geteuid() if account is None else account.uid
    stem = f"marketplace-{_digest(f'{uid}:{folder}')}"
    for attempt in range(20):
        sockets = SOCKET_ROOT / (stem if attempt == 0 else f"{stem}-{attempt}")
        try:
            sockets.mkdir(mode=0o700)
            hand_over(sockets, account)
        except FileExistsError:
            pass
        found = sockets.lstat()
        is_private = sockets.is_dir() and not sockets.is_symlink() and found.st_mode & 0o077 == 0
        if is_private and found.st_uid == uid:
            return sockets
    raise UnusablePlaceError(f"Cannot make a private folder for sockets: remove {SOCKET_ROOT / stem}* and try again.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
