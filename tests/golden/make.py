"""Makes the golden packages of a release: ``python tests/golden/make.py`` adds to tests/golden/VERSION/ what is not there yet.

What lies there stays for ever as it is: small models of the bank's calls (Moro, Cortez and Rita 2014, UCI Machine Learning
Repository, CC BY 4.0) that hold every step and every form of member. Each is a zip, with rows and what the package predicted
of them when it was made.
"""

from __future__ import annotations

import json
import platform
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

import artificer_runtime
from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.data.edges import edge_rows
from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.fit.learners import load
from artificer_runtime.outcome import Residuals
from artificer_runtime.package import Contents, Weighted, add_files, write, zipped
from artificer_runtime.recipe import Block, FittedRecipe, Recipe, fit_recipe
from artificer_runtime.schema import Schema
from artificer_runtime.verification import NAME, written

N_ROWS, N_KEPT = 400, 40
NUMBERS, CODES, TIMES, TEXTS = ("age", "balance"), ("job", "education", "area"), ("called_on", "first_on"), ("said",)
BOOLEANS = ("married",)  # of the packages that are named in LOSSES
BLOCKS = (
    Block("numbers", "numbers@1", NUMBERS),
    Block("scaled", "scaled@1", NUMBERS),
    Block("hinges", "hinges@1", NUMBERS),
    Block("names", "number_means@1", ("day",)),
    Block("codes", "codes@1", CODES),
    Block("flags", "codes@1", BOOLEANS),
    Block("flags_hot", "one_hot@1", BOOLEANS),
    Block("one_hot", "one_hot@1", CODES),
    Block("means", "target_mean@1", CODES),
    Block("counts", "counts@1", CODES),
    Block("level_numbers", "level_numbers@1", ("area",), {"numbers": [[1.0, 2.0, 3.0, 4.0]]}),
    Block("engineered", "engineered@1", (*NUMBERS, *CODES), {"n_codes": 3, "most_arithmetic": 4, "most_crossed": 4}),
    Block("dates", "dates@1", TIMES),
    Block("gaps", "date_gaps@1", TIMES),
    Block("words", "words@1", TEXTS, {"max_words": 20}),
    Block("letters", "words@1", TEXTS, {"max_words": 20, "letters": [3]}),
    Block("factors", "word_factors@1", TEXTS, {"n_factors": 3}),
    Block("says", "text_score@1", TEXTS, {"max_words": 20}),
    Block("shape", "text_shape@1", TEXTS),
)
TREES = ("numbers", "names", "codes", "counts", "level_numbers", "engineered", "dates", "gaps", "factors", "says")
SMOOTH = ("scaled", "hinges", "one_hot", "means", "gaps")
MEMBERS = {
    "binary": {
        "lightgbm": (TREES, {"max_iterations": 12}),
        "catboost": (("numbers", "means"), {"max_iterations": 12, "depth": 3}),
        "linear": ((*SMOOTH, "words", "letters"), {}),
    },
    "multiclass": {
        "discriminant": (SMOOTH, {"sharpness": 1.0}),
        "network": (("scaled", "one_hot"), {"epochs": 2, "hidden": 12, "max_iterations": 1}),
        "extra_trees": (("numbers", "codes"), {"trees": 10, "min_samples_leaf": 30}),
    },
    "regression": {"kernel": (("scaled",), {}), "lightgbm": (("numbers", "codes"), {"max_iterations": 8})},
    "amounts": {
        "lightgbm": (("numbers", "codes", "flags"), {"max_iterations": 8}),
        "linear": (("scaled", "one_hot", "flags_hot"), {}),
    },
    "leaves": {
        "lightgbm": (("numbers", "codes"), {"max_iterations": 8}),
        "extra_trees": (("numbers", "codes"), {"trees": 10, "min_samples_leaf": 1}),
    },
    "looks": {"lightgbm": (("numbers", "shape"), {"max_iterations": 8}), "linear": (("scaled", "shape"), {})},
}
TASKS = {"amounts": "regression", "leaves": "multiclass", "looks": "binary"}
LOSSES = {"amounts": "poisson"}  # whose mean is the exponential of what is added up
TARGETS = {
    "binary": "deposit",
    "multiclass": "marital",
    "regression": "balance",
    "amounts": "campaign",
    "leaves": "marital",
    "looks": "deposit",
}


def main() -> None:
    """Write the packages of this version that are not there yet."""
    place = Path(__file__).parent / artificer_runtime.__version__
    place.mkdir(exist_ok=True)
    frame = rows()
    for name, members in MEMBERS.items():
        if (place / f"{name}.zip").exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            made, read = contents(name, members, frame)
            write(Path(folder) / "package", made)
            predictor = artificer_runtime.load(Path(folder) / "package")
            add_files(Path(folder) / "package", {NAME: written(predictor, edge_rows(predictor.schema)[:60])})
            zipped(Path(folder) / "package", place / f"{name}.zip")
            kept = json.loads(read.tail(N_KEPT).write_json())
            found = artificer_runtime.load(place / f"{name}.zip").raw(predictor.schema.encode(kept))
        wanted = {"rows": kept, "raw": found.tolist(), "made_on": machine()}
        (place / f"{name}.json").write_text(json.dumps(wanted, indent=None))


def rows() -> pl.DataFrame:
    """Some of the bank's calls; an area of digits, a second date and a text are made of their columns."""
    with (files("artificer.case") / "calls_2008.parquet").open("rb") as file:
        calls = pl.read_parquet(file).gather_every(7).head(N_ROWS + N_KEPT)
    place = pl.int_range(pl.len())
    return calls.with_columns(
        day=pl.col("called_on").dt.day(),
        area=pl.Series(["a1", "a2", "a3", "a4"] * len(calls)).head(len(calls)),
        first_on=pl.col("called_on").dt.offset_by("-40d") - pl.duration(days=place % 90),
        said=pl.concat_str(["job", "marital", "education", "contact"], separator=" ", ignore_nulls=True),
        called_on=pl.col("called_on"),
        married=pl.col("marital") == "married",
    )


def contents(package: str, members: dict, frame: pl.DataFrame) -> tuple[Contents, pl.DataFrame]:
    """Fit one package's recipe and members."""
    target, loss = TARGETS[package], LOSSES.get(package, "")
    task = TASKS.get(package, package)
    labels = frame[target].cast(pl.Float64 if task == "regression" else pl.String)
    y, classes = labels.to_numpy(), ()
    if task != "regression":
        classes = tuple(sorted(set(labels.to_list())))
        y = np.array([classes.index(one) for one in labels.to_list()], float)
    columns = [one for one in ("age", "balance", "day", *CODES, *TIMES, *TEXTS) if one != target]
    columns += BOOLEANS if loss else ()
    used = {block for blocks, _ in members.values() for block in blocks}
    blocks = tuple(_of(block, columns) for block in BLOCKS if block.name in used)
    schema = infer_schema(frame.select(columns))
    schema = Schema(tuple(_kind(one) for one in schema.columns))
    encoded = schema.encode(normalise(frame.head(N_ROWS), schema))
    y = np.log1p(np.abs(y[:N_ROWS])) if package == "regression" else y[:N_ROWS]
    fitted, made = fit_recipe(Recipe(blocks), schema, encoded, y, n_classes=len(classes))
    assert isinstance(fitted, FittedRecipe)
    weighted = tuple(
        Weighted(member(name, made, read, settings, y, task, len(classes), fitted, loss), 1 / len(members), read)
        for name, (read, settings) in members.items()
    )
    outcome = {
        "binary": {"temperature": 1.25},
        "multiclass": {"multipliers": tuple(1.0 + 0.5 * n for n in range(len(classes)))},
        "regression": {
            "transform": "log1p",
            "residuals": Residuals((0.0, 8.0), (1.0, 2.0), (0.05, 0.95), (-2.0, 2.0), 100),
        },
    }.get(package, {})
    return Contents(task, target, classes, "string", fitted, weighted, **outcome), frame.select(columns)


def _of(block: Block, columns: list[str]) -> Block:
    return Block(block.name, block.step, tuple(one for one in block.columns if one in columns), block.settings)


def _kind(column):
    from dataclasses import replace

    kinds = {"day": "number", "said": "text"}
    return replace(
        column, kind=kinds.get(column.name, column.kind), levels=() if column.name == "said" else column.levels
    )


def member(name, made, read, settings, y, task, n_classes, fitted, loss):
    """Train one member on some blocks."""
    X = np.ascontiguousarray(np.concatenate([made[one] for one in read], axis=1), np.float32)
    names = tuple(f"{one}:{feature}" for one in read for feature in fitted.names(one))
    half = len(X) // 2
    fold = Fold(X, y, task, n_classes, names, X[half:], y[half:], loss=loss)
    return load(name).fit(fold, settings, Clock()).member


def machine() -> dict[str, object]:
    """What the last bits of an exponential hang on."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {"numpy": np.__version__, "machine": platform.machine(), "simd": [*simd["baseline"], *simd["found"]]}


if __name__ == "__main__":
    main()
