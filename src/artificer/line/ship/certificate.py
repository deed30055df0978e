"""The parity certificate: a packed package, read back from disk, predicts as training did, in each way there is to run it.

Compared are rows at the edges of the schema and a draw of the training rows, from their raw values on: with what the
training libraries themselves predict of them, with the model that was judged, and each way with the others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

import artificer_runtime
from artificer.core.errors import FaultError
from artificer.core.run import Run
from artificer.core.stages import Asked, Model, Way
from artificer.data.edges import drawn, edge_rows
from artificer.data.table import normalise
from artificer.line.ask.rows import labelled
from artificer.line.refine.refit import NATIVE
from artificer.line.refine.seeds import averaged
from artificer_runtime import walk
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees
from artificer_runtime.outcome import tempered
from artificer_runtime.package import zipped
from artificer_runtime.predictor import Predictor
from artificer_runtime.verification import difference, one_by_one

# Relative difference that single precision and another order of adding up explain; ways to run a package give equal bits.
LIBRARIES, SAME = 1e-5, 0.0


def certify(run: Run, asked: Asked, model: Model, package: Path) -> tuple[Way, ...]:
    """Compare every way to run a package that was just written.

    Returns
    -------
    tuple of Way
        What was compared with what, on how many rows, and the largest difference.

    Raises
    ------
    FaultError
        When one differs by more than it may.
    """
    for part in model.parts:
        _hold(Way(f"{part.candidate} and its library", 0, part.parity, LIBRARIES))
    predictor = artificer_runtime.load(package)
    frame = _rows(run, asked, predictor)
    wanted = predictor.raw(predictor.schema.encode(frame))
    found = dict(_ways(run, model, package, predictor, frame))
    ways = [_hold(Way(name, len(raw), difference(raw, wanted), SAME)) for name, raw in found.items()]
    if model.refitted:
        libraries = _libraries(run, model, predictor, frame.height)
        ways.insert(0, _hold(Way("training libraries", frame.height, difference(wanted, libraries), LIBRARIES)))
    return tuple(ways)


def _hold(way: Way) -> Way:
    if not way.largest <= way.tolerance:
        raise FaultError(
            f"the package differs from training ({way.name}) by {way.largest:.2g}, and {way.tolerance:.2g} is allowed; it is "
            "not shipped, and nothing of it stays. Please report this, with the versions that `artificer doctor` prints"
        )
    return way


def _rows(run: Run, asked: Asked, predictor: Predictor) -> pl.DataFrame:
    """Edge rows, then the draw of training rows, in canonical form."""
    schema = predictor.schema
    names = [column.name for column in schema.columns]
    edges = pl.DataFrame(edge_rows(schema), infer_schema_length=None).select(
        pl.col(column.name).cast(pl.Float64 if column.kind == "number" else pl.String) for column in schema.columns
    )
    train = labelled(run, asked, asked.train).frame.select(names)
    return pl.concat([normalise(edges, schema), normalise(train[drawn(train.height)], schema)], how="vertical")


def _ways(
    run: Run, model: Model, package: Path, predictor: Predictor, frame: pl.DataFrame
) -> Iterator[tuple[str, np.ndarray]]:
    schema, dicts = predictor.schema, frame.to_dicts()
    judged = artificer_runtime.load(run.path(model.folder))
    yield "the judged model", judged.raw(judged.schema.encode(frame))
    yield "rows as dicts", predictor.raw(schema.encode(dicts))
    yield "one row at a time", one_by_one(predictor, dicts)
    yield "an Arrow table", predictor.raw(schema.encode(frame.to_arrow()))
    edges = edge_rows(schema)
    as_written = predictor.raw(schema.encode(edges))
    yield "edges as texts", np.concatenate([as_written, predictor.raw(schema.encode(frame[len(edges) :]))])
    if walk.KERNEL is not None:
        with walk.by_numpy():
            yield "numpy walk", artificer_runtime.load(package).raw(schema.encode(frame))
    with tempfile.TemporaryDirectory(prefix="artificer-") as folder:
        zipped(package, Path(folder) / "package.zip")
        yield "zip file", artificer_runtime.load(Path(folder) / "package.zip").raw(schema.encode(frame))


def _libraries(run: Run, model: Model, predictor: Predictor, n_rows: int) -> np.ndarray:
    """What the training libraries' own models predict, blended as the package blends its members."""
    contents, total = predictor.contents, np.zeros(())
    members = iter(contents.members)
    for name in dict.fromkeys(part.candidate for part in model.parts):
        folders = [run.path(part.folder) for part in model.parts if part.candidate == name]
        seeds = [np.load(folder / NATIVE, allow_pickle=False)[-n_rows:] for folder in folders]
        first = next(members)
        if len(seeds) > 1 and isinstance(first.member, Trees | Oblivious):
            seeds = [averaged(seeds, first.member.link)]
        for seed, one in zip(seeds, chain([first], members), strict=False):
            total = total + one.weight * (np.expm1(seed) if contents.transform == "log1p" else seed)
    return tempered(total, contents.temperature)
