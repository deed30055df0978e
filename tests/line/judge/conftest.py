"""One model on rows made for the test: what the lines, slices and effects of a verdict see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, Capacity, Data, DecisionPart, Features, Target, Task, Value
from artificer.core.run import Run
from artificer.core.stages import Asked, Rows
from artificer.core.store import Workspace
from artificer.line.ask.requirements import requirements
from artificer.line.ask.rows import Labelled
from artificer.line.judge.seen import Seen
from artificer.measure.metrics import default_metric
from artificer_runtime import Predictor
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

DAY_S = 86_400.0
CLASSES = {"binary": ("no", "yes"), "multiclass": ("blue", "green", "red"), "regression": ()}
Make = Callable[..., Seen]


def contents(coefficients: Mapping[str, float], task: Task = "binary", classes: tuple[str, ...] = ()) -> Contents:
    """A linear model over numbers, as a package holds it."""
    names = tuple(coefficients)
    schema = Schema(tuple(Column(name, "number", low=-3.0, high=3.0) for name in names))
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", names),)), schema, {"numbers": {}})
    weights = np.array([list(coefficients.values())])
    link = "identity" if task == "regression" else "logit"
    member = Linear(weights, np.zeros(1), np.zeros(len(names), np.float32), link)
    classes = classes or CLASSES[task]
    return Contents(task, "won", classes, "string", recipe, (Weighted(member, 1.0, ("numbers",)),))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Build what a verdict sees, from labels and predictions."""

    def make(
        y: Any,
        prediction: Any,
        *,
        task: Task = "binary",
        accept: Mapping[str, Accept] | None = None,
        days: Any = None,
        capacity: Capacity | None = None,
        threshold: float | None = None,
        value: Value | None = None,
        features: Features | None = None,
        coefficients: Mapping[str, float] | None = None,
        **columns: Any,
    ) -> Seen:
        y = np.asarray(y, np.float64)
        given = np.asarray(prediction, np.float64)
        frame = pl.DataFrame({"x": np.linspace(-3, 3, len(y)), **columns})
        brief = Brief(
            target=Target(column="won"),
            data=Data(time="day" if days is not None else ""),
            decision=DecisionPart(capacity=capacity, threshold=threshold, value=value),
            accept=dict(accept or {}),
            features=features or Features(),
        )
        folder = tmp_path / "package"
        if not folder.exists():
            write(folder, contents(coefficients or {"x": 1.0}, task))
        numbers = [
            Column(name, "number", low=-3.0, high=3.0) for name in frame.columns if frame[name].dtype.is_numeric()
        ]
        levels = [
            Column(name, "category", tuple(sorted(frame[name].unique())))
            for name in frame.columns
            if frame[name].dtype == pl.String
        ]
        asked = Asked(
            task=task,
            train=Rows("", len(y), ""),
            schema=Schema((*numbers, *levels)),
            features=tuple(frame.columns),
            classes=CLASSES[task],
            positive=1 if task == "binary" else -1,
            requirements=requirements(brief, task),
        )
        two = np.stack([1 - given, given], axis=1) if task == "binary" else given.reshape(len(y), -1)
        return Seen(
            run=Run(brief, tmp_path, Workspace(tmp_path / "work", durable=False)),
            asked=asked,
            rows=Labelled(frame, y, time=None if days is None else np.asarray(days, np.float64) * DAY_S),
            y=y,
            prediction=two,
            linear=None,
            constant=np.array([0.5, 0.5]),
            metric=default_metric(task),
            level=0.95,
            predictor=Predictor(contents(coefficients or {"x": 1.0}, task)),
            folder=folder,
        )

    return make


@pytest.fixture
def graded(make: Make) -> Callable[..., Seen]:
    """1,000 rows over 50 days, of which a third succeed, ranked well but not perfectly."""

    def graded(n_rows: int = 1000, **fields: Any) -> Seen:
        rng = np.random.default_rng(7)
        y = (rng.random(n_rows) < 1 / 3).astype(np.float64)
        success = 1 / (1 + np.exp(-(2.0 * y - 1.7 + rng.normal(size=n_rows))))
        days = fields.pop("days", np.sort(rng.integers(0, 49, n_rows)))
        return make(y, success, days=days, **fields)

    return graded
