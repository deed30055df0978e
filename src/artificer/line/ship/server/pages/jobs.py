"""Files that are being scored: each has a folder with its state, so that any process of the server can tell of it.

A folder of this user alone holds them, under names that nobody can guess; a file that has waited long enough is removed
by whoever looks next, and by a clock in the process that took it.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal

from artificer.core.errors import ArtificerError, DataError
from artificer.core.store import load, save
from artificer.line.ship.server.memory import room
from artificer.line.ship.server.pages.scored import MOST_ROWS, SCORED_BYTES, rows_of, scored_rows
from artificer.line.ship.server.served import Model
from artificer_runtime import RuntimeInputError

__all__ = ["KEPT_S", "MOST_BUSY", "MOST_ROWS", "SHEET_CELLS", "Job", "begin", "found", "preview", "remove", "written"]

KEPT_S = 3600
MOST_BUSY = 4
SHEET_CELLS = 400_000  # writing more as Excel takes longer than one waits
PREVIEW_ROWS = 8
LOG = logging.getLogger("artificer.serve")
STATE, GIVEN, RESULT = "job.json", "given", "scored.parquet"


@dataclass(frozen=True, slots=True)
class Job:
    """One file.

    Attributes
    ----------
    model, version : str
        What scores it.
    process : int
        That scores it: if it is gone, so is the work.
    since : float
        When it came, in seconds since 1970.
    n_columns : int
        That the file had.
    says : str
        What went wrong; or what is done just now.
    n_acts : int
        Rows to act on; -1 where the brief does not say.
    """

    id: str
    file: str
    model: str
    version: str
    process: int
    since: float
    state: Literal["busy", "done", "failed"] = "busy"
    says: str = "waiting for its turn"
    n_rows: int = 0
    n_columns: int = 0
    n_done: int = 0
    n_acts: int = -1
    n_control: int = 0
    n_review: int = 0
    n_flagged: int = 0

    @property
    def minutes_left(self) -> int:
        """Until it is removed."""
        return max(0, int((self.since + KEPT_S - time.time()) / 60))


def begin(model: Model, name: str, file: IO[bytes]) -> Job | None:
    """Take a file and score it when its turn comes; None while too many are being scored."""
    _sweep()
    if sum(one.state == "busy" and _lives(one.process) for one in _all()) >= MOST_BUSY:
        return None
    job = Job(secrets.token_urlsafe(18), name, model.scorer.brief.name, model.scorer.version, os.getpid(), time.time())
    _folder(job.id).mkdir(mode=0o700)
    try:
        save(_folder(job.id) / STATE, job)  # first: what has no state is found by nobody
        with (_folder(job.id) / GIVEN).open("wb") as kept:
            shutil.copyfileobj(file, kept)
        _pool().submit(_score, job, model)
    except BaseException:
        remove(job.id)
        raise
    clock = threading.Timer(KEPT_S + 1, _sweep)
    clock.daemon = True
    clock.start()
    return job


def found(id: str, model: Model) -> Job | None:
    """A file of this model, by its name; None where it is not, or not any more."""
    _sweep()
    job = _read(_folder(id) / STATE) if id and id.replace("-", "").replace("_", "").isalnum() else None
    if job is None or job.model != model.scorer.brief.name:
        return None
    if job.state == "busy" and not _lives(job.process):
        return replace(job, state="failed", says="the server was stopped meanwhile; send the file again")
    return job


def preview(job: Job) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """Names of the columns, what was predicted first, and the first rows."""
    import polars as pl

    frame = pl.scan_parquet(_folder(job.id) / RESULT, glob=False).head(PREVIEW_ROWS).collect()
    frame = frame.select(frame.columns[job.n_columns :] + frame.columns[: job.n_columns])
    return tuple(frame.columns), tuple(frame.rows())


def written(job: Job, form: str) -> bytes:
    """The scored rows as CSV, Parquet or Excel; no text starts a formula."""
    path = _folder(job.id) / RESULT
    if form == "parquet":
        return path.read_bytes()
    import io

    import polars as pl

    from artificer.data.table import csv_bytes

    frame = pl.read_parquet(path, glob=False)
    if form == "csv":
        return csv_bytes(frame)
    sheet = io.BytesIO()
    frame.write_excel(sheet)  # it writes texts as texts, whatever they begin with
    return sheet.getvalue()


def remove(id: str) -> None:
    """Remove a file and what came of it."""
    shutil.rmtree(_folder(id), ignore_errors=True)


def _score(job: Job, model: Model) -> None:
    """Score a file and say so; what is wrong with it is said as well."""
    folder = _folder(job.id)
    try:
        _tell(job := replace(job, says="reading it"))
        frame = rows_of(folder / GIVEN, job.file)
        _tell(job := replace(job, says="predicting", n_rows=frame.height, n_columns=frame.width))
        with room(frame.height * SCORED_BYTES):
            result, n_flagged, counts = scored_rows(model, frame, lambda n_done: _tell(replace(job, n_done=n_done)))
            result.write_parquet(folder / RESULT)
        done = replace(
            job,
            state="done",
            says="",
            n_done=frame.height,
            n_flagged=n_flagged,
            n_acts=-1 if counts is None or counts.n_acts is None else counts.n_acts,
            n_control=counts.n_control if counts else 0,
            n_review=counts.n_review if counts else 0,
        )
        _tell(done)
    except (ArtificerError, RuntimeInputError) as error:
        _tell(replace(job, state="failed", says=str(error)))
    except MemoryError:
        _tell(replace(job, state="failed", says="there is not enough memory for it; send it in parts"))
    except BaseException as error:  # noqa: BLE001 - a panic of polars is no Exception, and whoever waits must be told
        _tell(
            replace(job, state="failed", says=f"it could not be scored: this is our fault, logged as {_fault(error)}")
        )
    finally:
        (folder / GIVEN).unlink(missing_ok=True)


def _fault(error: BaseException) -> str:
    """Log where it happened and its kind, as for a request; its words, which may hold values, are not told."""
    name = secrets.token_hex(6)
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    LOG.error("fault %s at a file that was scored: %s\n%s", name, type(error).__name__, where)
    return name


def _tell(job: Job) -> None:
    if _folder(job.id).is_dir():  # else it was removed meanwhile
        save(_folder(job.id) / STATE, job)


def _sweep() -> None:
    states = {one.id: one.since for one in _all()}
    for folder in _root().iterdir():
        since = states.get(folder.name)
        with suppress(FileNotFoundError):  # removed by another process between two looks
            if (folder.stat().st_mtime if since is None else since) + KEPT_S < time.time():
                remove(folder.name)


def _all() -> list[Job]:
    return [job for path in _root().glob(f"*/{STATE}") if (job := _read(path)) is not None]


def _read(path: Path) -> Job | None:
    try:
        return load(path, Job)
    except ArtificerError:  # removed by another process between two looks
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _folder(id: str) -> Path:
    return _root() / id


def _root() -> Path:
    """The folder of all files, this user's alone.

    Raises
    ------
    DataError
        When another user made it.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    root = Path(tempfile.gettempdir()) / f"artificer-files-{user}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if hasattr(os, "getuid") and (found.st_uid != user or found.st_mode & 0o077 or root.is_symlink()):
        raise DataError(f"'{root}' is open to others, so no file is put there; remove it, or set TMPDIR")
    return root


@cache
def _pool() -> ThreadPoolExecutor:
    """One file at a time, so that requests keep most of the machine."""
    return ThreadPoolExecutor(1, thread_name_prefix="files")
