"""The line's own model is tested as any other is, within what the run has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from artificer.line.ask.rows import Labelled
from artificer.line.judge.own_model import tests_of as examined_by
from artificer.line.judge.seen import Seen

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
    tests, findings = examined_by(*drawn(make), sealed=True)
    ran = {test.code: test.outcome for test in tests if test.outcome != "not run"}
    assert set(ran) == {
        "leakage",
        "overlap",
        "monotone",
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
    assert "the line trains no model again" in findings[0].says


def test_columns_that_it_does_not_read_are_not_its_business(make: Make) -> None:
    seen, train = drawn(make)
    told = replace(seen, rows=replace(seen.rows, frame=seen.rows.frame.with_columns(after=pl.Series(seen.y))))
    tests, _ = examined_by(told, train, sealed=True)
    assert next(test.outcome for test in tests if test.code == "leakage") == "passed"


def test_out_of_fold_the_model_itself_is_not_asked(make: Make) -> None:
    tests, _ = examined_by(*drawn(make), sealed=False)
    because = {test.code: test.because for test in tests}
    assert "out of fold" in because["robustness"]
    assert "out of fold" in because["overfit"]
    assert because["calibration"] == ""


def test_without_effects_nothing_is_tested(make: Make) -> None:
    seen, train = drawn(make)
    seen.run.effects = False
    assert examined_by(seen, train, sealed=True) == ((), ())
