"""Any model is explained: what drives it, how it changes, single rows, and what would turn them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from world import SLOPE, Rows, build

from artificer import Classifier, explain, load
from artificer.core.errors import DataError
from artificer.line.judge.about import About
from artificer.line.judge.any_model import shown
from artificer.line.judge.explanation import Explanation, explanation
from artificer.line.judge.recourse import nearest

N = 400
RNG = np.random.default_rng(0)
X = pl.DataFrame({"hours": RNG.uniform(0, 40, N), "age": RNG.uniform(20, 60, N), "noise": RNG.normal(size=N)})
SCORE = 0.3 * (X["hours"].to_numpy() - 20) - 0.05 * (X["age"].to_numpy() - 40)
PASSED = np.where(SCORE + RNG.logistic(size=N) > 0, "yes", "no")
MODEL = LogisticRegression(max_iter=1_000).fit(X, PASSED)


@pytest.fixture(scope="module")
def told() -> Explanation:
    return explain(MODEL, X, PASSED, changeable=["hours"])


def test_columns_are_ranked_with_intervals_and_directions(told: Explanation) -> None:
    assert [one.column for one in told.drivers[:2]] == ["hours", "age"]
    assert told.drivers[0].effect.is_gain
    assert [one.direction for one in told.drivers[:2]] == ["more of it, higher", "more of it, lower"]
    noise = next(one for one in told.drivers if one.column == "noise")
    assert noise.effect.low <= 0.01
    assert told.shapes[0].column == "hours"
    assert told.shapes[0].points[-1][1].low > told.shapes[0].points[0][1].high


def test_contributions_add_up_to_the_prediction_less_the_mean(told: Explanation) -> None:
    highest = told.explained[0]
    added = sum(one.value for _, one in highest.contributions)
    mean = MODEL.predict_proba(X)[:, 1].mean()
    assert highest.which == "highest"
    assert added == pytest.approx(highest.prediction - mean, abs=0.15)  # against 60 rows drawn


def test_the_smallest_change_that_turns_the_lowest_row_is_found(told: Explanation) -> None:
    (turned,) = told.turned
    assert turned.nearest is not None
    (change,) = turned.nearest.changes
    lowest = X[int(MODEL.predict_proba(X)[:, 1].argmin())]
    assert change.column == "hours"
    assert MODEL.predict(lowest.with_columns(hours=pl.lit(change.value))) == ["yes"]
    assert f"the lowest prediction would turn with hours raised to {change.value:.6g}: " in str(told)


def test_the_label_is_turned_where_the_model_has_multipliers() -> None:
    """Where success must be thrice as likely as failure to be the label, a change must reach that."""
    seen = shown(MODEL, X, PASSED, about=About(changeable=["hours"]))
    strict = replace(seen, multipliers=(3.0, 1.0))
    place = int(seen.prediction[:, 1].argmin())
    plain, far = nearest(seen, place), nearest(strict, place)
    assert plain is not None
    assert far is not None
    assert plain.chance > 0.5
    assert far.chance > 0.75
    assert far.distance > plain.distance


def test_rows_are_chosen_and_the_other_class_may_be_success() -> None:
    told = explain(MODEL, X, PASSED, rows=[3, 7], positive="no", changeable=["hours", "age"])
    assert [one.which for one in told.explained] == ["row 3", "row 7"]
    assert told.explained[0].prediction == pytest.approx(MODEL.predict_proba(X[3])[0, 0])
    assert [one.which for one in told.turned] == [f"row {row}" for row in (3, 7) if MODEL.predict(X[row]) == ["yes"]]


def test_a_package_tells_itself_what_each_column_adds(tmp_path: Path) -> None:
    build(tmp_path / "package")
    frame = Rows().draw(400, 1)
    for positive, sign in (("yes", 1), ("no", -1)):
        told = explain(load(tmp_path / "package"), frame.drop("won"), frame["won"], positive=positive, changeable=["x"])
        assert [one.column for one in told.drivers[:1]] == ["x"]
        highest = told.explained[0]
        assert highest.scale == "log-odds"
        name, added = highest.contributions[0]
        assert (name, added.low) == ("x", added.high)  # of the package: nothing is sampled
        row = frame["x"].arg_max() if sign > 0 else frame["x"].arg_min()
        assert added.value == pytest.approx(sign * SLOPE * frame["x"][row], abs=1e-4)
        assert told.turned[0].nearest is not None
        assert sign * (told.turned[0].nearest.changes[0].value) > 0


KINDS = np.select([SCORE > 3, SCORE < -3], ["many", "few"], "some")
OF_KINDS = LogisticRegression(max_iter=1_000).fit(X, KINDS)


def test_of_several_classes_the_ones_that_move_are_named() -> None:
    told = explain(OF_KINDS, X, KINDS, rows=[3])
    assert [one.direction for one in told.drivers[:2]] == [
        "more of it, rather many than few",
        "more of it, rather few than many",
    ]
    along = {one.of: one for one in told.shapes if one.column == "hours"}
    assert {*along} <= {"many", "some", "few"}
    assert len(along) == 2
    rises = along["many"].points
    assert rises[-1][1].low > rises[0][1].high
    (row,) = told.explained
    (named,) = OF_KINDS.predict(X[3])
    assert (row.which, row.of) == ("row 3", named)
    assert row.prediction == pytest.approx(OF_KINDS.predict_proba(X[3]).max())
    mean = OF_KINDS.predict_proba(X)[:, list(OF_KINDS.classes_).index(named)].mean()
    assert sum(one.value for _, one in row.contributions) == pytest.approx(row.prediction - mean, abs=0.15)
    assert "probability of many along hours: " in str(told)
    assert f"row 3, {named} with " in str(told)


def test_of_several_classes_the_surest_and_the_least_sure_row_are_explained() -> None:
    told = explain(OF_KINDS, X, KINDS)
    chances = OF_KINDS.predict_proba(X).max(axis=1)
    assert [(one.which, one.prediction) for one in told.explained] == [
        ("surest", pytest.approx(chances.max())),
        ("least sure", pytest.approx(chances.min())),
    ]
    assert not any("single rows" in one or "shapes" in one for one in told.left_out)


def test_of_several_classes_what_would_have_another_one_named_is_told() -> None:
    told = explain(OF_KINDS, X, KINDS, changeable=["hours"])
    chances = OF_KINDS.predict_proba(X).max(axis=1)
    places = {"surest": int(chances.argmax()), "least sure": int(chances.argmin())}
    assert [one.which for one in told.turned] == [*places]
    for one in told.turned:
        assert one.nearest is not None
        (change,) = one.nearest.changes
        row = X[places[one.which]]
        assert list(OF_KINDS.predict(row)) == [one.nearest.was]
        assert list(OF_KINDS.predict(row.with_columns(hours=pl.lit(change.value)))) == [one.nearest.of]
        says = f"the {one.which} prediction would be {one.nearest.of}, and not {one.nearest.was}, with hours"
        assert says in str(told)
    assert not any("turn" in one for one in told.left_out)


def test_a_package_of_several_classes_tells_what_adds_to_the_class_that_it_names(tmp_path: Path) -> None:
    frame = X.with_columns(kind=pl.Series(KINDS))
    Classifier(budget_s=5).fit(frame.drop("kind"), frame["kind"]).save(tmp_path / "package")
    predictor = load(tmp_path / "package")
    told = explain(predictor, X, KINDS, rows=[3, int(np.argmax(SCORE))])
    asked = predictor.explain(X[[3, int(np.argmax(SCORE))]])
    classes = list(predictor.contents.classes)
    for place, row in enumerate(told.explained):
        assert row.scale == "log-probabilities"
        assert row.of == predictor.predict(X[[3, int(np.argmax(SCORE))]])[place]
        expected = dict(zip(asked.columns, asked.contributions[place, :, classes.index(row.of)], strict=True))
        assert {name: one.value for name, one in row.contributions} == pytest.approx(expected)


def test_what_is_left_out_is_told() -> None:
    told = explain(LinearRegression().fit(X, SCORE), X, SCORE)
    assert told.drivers[0].column == "hours"
    assert told.turned == ()
    assert "not told: what would turn a decision: there is no one success to reach" in str(told)
    assert "no column is named that a person can change" in str(explain(MODEL, X, PASSED))


def test_misuse_is_named() -> None:
    with pytest.raises(DataError, match="there is no row 400; rows are counted from 0 to 399"):
        explain(MODEL, X, PASSED, rows=[N])
    with pytest.raises(DataError, match="there is no column 'hour' among the features"):
        explain(MODEL, X, PASSED, changeable=["hour"])
    with pytest.raises(DataError, match="predictions alone cannot be explained"):
        explanation(replace(shown(MODEL, X, PASSED, about=About()), predict=None))
