"""A world whose truth is known: success is the logistic of a + 1.5 x, the model says it rightly, and `shop` tells nothing.

Of several classes "low" is likelier the smaller x is, "high" as much the larger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from client import COLUMNS

import artificer_runtime
from artificer.core.brief import Brief, Data, RunPart, Target, Task
from artificer.core.life import Tracked
from artificer.core.stages import Contract, RunLock
from artificer.core.store import encode, named_bytes
from artificer.line.ask.rows import Labelled
from artificer.line.judge import Judged
from artificer.line.ship.reference import summed_up
from artificer.line.track import Version, opened, tracked
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, add_files, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

# Two learners are enough where the portfolio is not what is tested.
TWO = RunPart(learners=("lightgbm", "linear"))

SLOPE = 1.5
CLASSES = {"binary": ("no", "yes"), "multiclass": ("high", "low", "middle"), "regression": ()}
SLOPES, BASES = (2.0, -2.0, 0.0), (0.0, 0.0, 1.0)  # of several classes
FEATURES = Schema((Column("x", "number", low=-4.5, high=4.5), Column("shop", "category", ("a", "b"))))


@dataclass(frozen=True)
class Rows:
    """How rows are drawn: the mean and spread of x, and what makes a success."""

    mean: float = 0.0
    spread: float = 1.0
    slope: float = SLOPE
    base: float = 0.0
    shops: tuple[str, ...] = ("a", "b")
    shares: tuple[float, ...] = (0.5, 0.5)
    first_day: int = 0
    n_days: int = 120

    def draw(self, n: int, seed: int, task: Task = "binary") -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        x = rng.normal(self.mean, self.spread, n)
        won = np.where(rng.random(n) < 1 / (1 + np.exp(-self.base - self.slope * x)), "yes", "no")
        if task == "multiclass":  # the largest of scores with Gumbel noise is drawn with the softmax's chances
            won = np.array(CLASSES[task])[(np.outer(x, SLOPES) + BASES + rng.gumbel(size=(n, 3))).argmax(axis=1)]
        day = np.sort(rng.integers(self.first_day, self.first_day + self.n_days, n))
        return pl.DataFrame(
            {
                "id": np.arange(n),
                "day": pl.Series(np.datetime64("2024-01-01", "D") + day).cast(pl.Date),
                "x": x,
                "shop": rng.choice(self.shops, n, p=self.shares),
                "cost": rng.uniform(0, 9, n).round(1),
                "won": x + rng.normal(0, 1, n) if task == "regression" else won,
            }
        )


@dataclass(frozen=True)
class World:
    """A package, judged on rows of its own."""

    folder: Path
    brief: Brief
    version: Version

    def track(self, frame: pl.DataFrame) -> Tracked:
        return tracked(self.version, frame, self.brief)


def build(
    folder: Path,
    drawn: Rows | None = None,
    *,
    n: int = 3000,
    seed: int = 0,
    metric: str = "roc_auc",
    time: str = "",
    task: Task = "binary",
) -> World:
    """Make a package that was judged on rows drawn as is said."""
    drawn = drawn or Rows()
    positive = "yes" if task == "binary" else ""
    brief = Brief(run=TWO, target=Target(column="won", positive=positive), data=Data(time=time))
    model_hash = write(folder, _contents(task, 1.0 if task == "regression" else drawn.slope, drawn.base))
    contract = Contract(Schema((*FEATURES.columns, *COLUMNS.columns[2:])), target="won")
    extra = {
        "card.json": json.dumps({"score": {"metric": metric}, "positive": positive}).encode(),
        "contract.json": encode(contract),
        "run.lock": named_bytes(RunLock("run", brief, "", "", model_hash, {}, (), {}, {})),
        "reference.json": encode(summed_up(judged(folder, drawn.draw(n, seed, task), time), metric, task, time)),
    }
    add_files(folder, extra)
    return World(folder, brief, opened(folder))


def judged(package: Path, frame: pl.DataFrame, time: str) -> Judged:
    """Rows as the tests of a verdict see them."""
    won = frame["won"]
    predictor = artificer_runtime.load(package)
    classes = predictor.contents.classes
    y = won.to_numpy() if not classes else np.array([classes.index(one) for one in won], float)
    moment = frame["day"].cast(pl.Datetime("ms")).dt.epoch("s").to_numpy().astype(float) if time else None
    prediction = predictor.raw(predictor.schema.encode(frame))
    return Judged(Labelled(frame.drop("won"), y, time=moment), y, prediction, None, predictor)


def _contents(task: Task, slope: float, base: float) -> Contents:
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", ("x",)),)), FEATURES, {"numbers": {}})
    link = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}[task]
    slopes = np.array([SLOPES]).T if task == "multiclass" else np.full((1, 1), slope)
    bases = np.array(BASES) if task == "multiclass" else np.full(1, base)
    member = Linear(slopes, bases, np.zeros(1, np.float32), link)  # type: ignore[arg-type]
    return Contents(task, "won", CLASSES[task], "string", recipe, (Weighted(member, 1.0, ("numbers",)),))
