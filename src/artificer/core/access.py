"""Who may do what: keys, what each lets its holder do, and what the ledger or a file keeps of them.

A key is a text that its holder alone has: ``art_ID_SECRET``, the secret 32 random bytes. Kept is its SHA-256. A slow hash
protects what people choose, which can be guessed; 256 random bits cannot, and each request is to be checked in
microseconds.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from artificer.core.errors import ArtificerError, WorkspaceError, closest

if TYPE_CHECKING:
    from artificer.core.database import Database

Right = Literal["predict", "feedback", "operate", "approve", "admin"]

MIGRATION = (
    "create table keys (id text primary key, name text not null, hash text not null, scopes text not null, "
    "created text not null, expires text not null, used text not null, revoked text not null)",
)
RIGHTS: tuple[Right, ...] = ("predict", "feedback", "operate", "approve", "admin")
KEY_ENV = "ARTIFICER_KEY"
PREFIX = "art"
_NAME = re.compile(r"[\w.@+-]{1,64}")
_LINE = "a line of it is: id, SHA-256, scopes, created, expires (or -), name"


class NotAllowedError(ArtificerError):
    """Whoever asks may not do this."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, without the text that only its holder has.

    Attributes
    ----------
    id : str
        Part of the text, and no secret.
    name : str
        Whose it is; who acts by it is called so in the ledger.
    hash : str
        SHA-256 of the whole text, 64 hex digits.
    created, expires, revoked : str
        ISO moments in UTC; "" for never.
    used : str
        The last day on which it opened a door, as ISO date; "" for never.
    """

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    created: str
    expires: str = ""
    used: str = ""
    revoked: str = ""

    def lives(self, now: str) -> bool:
        """Whether it is neither revoked nor at its end at this ISO moment."""
        return not self.revoked and (not self.expires or now < self.expires)


@dataclass(frozen=True, slots=True)
class Access:
    """How a server knows who asks, besides by the keys of the ledger.

    Attributes
    ----------
    keys : Path or None
        A file of keys, as `artificer keys add --file` writes it.
    keys_env : str
        Name of an environment variable that holds such lines.
    trust_proxy : tuple of str
        Addresses, or networks as "10.0.0.0/8", of proxies that say who asks.
    identity_header, scopes_header : str
        Where they say so: a name, and scopes with spaces or commas between; without the latter, predict.
    """

    keys: Path | None = None
    keys_env: str = ""
    trust_proxy: tuple[str, ...] = ()
    identity_header: str = "X-Forwarded-User"
    scopes_header: str = "X-Forwarded-Scopes"


def allows(scopes: Collection[str], needed: str) -> bool:
    """Whether who holds these scopes may use what needs this one ("" is open).

    Admin includes all; who operates or approves a model may ask it.

    >>> allows(["operate"], "predict"), allows(["predict"], "feedback"), allows(["admin"], "approve")
    (True, False, True)
    """
    if not needed or needed in scopes or "admin" in scopes:
        return True
    return needed == "predict" and ("operate" in scopes or "approve" in scopes)


def made(name: str, scopes: Sequence[str], expires_s: float | None = None) -> tuple[Key, str]:
    """Make a key, and the text that is shown once.

    Raises
    ------
    ArtificerError
        When the name or a scope is none.
    """
    if not _NAME.fullmatch(name):
        raise ArtificerError(f"'{name}' is no name for a key: write letters, digits and . _ @ + - (64 at most)")
    unknown = [one for one in scopes if one not in RIGHTS]
    if unknown or not scopes:
        said = f"there is no scope '{unknown[0]}'{closest(unknown[0], RIGHTS)}" if unknown else "a key needs a scope"
        raise ArtificerError(f"{said}; scopes are {', '.join(RIGHTS)}")
    id = secrets.token_hex(6)
    text = f"{PREFIX}_{id}_{secrets.token_urlsafe(32)}"
    ends = moment(expires_s) if expires_s is not None else ""
    return Key(id, name, hashed(text), tuple(one for one in RIGHTS if one in scopes), moment(), ends), text


def hashed(text: str) -> str:
    """SHA-256 as hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def moment(from_now_s: float = 0.0) -> str:
    """An ISO moment in UTC, to the second: later ones sort after.

    Raises
    ------
    ArtificerError
        When it lies beyond the calendar.
    """
    try:
        return (datetime.now(UTC) + timedelta(seconds=from_now_s)).isoformat(timespec="seconds")
    except OverflowError as error:
        raise ArtificerError("a key cannot live so long; leave --expires out for one without an end") from error


class Ring:
    """The keys that open doors at one moment.

    Attributes
    ----------
    any_made : bool
        Whether there ever was a key: who revokes the last one does not leave the doors open.
    """

    # Compared with where no key has the id: no text has this hash, and the way to it is the same.
    _nobody = Key("", "", secrets.token_hex(32), (), "")

    def __init__(self, keys: Iterable[Key]) -> None:
        known, now = list(keys), moment()
        self.any_made = bool(known)
        self._live = {key.id: key for key in known if key.lives(now)}

    def __len__(self) -> int:
        return len(self._live)

    def of(self, id: str) -> Key | None:
        """The living key of this id."""
        return self._live.get(id)

    def holder(self, text: str) -> Key | None:
        """The living key that this text is; the time that it takes tells nothing of any key."""
        parts = text.split("_", 2)
        key = self._live.get(parts[1] if len(parts) == 3 else "", self._nobody)
        return key if hmac.compare_digest(hashed(text), key.hash) else None


class Keys:
    """The keys of a ledger.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: Key) -> None:
        """Keep a key."""
        names = [one.name for one in fields(Key)]
        values = {name: getattr(key, name) for name in names} | {"scopes": ",".join(key.scopes)}
        self._database.write(
            f"insert into keys ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})", **values
        )

    def all(self) -> list[Key]:
        """All keys, dead ones too, the oldest first."""
        columns = ", ".join(one.name for one in fields(Key))
        rows = self._database.read(f"select {columns} from keys order by created, id")
        return [Key(id, name, hash, tuple(scopes.split(",")), *more) for id, name, hash, scopes, *more in rows]

    def revoke(self, id: str) -> Key:
        """Have a key open nothing from now on.

        Raises
        ------
        WorkspaceError
            When there is none of this id.
        """
        self._database.write("update keys set revoked = :now where id = :id and revoked = ''", id=id, now=moment())
        known = {key.id: key for key in self.all()}
        if id not in known:
            raise WorkspaceError(f"there is no key '{id}'{closest(id, known, 'closest id')}; `artificer keys list`")
        return known[id]

    def note(self, uses: Iterable[tuple[str, str]]) -> None:
        """Keep on which days keys were used, by id: of each the last."""
        for id, day in uses:
            self._database.write("update keys set used = :day where id = :id and used < :day", id=id, day=day)


def written(key: Key) -> str:
    """A key as a line of a file."""
    return f"{key.id} {key.hash} {','.join(key.scopes)} {key.created} {key.expires or '-'} {key.name}"


def read(text: str, where: str) -> list[Key]:
    """Keys from the lines of a file, or of an environment variable (";" ends a line too); "#" begins a comment.

    Raises
    ------
    ArtificerError
        When a line is none; it is named by its number, and not shown.
    """
    found = []
    for number, line in enumerate(text.replace(";", "\n").splitlines(), 1):
        parts = line.partition("#")[0].split()
        if not parts:
            continue
        if len(parts) != 6 or not re.fullmatch("[0-9a-f]{64}", parts[1]) or not set(parts[2].split(",")) <= set(RIGHTS):
            raise ArtificerError(f"line {number} of {where} is no key; {_LINE}: `artificer keys add --file` writes it")
        ends = "" if parts[4] == "-" else parts[4]
        found.append(Key(parts[0], parts[5], parts[1], tuple(parts[2].split(",")), parts[3], ends))
    return found


def person(keys: Keys, needed: str = "") -> str:
    """Who acts at the command line: the name of the key in ``ARTIFICER_KEY``, else of the account that runs it.

    Who can write the ledger could write any name there: this tells people apart, and the server's doors hold them.

    Raises
    ------
    NotAllowedError
        When the key is none, or lacks the scope `needed`.
    """
    text = os.environ.get(KEY_ENV, "")
    if not text:
        return account()
    key = Ring(keys.all()).holder(text)
    if key is None:
        raise NotAllowedError(f"the key in {KEY_ENV} opens nothing here: `artificer keys list` shows those that do")
    if not allows(key.scopes, needed):
        raise NotAllowedError(f"the key of {key.name} in {KEY_ENV} lacks the scope '{needed}'")
    return key.name


def account() -> str:
    """The name of the account that this process runs as."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # Windows, or a container's number without a name
        return os.environ.get("USERNAME") or (f"uid{os.getuid()}" if hasattr(os, "getuid") else "")
