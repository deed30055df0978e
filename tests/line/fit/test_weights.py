"""Row weights: only their ratios count; folds and halves of rows without weight are still trained on, and choose nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, RunPart, Target
from artificer.core.run import Run
from artificer.core.store import Workspace
from artificer.line.ask import ask
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.fit.course import course, relative, sizes, weighing
from artificer.line.refine import _gather, refine

N = 240


def run_of(folder: Path, weight: np.ndarray, **data: str) -> Run:
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    columns = {"x": x, "y": np.where(x + 0.5 * rng.normal(size=N) > 0, "yes", "no"), "w": weight}
    when = pl.Series(np.datetime64("2024-01-01") + np.arange(N).astype("timedelta64[D]"))
    frame = pl.DataFrame({**columns, "lot": np.arange(N) % 4, "day": when})
    part = RunPart(limit_s=60, learners=("linear", "catboost"), exclude=("catboost_engineered",))
    brief = Brief(target=Target(column="y"), data=Data(weight="w", **data), run=part)  # type: ignore[arg-type]
    return Run(brief, folder, Workspace(folder), frame=frame, effects=False, seal=False, judged=False)


def test_rows_that_all_weigh_nothing_weigh_alike() -> None:
    weight = np.array([0.0, 0.0, 2.0])
    assert weighing(weight, np.array([0, 1])) is None
    assert weighing(None, np.array([0])) is None
    np.testing.assert_array_equal(weighing(weight, np.array([1, 2])), [0.0, 2.0])


@pytest.mark.parametrize("unit", [1e-306, 1 / N, 5_000.0, 1e306])
def test_weights_of_any_unit_weigh_as_much_as_those_of_mean_one(unit: float) -> None:
    weight = np.random.default_rng(0).uniform(0.5, 1.5, N)
    weight[:40] = 0.0
    assert relative(np.ones(3)).tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(relative(weight * unit), weight / weight[40:].mean())


@pytest.mark.parametrize("target", ["class", "number"])
def test_weights_that_sum_to_one_give_the_score_of_weights_around_one(tmp_path: Path, target: str) -> None:
    weight = np.random.default_rng(0).uniform(0.5, 1.5, N)
    part = RunPart(limit_s=60, learners=("linear",))
    scores = []
    for place, unit in enumerate((1.0, 1 / weight.sum())):
        run = run_of(tmp_path / str(place), weight * unit)
        column = Target(column="y" if target == "class" else "x")
        run.brief = replace(run.brief, target=column, run=part)
        scores.append(refine(run).score.value)
    assert scores[0] == pytest.approx(scores[1], rel=1e-3), "penalties count rows, whatever the unit of weights"


def test_rows_weigh_less_the_larger_their_target_where_errors_are_shares_of_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, np.ones(N))
    run.brief = replace(run.brief, target=Target(column="x", kind="number"))
    ways = {}
    for name in ("mae", "mape"):
        own = replace(run, metric=name, results={})
        made = course(own, ask(own), choose(own), design(own), encode(own))
        ways[name] = made.weight, made.identity, made.rows.weight
    np.testing.assert_array_equal(ways["mae"][0], np.ones(N))
    np.testing.assert_array_equal(ways["mape"][2], np.ones(N), "in scores a row counts as it came")
    x = run.frame["x"].to_numpy()
    np.testing.assert_allclose(ways["mape"][0], relative(1 / sizes(x)))
    assert sizes(x).min() == np.quantile(np.abs(x), 0.01), "a target near 0 is not all that is learned from"
    assert ways["mae"][1] != ways["mape"][1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weight", "data"),
    [(np.arange(N) >= 150, {"time": "day"}), (np.arange(N) % 4 == 0, {"group": "lot"}), (np.arange(N) < 3, {})],
)
def test_a_fold_without_weight_is_trained_on_and_only_rows_with_weight_choose(
    tmp_path: Path, weight: np.ndarray, data: dict[str, str]
) -> None:
    run = run_of(tmp_path, weight.astype(float), **data)
    assert [trial.candidate.name for trial in fit(run).trials if trial.score is not None] == ["linear", "catboost"]
    measured = _gather(run)[0]
    assert measured.weight is not None
    assert measured.weight.all()
    assert refine(run).refitted
