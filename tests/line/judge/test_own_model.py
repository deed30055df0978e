"""The line's own model is tested as any other is, within what the run has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, RunPart, Target
from artificer.flow import judge
from artificer.line.ask import begin
from artificer.line.ask.rows import Labelled
from artificer.line.judge.examined import Examined, Predict, Rows, UnfinishedError
from artificer.line.judge.own_model import tests_of as examined_by
from artificer.line.judge.retrained import Retrained
from artificer.line.judge.seen import Seen
from artificer.line.judge.tests import run_tests
from artificer.line.judge.tests.seed_stability import seed_stability

Make = Callable[..., Seen]


def drawn(make: Make, **fields: Any) -> tuple[Seen, Labelled]:
    """A model that is right about x and does not read `shop`, judged on 600 rows; other rows trained it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1_200)
    y = (rng.random(1_200) < 1 / (1 + np.exp(-2 * x))).astype(float)
    p = 1 / (1 + np.exp(-2 * x[:600]))
    seen = make(y[:600], p, x=x[:600], shop=["a", "b"] * 300, coefficients={"x": 2.0}, **fields)
    return seen, Labelled(pl.DataFrame({"x": x[600:], "won": y[600:]}), y[600:])


def test_on_sealed_rows_all_tests_run_that_train_nothing(make: Make) -> None:
    tests, findings = examined_by(*drawn(make), "another run trained this model", sealed=True)
    ran = {test.code: test.outcome for test in tests if test.outcome != "not run"}
    assert set(ran) == {
        "leakage",
        "overlap",
        "monotone",
        "classes",
        "invariance",
        "against_trivial",
        "against_linear",
        "overfit",
        "calibration",
        "robustness",
        "unused_features",
        "cost",
        "power",
    }
    assert ran["against_trivial"] == ran["calibration"] == "passed"
    assert findings[0].code == "tests"
    assert "seed_stability (another run trained this model)" in findings[0].says


def test_columns_that_it_does_not_read_are_not_its_business(make: Make) -> None:
    seen, train = drawn(make)
    told = replace(seen, rows=replace(seen.rows, frame=seen.rows.frame.with_columns(after=pl.Series(seen.y))))
    tests, _ = examined_by(told, train, "", sealed=True)
    assert next(test.outcome for test in tests if test.code == "leakage") == "passed"


def test_out_of_fold_the_model_itself_is_not_asked(make: Make) -> None:
    tests, _ = examined_by(*drawn(make), "", sealed=False)
    because = {test.code: test.because for test in tests}
    assert "out of fold" in because["robustness"]
    assert "out of fold" in because["overfit"]
    assert because["calibration"] == ""


def test_a_training_that_does_not_end_is_told_as_not_run(make: Make) -> None:
    seen, train = drawn(make)
    told = Examined("binary", "roc_auc", Rows(seen.rows.frame, seen.y), seen.prediction, ("no", "yes"))

    def unfinished(rows: Rows, seed: int) -> Predict:
        raise UnfinishedError("the time limit ended")

    shown = replace(told, train=Rows(train.frame, train.y), fit=unfinished)
    (found,) = run_tests(shown, [seed_stability])
    assert (found.outcome, found.because) == ("not run", "the time limit ended")


def stepped(n_rows: int = 1_600) -> pl.DataFrame:
    """A relation that turns its sign when half of the training rows are there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n_rows)
    slope = np.where(np.arange(n_rows) < 0.4 * n_rows, -3.0, 3.0)
    won = rng.random(n_rows) < 1 / (1 + np.exp(-slope * x))
    day = np.datetime64("2024-01-01") + (np.arange(n_rows) // 4).astype("timedelta64[D]")
    return pl.DataFrame({"day": day, "x": x, "won": np.where(won, "a_yes", "no")})


@pytest.mark.slow
def test_the_line_trains_its_model_again_with_other_seeds_and_on_older_rows(tmp_path: Path) -> None:
    learners = RunPart(learners=("lightgbm", "linear"))
    brief = Brief(target=Target(column="won", positive="a_yes"), data=Data(time="day"), run=learners)
    run = begin(brief, workspace=tmp_path, frame=stepped(), limit_s=60)
    found = {test.code: test for test in judge(run).tests}
    assert found["staleness"].outcome == "warned"
    aged = found["staleness"].findings[0]
    assert "which weighs most in the model, is better" in aged.says
    assert aged.effect is not None
    assert aged.effect.low > 0.1  # of roc_auc; where success stands first the turned sign would make it negative
    assert found["seed_stability"].outcome in ("passed", "warned")
    model = run.results["refine"]
    again = Retrained.of(run, run.results["ask"], model)
    assert isinstance(again, Retrained)
    assert again.lacking(5) == ""
    assert again.affordable(5) > 400
    assert "times on 320 rows would take" in again.lacking(10**9)
    assert Retrained.of(run, run.results["ask"], replace(model, model_hash="")) == "another run trained this model"


def test_without_effects_nothing_is_tested(make: Make) -> None:
    seen, train = drawn(make)
    seen.run.effects = False
    assert examined_by(seen, train, "", sealed=True) == ((), ())
