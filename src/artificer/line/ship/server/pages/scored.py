"""A file → its rows with a prediction beside each, in parts, so that other requests are answered meanwhile."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import parquet

from artificer.core.errors import DataError, reason
from artificer.data.keys import key_texts
from artificer.data.readers import misnamed, read
from artificer.data.separated import width_of
from artificer.data.workbooks import OLE, is_binary, refuse_far_cells
from artificer.line.ask.decision import conditions
from artificer.line.ship.admitting import admitted, refuse_unknown
from artificer.line.ship.control import drawn
from artificer.line.ship.decided import ACT, CONTROL, LEAVE, NAMES, REVIEW, words
from artificer.line.ship.decisions import NO_PERIOD, Rule
from artificer.line.ship.predicted import FLAGS
from artificer.line.ship.reviewing import met
from artificer.line.ship.server.memory import room
from artificer.line.ship.server.served import Model
from artificer_runtime import RowsError
from artificer_runtime.predictor import Predictions

MOST_ROWS = 2_000_000
MOST_CELLS = 200_000_000
MOST_COLUMNS = 5_000  # reading 20,000 of them takes ten seconds, however few rows there are
MOST_SHEET = 20_000_000  # cells of a sheet, those between others counted
CELL_BYTES = 64  # of a cell of a sheet while it is read
MOST_UNPACKED = 1 << 30
ROWS_AT_ONCE = 5_000
READ = 24  # times a file of text that its table takes while it is read: rows of 8 bytes become 32, and are copied
SCORED_BYTES = (
    256  # of a row's prediction, score, decision, flags and version, and of the file that they are written to
)
ENDS = ("low", "high")  # nine values in ten lie between them; an empty cell is an end that is not known
CLASSES_SHOWN = 12
HEAD = 2 << 20  # bytes, of which the first line is told
NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')  # of a field of JSON


@dataclass(frozen=True, slots=True)
class Counts:
    """What is done with how many rows; of acting None where only persons decide."""

    n_acts: int | None
    n_control: int
    n_review: int


def rows_of(path: Path, name: str) -> pl.DataFrame:
    """Read a file that someone sent, unless it would grow too large.

    Raises
    ------
    DataError
        When it is no table, damaged, empty, or too large; the file is named as its sender named it.
    MemoryError
        When there is no room for it.
    """
    with path.open("rb") as file:
        start = file.read(16)
    if start[:2] == b"\x1f\x8b" or start[:15] == b"SQLite format 3":
        what = "packed by gzip" if start[:2] == b"\x1f\x8b" else "an SQLite database"
        raise DataError(f"'{name}' is {what}; send CSV, Parquet or Excel")
    if start[:4] == b"PAR1":
        needs = 3 * _unpacked_parquet(path, name)
    elif start[:4] == b"PK\x03\x04" or start[:8] == OLE:
        needs = _of_workbook(path, name)
    else:
        needs = READ * path.stat().st_size
        _hold_width(_width_of(path), name)
    try:
        with room(needs):  # polars ends the process where it gets none
            frame = read(path).frame
    except DataError as error:
        says = misnamed(name, start) or str(error).replace(f"'{path.name}'", f"'{name}'")
        raise DataError(says) from error
    if frame.height > MOST_ROWS:
        raise DataError(_too_long(name, frame.height))
    _hold_width(frame.width, name)
    return frame


def scored_rows(
    model: Model, frame: pl.DataFrame, tell: Callable[[int], None]
) -> tuple[pl.DataFrame, int, Counts | None]:
    """Predict all rows.

    Parameters
    ----------
    tell : callable
        Told how many rows are done.

    Returns
    -------
    frame : DataFrame
        The rows with prediction, score or ends, decision, flags and version.
    n_flagged : int
    counts : Counts or None
        What is done with how many rows; None where the brief does not say what is done with a score, or rows lack what that
        hangs on.

    Raises
    ------
    RowsError
        When the rows lack a column that the model reads.
    """
    parts = []
    for start in range(0, frame.height, ROWS_AT_ONCE):
        rows = frame.slice(start, ROWS_AT_ONCE)
        try:
            parts.append(_predicted(model, rows, start))
        except RowsError as error:
            if error.row is None:
                raise
            raise error.at(start + error.row) from error
        tell(start + rows.height)
    ours = pl.concat(parts)
    decided, counts = _decided(model, frame, ours)
    ends = [pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in ENDS if name in ours.columns]
    ours = ours.with_columns(*ends, *decided, pl.lit(model.scorer.version).alias("version"))
    names = {name: _free(name, frame.columns) for name in ours.columns}
    n_flagged = int((ours["flags"] != "").sum())
    return frame.hstack(ours.rename(names)), n_flagged, counts


def _predicted(model: Model, rows: pl.DataFrame, start: int) -> pl.DataFrame:
    predictor = model.scorer.predictor
    rows = admitted(model.scorer, rows)
    full = predictor.predict_full(rows)
    refuse_unknown(model.scorer, rows, full.flags["unseen"], start=start)
    columns: dict[str, np.ndarray | list[str]] = {"prediction": np.asarray(full.values)}
    if full.probabilities is not None:
        classes = predictor.contents.classes
        if model.scorer.positive >= 0:
            columns["score"] = full.probabilities[:, model.scorer.positive]
        elif len(classes) <= CLASSES_SHOWN:
            columns |= {f"p_{name}": full.probabilities[:, place] for place, name in enumerate(classes)}
        else:
            columns["score"] = full.probabilities.max(axis=1)
    if full.intervals is not None:
        columns |= {name: full.intervals[:, place] for place, name in enumerate(ENDS)}
    flags = [" ".join(name for name, flag in full.flags.items() if flag[place]) for place in range(rows.height)]
    return pl.DataFrame(columns | {"flags": flags}, strict=False)


def _decided(model: Model, frame: pl.DataFrame, ours: pl.DataFrame) -> tuple[list[pl.Series], Counts | None]:
    """What the brief does with each row; nothing where it says nothing, or rows lack what it reads."""
    brief = model.scorer.brief
    rule = Rule(brief, model.scorer.schema)
    asked = conditions(brief.decision, model.scorer.task)
    if not (rule.decides or asked) or not rule.columns <= {*frame.columns}:
        return [], None
    score = _score(model, ours)
    period = rule.periods(frame)
    keyed = brief.data.key and {*brief.data.key} <= {*frame.columns}
    key = (
        key_texts(frame, brief.data.key, ()) if keyed else pl.Series([f"{place:010}" for place in range(frame.height)])
    )
    control = drawn(key.fill_null(""), brief) & np.full(frame.height, bool(keyed))
    review = (met(asked, score, _predictions(ours, score)) != 0) & ~control
    acts = rule.chosen(score, key, period, rule.acts(frame, score), ~(control | review))
    code = np.where(acts, ACT, LEAVE if rule.decides else -1)
    code[control], code[review] = CONTROL, REVIEW
    starts = rule.starts(period).cast(pl.String)
    if model.persons.said and keyed:
        for place in np.flatnonzero(review).tolist():
            code[place] = NAMES.index(model.persons.said.get((key[place], starts[place] or ""), "review"))
    decided = [words(code).cast(pl.String)]
    if rule.every_s and (period != NO_PERIOD).any():
        decided.append(starts.alias("period"))
    n_acts, n_control, n_review = (int((code == one).sum()) for one in (ACT, CONTROL, REVIEW))
    return decided, Counts(n_acts if rule.decides else None, n_control, n_review)


def _score(model: Model, ours: pl.DataFrame) -> np.ndarray:
    """What decisions are made by, as `Model.score` has it."""
    shown = [f"p_{name}" for name in model.scorer.predictor.contents.classes]
    if "score" not in ours.columns and shown:
        return ours.select(pl.max_horizontal(shown)).to_series().to_numpy()
    return ours["score" if "score" in ours.columns else "prediction"].to_numpy()


def _predictions(ours: pl.DataFrame, score: np.ndarray) -> Predictions:
    flags = {name: ours["flags"].str.contains(name).to_numpy() for name in FLAGS}
    intervals = ours.select(ENDS).to_numpy() if ENDS[0] in ours.columns else None
    return Predictions(score, None, flags, intervals)


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name = f"{name}_"
    return name


def _unpacked_parquet(path: Path, name: str) -> int:
    """Bytes that it unpacks to, unless it is too long: a few bytes may say that they are a thousand million rows."""
    try:
        told = parquet.ParquetFile(path).metadata
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{name}' is a damaged Parquet file ({reason(error)}); make or copy it again") from error
    _hold_width(told.num_columns, name)
    if told.num_rows > MOST_ROWS or told.num_rows * told.num_columns > MOST_CELLS:
        raise DataError(_too_long(name, told.num_rows))
    return sum(told.row_group(place).total_byte_size for place in range(told.num_row_groups))


def _width_of(path: Path) -> int:
    """Columns of a file of text or Arrow; of JSON, the names in it, until there are too many."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        opened = pa.ipc.open_file if head.startswith(b"ARROW1") else pa.ipc.open_stream
        try:
            return len(opened(path.read_bytes()).schema)
        except (pa.ArrowException, OSError):
            return 0  # told when it is read
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"[", b"{"):
        return width_of(head)
    names: set[bytes] = set()
    for one in NAME.finditer(path.read_bytes()):
        names.add(one[1])
        if len(names) > MOST_COLUMNS:
            break
    return len(names)


def _hold_width(n_columns: int, name: str) -> None:
    if n_columns > MOST_COLUMNS:
        raise DataError(
            f"'{name}' holds more than {MOST_COLUMNS:,} columns; leave out those that the model does not read, or use "
            "artificer score"
        )


def _of_workbook(path: Path, name: str) -> int:
    """Bytes that a workbook takes while it is read, unless they are too many."""
    data = path.read_bytes()
    needs = 0 if data.startswith(OLE) else READ * _unpacked_archive(path, name)
    if is_binary(data):
        raise DataError(f"'{name}' is a workbook of a binary form (.xls or .xlsb); save it as .xlsx, CSV or Parquet")
    return needs + CELL_BYTES * refuse_far_cells(data, name, MOST_SHEET)


def _unpacked_archive(path: Path, name: str) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"'{name}' is a damaged workbook ({error}); save it again") from error
    if size > MOST_UNPACKED:
        raise DataError(f"'{name}' unpacks to {size / 2**30:.1f} GiB; save the sheet as Parquet, or send it in parts")
    return size


def _too_long(name: str, n_rows: int) -> str:
    return f"'{name}' holds {n_rows:,} rows, more than {MOST_ROWS:,}; send it in parts, or use artificer score"
