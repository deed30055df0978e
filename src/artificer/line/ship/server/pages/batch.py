"""The page that scores a file: uploaded, scored beside other requests, watched, downloaded, and removed after a while."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse, Response

from artificer.line.ship.server.pages import jobs
from artificer.line.ship.server.pages.frame import HEADERS, Seen, shown
from artificer.line.ship.server.pages.scored import ENDS

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

MIB = 2**20
MOST_BYTES = 64 * MIB
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class _TooLargeError(Exception):
    """More bytes came than are read."""


def answer(seen: Seen) -> Response:
    """The form."""
    return _page(seen)


async def upload(seen: Seen) -> Response:
    """Take a file, and go on to the page that tells how far it is."""
    try:
        file = await _file(seen)
    except _TooLargeError:
        says = f"the file is larger than {MOST_BYTES // MIB} MiB; send it in parts, or score it with artificer score"
        return await run_in_threadpool(_page, seen, says, 413)
    except MultiPartException as error:
        return await run_in_threadpool(_page, seen, f"the form was not sent whole: {error.message}", 400)
    if file is None:
        return await run_in_threadpool(_page, seen, "no file was chosen", 422)
    try:
        job = await run_in_threadpool(jobs.begin, seen.model, _harmless(file.filename or "file"), file.file)
    except OSError as error:
        says = f"the file could not be kept while it is scored: {error.strerror}; try again in a minute"
        return await run_in_threadpool(_page, seen, says, 503)
    finally:
        await file.close()
    if job is None:
        says = f"{jobs.MOST_BUSY} files are being scored already; try again in a minute"
        return await run_in_threadpool(_page, seen, says, 503)
    return RedirectResponse(f"/pages/batch/{job.id}", 303, headers=HEADERS)


def progress(seen: Seen) -> Response:
    """How far a file is, and what came of it; alone, where a script asks for it."""
    job = jobs.found(seen.request.path_params["id"], seen.model)
    if job is None:
        return _gone(seen)
    alone = seen.request.headers.get("x-part") == "progress"
    preview = jobs.preview(job) if job.state == "done" else ((), ())
    ours = preview[0][: len(preview[0]) - job.n_columns]
    return shown(
        seen,
        "progress.html" if alone else "batch_job.html",
        job=job,
        preview=preview,
        ends=[name for name in ours if name.rstrip("_") in ENDS],
        forms=_forms(job),
    )


def download(seen: Seen) -> Response:
    """The scored rows as a file."""
    form = seen.request.path_params["form"]
    job = jobs.found(seen.request.path_params["id"], seen.model)
    if job is None or job.state != "done" or form not in _forms(job):
        return _gone(seen)
    name = f"{job.file.rpartition('.')[0] or job.file}-scored.{form}"
    headers = HEADERS | {"content-disposition": f'attachment; filename="{name}"'}
    return Response(jobs.written(job, form), media_type=KINDS[form], headers=headers)


def remove(seen: Seen) -> Response:
    """Remove a file and what came of it."""
    job = jobs.found(seen.request.path_params["id"], seen.model)
    if job is not None:
        jobs.remove(job.id)
    return RedirectResponse("/pages/batch", 303, headers=HEADERS)


async def _file(seen: Seen) -> UploadFile | None:
    """The file of the form; all but its first MiB is kept on disk while it comes in."""
    request = seen.request
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > MOST_BYTES + MIB:
        raise _TooLargeError
    parser = MultiPartParser(request.headers, _limited(request.stream()), max_files=1, max_fields=4)
    file: Any = (await parser.parse()).get("file")
    return file if file is not None and not isinstance(file, str) and file.filename else None


async def _limited(stream: AsyncIterator[bytes]) -> Any:
    size = 0
    async for part in stream:
        size += len(part)
        if size > MOST_BYTES + MIB:
            raise _TooLargeError
        yield part


def _page(seen: Seen, wrong: str = "", status: int = 200) -> Response:
    columns = seen.model.asked
    return shown(
        seen,
        "batch.html",
        status,
        wrong=wrong,
        most_mib=MOST_BYTES // MIB,
        most_rows=jobs.MOST_ROWS,
        kept_minutes=jobs.KEPT_S // 60,
        excel=find_spec("fastexcel") is not None,
        columns=columns,
        meaning=seen.model.scorer.brief.data.columns,
    )


def _gone(seen: Seen) -> Response:
    return _page(seen, "that file is not here: it was removed, or never sent; send it again", 404)


def _forms(job: jobs.Job) -> list[str]:
    small = job.n_rows * (job.n_columns + 8) <= jobs.SHEET_CELLS
    excel = find_spec("xlsxwriter") is not None and small
    return ["csv", "parquet", *(["xlsx"] if excel else [])]


def _harmless(name: str) -> str:
    """A name that is safe in a path, in a header and on a page."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")[-80:] or "file"
