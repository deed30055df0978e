"""Records and folders on disk: the only module that encodes records, and the only one that makes a result visible.

A record is saved as JSON with its type's name and version. A result is a folder written beside its final place and
renamed into it, so that what exists is whole: a killed run leaves nothing half done.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import math
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from artificer.core.errors import WorkspaceError

T = TypeVar("T")

RESULT = "result.json"
PARTIAL = "partial.json"
LIMIT = "limit_s"

REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space, or name another folder with --workspace",
    errno.EFBIG: "files may not grow so large here (ulimit -f): raise that limit, or name another folder with --workspace",
    errno.EDQUOT: "your quota is used up: free some space, or name another folder with --workspace",
    errno.EACCES: "permission is missing: name a folder of yours with --workspace",
    errno.EPERM: "permission is missing: name a folder of yours with --workspace",
    errno.EROFS: "the disk is read-only: name another folder with --workspace",
    errno.ENOTDIR: "a file stands where a folder is needed: name another folder with --workspace",
    errno.EISDIR: "a folder stands where a file is to be written: name another place",
    errno.ENAMETOOLONG: "the name is too long: name another place",
    errno.EEXIST: "a file stands where a folder is needed: name another folder with --workspace",
}


# JSON has no such numbers; msgspec would write null and read nothing back.
_ODD = {"!nan": float("nan"), "!inf": float("inf"), "!-inf": float("-inf")}


def encode(record: Any) -> bytes:
    """Encode a record as canonical JSON: the same record gives the same bytes, and infinities come back."""
    plain = msgspec.to_builtins(record, enc_hook=_plain)
    return msgspec.json.encode(_without_odd(plain), order="deterministic")


def public_json(record: Any) -> bytes:
    """Encode a record as the JSON that others read: NaN and infinities are null."""
    return msgspec.json.encode(record, enc_hook=_plain, order="deterministic")


def decode(data: bytes, kind: type[T]) -> T:
    """Rebuild a record of type `kind` from its JSON.

    Raises
    ------
    WorkspaceError
        When the bytes are no such record.
    """
    try:
        if b'"!' not in data:
            return msgspec.json.decode(data, type=kind, dec_hook=_rebuild)
        return msgspec.convert(_with_odd(msgspec.json.decode(data)), type=kind, dec_hook=_rebuild)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WorkspaceError(f"what was stored is no {kind.__name__} that this version reads: {error}") from error


def digest(*things: Any) -> str:
    """Hash records and plain values: 32 hex digits.

    >>> digest("a", 1) == digest("a", 1)
    True
    """
    return hashlib.sha256(encode(list(things))).hexdigest()[:32]


def save(path: Path, record: Any) -> None:
    """Write one record to `path`, atomically."""
    write_bytes(path, named_bytes(record))


def named_bytes(record: Any) -> bytes:
    """Encode a record with its type's name and version, as `load` reads it."""
    version = getattr(type(record), "VERSION", 1)
    wrapped = {"record": type(record).__name__, "version": version, "value": record}
    return msgspec.json.format(encode(wrapped), indent=1)


def load(path: Path, kind: type[T]) -> T:
    """Read a record of type `kind` that `save` wrote.

    Raises
    ------
    WorkspaceError
        When the file is absent, damaged, of another type, or of a newer version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"'{path}' cannot be read as a {kind.__name__}: {error}; remove it to make it anew"
        ) from error
    return named(data, kind, str(path))


def named(data: bytes, kind: type[T], where: str) -> T:
    """Rebuild a record of type `kind` from what `named_bytes` gave.

    Raises
    ------
    WorkspaceError
        When it is damaged, of another type, or of a newer version.
    """
    try:
        envelope = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        name, version = (msgspec.json.decode(envelope[part]) for part in ("record", "version"))
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"'{where}' cannot be read as a {kind.__name__}: {error}; remove it to make it anew"
        ) from error
    known = getattr(kind, "VERSION", 1)
    known = known if isinstance(known, int) else 1
    if name != kind.__name__ or version > known:
        raise WorkspaceError(
            f"'{where}' holds a {name} of version {version}, this Artificer reads {kind.__name__} up to {known}; "
            "use the version of Artificer that wrote it, or a newer one"
        )
    return decode(bytes(envelope["value"]), kind)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it is either absent or whole.

    Raises
    ------
    WorkspaceError
        When it cannot be written: a full disk, no permission.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    make_folder(path.parent)
    with told(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are absent.

    Raises
    ------
    WorkspaceError
        When the system refuses.
    """
    with told(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # such as below /proc, which holds no files of ours
            raise WorkspaceError(
                f"'{folder}' cannot be made: no folder can be made there; name another place, with --workspace if it is that"
            ) from error


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write `path` into an error that says what to do; other errors pass."""
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0)
        if remedy is None:
            raise
        raise WorkspaceError(f"'{path}' cannot be written ({error.strerror}); {remedy}") from error


def sqlite_remedy(error: object) -> str:
    """What mends it that an SQLite file cannot be used; "" where the database says nothing that helps."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name == "SQLITE_FULL":
        return REMEDIES[errno.ENOSPC]
    if name.startswith("SQLITE_IOERR"):  # which says no more than that the system refused
        return (
            "see that the disk has space and is whole, and that files may grow (ulimit -f), "
            "or name another folder with --workspace"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return REMEDIES[errno.EACCES]
    if name.startswith("SQLITE_BUSY"):
        return "another process has held it for long: do the same again when that has ended"
    return ""


class Workspace:
    """The folder that a line works in: `tasks/<key>/`, `runs/<id>/`, `packages/<version>/`, `ledger.db`.

    Parameters
    ----------
    root : Path
        Made when absent.
    durable : bool
        Whether results are forced to disk; only a temporary workspace goes without.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root.resolve()
        self.durable = durable
        make_folder(self.root / "tasks")

    def path(self, relative: str) -> Path:
        """Where a path of a record is on this machine."""
        return self.root / relative

    def done(self, key: str, limit_s: float = math.inf) -> bool:
        """Whether the task of this key has a whole result, or one that the clock cut at a limit no shorter than this."""
        folder = self.root / "tasks" / key
        return (folder / RESULT).exists() or ((folder / PARTIAL).exists() and _limit_s(folder) >= limit_s)

    def result(self, key: str, kind: type[T]) -> T:
        """Read the result of a task that is done."""
        folder = self.root / "tasks" / key
        return load(folder / (RESULT if (folder / RESULT).exists() else PARTIAL), kind)

    def perform(self, key: str, work: Callable[[Path, str], T]) -> T:
        """Run `work(folder, name)` in a fresh folder, save what it returns, and make the folder visible at once.

        `name` is the folder's path in records. A record that says it was cut by the clock is kept for this run but
        does not count as done, but for runs of a limit that `suffices` names. When another process was quicker, its
        result stays and ours, which is the same, is thrown away.
        """
        name = f"tasks/{key}"
        final, staging = self.root / name, self.root / "tasks" / f".{key}.{uuid.uuid4().hex[:8]}"
        with told(staging):
            staging.mkdir(parents=True)
        try:
            with told(staging):
                record = work(staging, name)
                self._publish(record, staging, final)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return record

    def suffices(self, key: str, limit_s: float) -> None:
        """Have a result that the clock cut count as done for runs of no longer a limit, which would end there too."""
        folder = self.root / "tasks" / key
        if (folder / PARTIAL).exists():
            write_bytes(folder / LIMIT, repr(limit_s).encode())

    def _publish(self, record: Any, staging: Path, final: Path) -> None:
        save(staging / (PARTIAL if getattr(record, "cut", False) else RESULT), record)
        if self.durable:
            flush(staging)
        if final.exists() and not (final / RESULT).exists():
            shutil.rmtree(final)
        try:
            staging.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if self.durable:
            flush(final.parent, files=False)


def _limit_s(folder: Path) -> float:
    """The time limit under which a cut result was made; 0 where none is told."""
    try:
        return float((folder / LIMIT).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0


def flush(folder: Path, *, files: bool = True) -> None:
    """Force a folder, and the files in it, to disk."""
    targets = [folder, *(folder.rglob("*") if files else ())]
    for target in targets:
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _without_odd(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "!nan" if value != value else "!inf" if value > 0 else "!-inf"
    if isinstance(value, dict):
        return {name: _without_odd(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_odd(one) for one in value]
    return value


def _with_odd(value: Any) -> Any:
    if isinstance(value, str):
        return _ODD.get(value, value)
    if isinstance(value, dict):
        return {name: _with_odd(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_odd(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value)
        return {"dtype": data.dtype.str, "shape": list(data.shape), "base64": base64.b64encode(data.tobytes()).decode()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"a record must not hold {type(value).__name__}")


def _rebuild(kind: type, value: Any) -> Any:
    if kind is np.ndarray:
        data = np.frombuffer(base64.b64decode(value["base64"]), dtype=np.dtype(value["dtype"]))
        return data.reshape(value["shape"]).copy()
    raise NotImplementedError(f"a record must not hold {kind.__name__}")
