"""The door for tables: an Arrow stream or a Parquet file in, the same kind out, a row for each row."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from artificer.data.row_key import key_of
from artificer.line.ship.server.beside import Beside
from artificer.line.ship.server.choosing import PARAMETERS, Chosen, chosen
from artificer.line.ship.server.doors import Door, RefusedError, body, wrong
from artificer.line.ship.server.fields import unfit
from artificer.line.ship.server.log import Log
from artificer.line.ship.server.memory import ROW_BYTES, room
from artificer.line.ship.server.metrics import FLAGS
from artificer.line.ship.server.openapi import refusals
from artificer.line.ship.server.served import Model, Serving
from artificer.line.ship.server.unpacked import batches_of, see_texts, texts_of
from artificer_runtime import RowsError
from artificer_runtime.predictor import Predictions
from artificer_runtime.values import canonical_text

ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
KINDS = (ARROW, PARQUET)
MOST_ROWS = 500_000  # the answer is held until it is whole, so that an error still has its status
ROWS_AT_ONCE = 8_192
MOST_ERRORS = 1_000
AT_ONCE = 2  # tables under way: others wait
_FLAG_TEXTS = np.array([" ".join(name for bit, name in enumerate(FLAGS) if code >> bit & 1) for code in range(8)])


def doors(serving: Serving) -> tuple[Door, ...]:
    """Predict a table."""
    free = asyncio.Semaphore(AT_ONCE)

    async def batch(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in KINDS:
            said = wrong(f"a table comes as {ARROW} or {PARQUET}", "say which by content-type")
            raise RefusedError(415, [said])
        content = await body(request)
        async with free:
            answer, n_rows, raised = await run_in_threadpool(
                _answered, content, kind, chosen(serving, request), serving
            )
        serving.metrics.predicted(n_rows, raised)
        return Response(answer, media_type=kind)

    return (Door("POST", "/predict/batch", batch, operation=_described()),)


def _answered(content: bytes, kind: str, who: Chosen, serving: Serving) -> tuple[bytes, int, list[tuple[str, int]]]:
    """The answer's bytes, its rows, and how many of them raised each flag.

    Raises
    ------
    RefusedError
        When the body is no table, too long, or lacks a column.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise RefusedError(415, [wrong("tables are not read here: pyarrow is not installed", "send JSON")]) from error
    sink, n_rows, raised = io.BytesIO(), 0, dict.fromkeys(FLAGS, 0)
    writer, schema, log, model = None, None, serving.log, who.model
    try:
        for part in _parts(content, kind, model):
            n_rows += part.num_rows
            ask = partial(_predicted, n_before=n_rows - part.num_rows, raised=raised)
            with room(part.num_rows * ROW_BYTES):
                answer = _of_all(part, who, serving.beside, ask, schema)
                schema = answer.schema
                if not who.named:
                    serving.beside.heard(model, partial(_told, part, answer, model))
                if log is not None:
                    answer = answer.append_column("prediction_id", pa.array(_kept(log, model, part, answer)))
                if writer is None:
                    writer = _writer(sink, answer.schema, kind)
                writer.write(answer)
    except pa.ArrowMemoryError as error:
        raise MemoryError from error
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise RefusedError(400, [wrong(f"the body is no {kind} that can be read", "write it anew")]) from error
    if writer is None:
        raise RefusedError(422, [wrong("no row was sent", "send a table with at least one")])
    writer.close()
    return sink.getvalue(), n_rows, list(raised.items())


def _parts(content: bytes, kind: str, model: Model) -> Iterator[Any]:
    """Up to 8,192 rows at a time, of the columns that are read or given back.

    Raises
    ------
    RefusedError
        When there are too many rows, or a column is absent or stands there twice.
    """
    import pyarrow as pa

    n_rows, needed = 0, [column.name for column in model.asked]
    for table, names in _read(content, kind):
        twice = [name for name, n in Counter(names).items() if n > 1]
        if twice:
            raise RefusedError(
                422, [wrong("the column stands there more than once", "send it once", name) for name in twice]
            )
        lacking = [name for name in needed if name not in names]
        if model.fields.fills:
            for name in lacking:
                table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
        elif lacking:
            said = [wrong("the column is absent", "send it; null where a value is missing", name) for name in lacking]
            raise RefusedError(422, said)
        nested = [name for name in model.decider.reads if name in names and pa.types.is_nested(table[name].type)]
        if nested:
            said = [wrong("a decision needs single values", "send a plain column", name) for name in nested]
            raise RefusedError(422, said)
        n_rows += table.num_rows
        if n_rows > MOST_ROWS:
            raise RefusedError(413, [wrong(f"the table has more than {MOST_ROWS:,} rows", "send it in parts")])
        for start in range(0, table.num_rows, ROWS_AT_ONCE):
            part = table.slice(start, ROWS_AT_ONCE)
            see_texts(part, n_rows - table.num_rows + start)
            yield _unpacked(part, kind)


def _read(content: bytes, kind: str) -> Iterator[tuple[Any, list[str]]]:
    import pyarrow as pa

    if kind == ARROW:
        with pa.ipc.open_stream(pa.py_buffer(content)) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch]), batch.schema.names
        return
    import pyarrow.parquet as pq

    texts = texts_of(pq.read_schema(pa.BufferReader(content)))
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts) as file:
        if file.metadata.num_rows > MOST_ROWS:
            raise RefusedError(413, [wrong(f"the table has more than {MOST_ROWS:,} rows", "send it in parts")])
        for batch in batches_of(file, ROWS_AT_ONCE):
            yield pa.Table.from_batches([batch]), batch.schema.names


def _unpacked(part: Any, kind: str) -> Any:
    """Rows of Parquet with their texts as they were written: we packed them to look at them."""
    import pyarrow as pa

    if kind == ARROW:
        return part
    columns = {
        name: pa.chunked_array([one.dictionary_decode() for one in part[name].chunks], part[name].type.value_type)
        if pa.types.is_dictionary(part[name].type)
        else part[name]
        for name in part.column_names
    }
    return pa.table(columns)


def _of_all(part: Any, who: Chosen, beside: Beside, ask: Callable[..., Any], schema: Any) -> Any:
    """A part's answers, each by the version that is named, or to which its row falls; columns are the served one's.

    They are the first answers' columns: which rows a table begins with must not say what is told of the others.
    """
    import pyarrow as pa

    served, split = who.model, None
    if beside.sharing and not who.named:
        drawn_by = part.select(list(served.key)) if all(_keys(part, served)) else part
        split = beside.split(served, drawn_by.to_pylist())
    if split is None:
        return _like(ask(part, served), schema)
    found, split = list[Any](), dict(sorted(split.items()))  # the served one is "", and first
    for version, places in split.items():
        answers, _ = beside.asked(version, served, partial(ask, part.take(places), places=places))
        found.append(_like(answers, found[0].schema if found else schema))
    order = np.argsort([place for places in split.values() for place in places])
    return pa.concat_tables(found).take(order)


def _told(part: Any, answer: Any, model: Model) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of a part, and the answers to them, as a JSON request has them."""
    classes, answers = model.scorer.predictor.contents.classes, []
    for one in answer.to_pylist():
        told = {name: one[name] for name in ("prediction", "decision", "version") if name in one}
        if classes:
            told["probabilities"] = {name: one[f"probability_{name}"] for name in classes}
        answers.append(told)
    return part.to_pylist(), answers


def _like(answers: Any, schema: Any) -> Any:
    """The same columns as another version's answers have, where any came before; null where a version knows less."""
    import pyarrow as pa

    if schema is None or answers.schema == schema:
        return answers
    columns = {
        field.name: answers[field.name] if field.name in answers.column_names else pa.nulls(len(answers), field.type)
        for field in schema
    }
    return pa.table(columns)


def _predicted(
    part: Any, model: Model, *, n_before: int, raised: dict[str, int], places: Sequence[int] | None = None
) -> Any:
    """Answers to some rows of a part: key, prediction, probabilities, score or ends, what is done with it, flags, version.

    Parameters
    ----------
    n_before : int
        Rows before the part.
    places : sequence of int, optional
        Where in the part these rows stand; default: they are all of it.
    """
    import pyarrow as pa

    scorer = model.scorer

    def in_table(row: int) -> int:
        return n_before + (row if places is None else int(places[row]))

    _see_numbers(part, model, in_table)
    try:
        found = scorer.predictor.predict_full(part.select([column.name for column in model.columns]))
    except RowsError as error:
        row = in_table(error.row or 0)
        said = str(error if error.row is None else error.at(row))
        raise RefusedError(422, [wrong(said, "see /schema", error.column, row)]) from error
    if model.fields.strict and found.flags["unseen"].any():
        unknown = model.fields.unknown(scorer.predictor.schema, part)[:MOST_ERRORS]
        raise RefusedError(422, [one | {"row": in_table(one["row"])} for one in unknown])
    columns = {name: part[name] for name in scorer.brief.data.key if name in part.column_names}
    columns["prediction"] = pa.array(found.values.tolist())
    if found.probabilities is not None:
        for place, name in enumerate(scorer.predictor.contents.classes):
            columns[f"probability_{name}"] = pa.array(found.probabilities[:, place])
        if scorer.positive >= 0:
            columns["score"] = pa.array(model.score(found))
    if found.intervals is not None:
        for place, name in enumerate(("low", "high")):
            ends = found.intervals[:, place]
            columns[name] = pa.array(ends, mask=~np.isfinite(ends))
    columns |= _decided(part, model, found)
    code = np.zeros(part.num_rows, np.int64)
    for bit, name in enumerate(FLAGS):
        code += found.flags[name].astype(np.int64) << bit
        raised[name] += int(found.flags[name].sum())
    columns["flags"] = pa.array(_FLAG_TEXTS[code].tolist())
    columns["version"] = pa.array([scorer.version] * part.num_rows)
    return pa.table(columns)


def _see_numbers(part: Any, model: Model, in_table: Callable[[int], int]) -> None:
    """See that no truth value stands where a number is needed, as for rows of JSON."""
    import pyarrow as pa

    for column in model.columns:
        cells = part[column.name]
        if column.kind == "number" and pa.types.is_boolean(cells.type) and cells.null_count < len(cells):
            said, fix = unfit(True, column) or ("", "")
            row = next(row for row, cell in enumerate(cells.to_pylist()) if cell is not None)
            raise RefusedError(422, [wrong(said, fix, column.name, in_table(row))])


def _decided(part: Any, model: Model, found: Predictions) -> dict[str, Any]:
    """Columns that say what is done with each row, as far as the brief says it."""
    import pyarrow as pa

    decider = model.decider
    if not decider.names:
        return {}
    keys = _keys(part, model) if decider.reads_keys else ()
    read = [name for name in decider.reads if name in part.column_names]
    said = decider(part.select(read).to_pylist() if read else (), keys, model.score(found), found)
    columns = {"decision": pa.array(said.decision, pa.string())}
    if "review" in decider.names:
        columns["review"] = pa.array(said.review)
    return columns | ({"period": pa.array(said.period)} if said.period else {})


def _keys(part: Any, model: Model) -> list[str]:
    """The key of each row; "" without one."""
    if not all(name in part.column_names for name in model.key):
        return [""] * int(part.num_rows)
    return [key_of(values) for values in zip(*(part[name].to_pylist() for name in model.key), strict=True)]


def _kept(log: Log, model: Model, part: Any, answer: Any) -> list[str]:
    """Keep the answers in the ledger, and give their ids."""
    columns, classes = set(answer.column_names), model.scorer.predictor.contents.classes
    n_rows = answer.num_rows

    def values(name: str) -> list[Any]:
        return list(answer[name].to_pylist()) if name in columns else [None] * n_rows

    score, said = values("score" if "score" in columns else "prediction"), [""] * n_rows
    if classes and "score" not in columns:
        score = np.max([answer[f"probability_{name}"].to_numpy() for name in classes], axis=0).tolist()
        said = list(map(canonical_text, values("prediction")))
    decided, review, period = ([one or "" for one in values(name)] for name in ("decision", "review", "period"))
    told = zip(
        _keys(part, model), score, said, decided, *map(values, ("flags", "low", "high")), review, period, strict=True
    )
    return [
        log.keep(version, *others, review=review, period=period)
        for version, (*others, review, period) in zip(values("version"), told, strict=True)
    ]


def _writer(sink: io.BytesIO, schema: Any, kind: str) -> Any:
    if kind == ARROW:
        import pyarrow as pa

        return pa.ipc.new_stream(sink, schema)
    import pyarrow.parquet as pq

    return pq.ParquetWriter(sink, schema)


def _described() -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS}
    says = (
        "a row for each row: key, prediction, probability of each class, score, what is done with the row, flags, version, "
        "prediction_id"
    )
    return {
        "summary": f"Predict a table of up to {MOST_ROWS:,} rows, as an Arrow stream or a Parquet file",
        "parameters": PARAMETERS,
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": says, "content": content}}
        | refusals("400", "404", "408", "413", "415", "422"),
    }
