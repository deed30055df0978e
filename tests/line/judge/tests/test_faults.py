"""Each fault is found where it was planted, and not where it was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from examinees import Halves, of, see
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.tests.calibration import calibration
from artificer.line.judge.tests.cost import cost
from artificer.line.judge.tests.leakage import leakage, overlap
from artificer.line.judge.tests.overfit import overfit
from artificer.line.judge.tests.power import power
from artificer.line.judge.tests.robustness import robustness
from artificer.line.judge.tests.seed_stability import seed_stability
from artificer.line.judge.tests.staleness import staleness
from artificer.line.judge.tests.unused_features import unused_features

LINE = make_pipeline(StandardScaler(), LogisticRegression())


def test_a_tree_that_learned_rows_by_heart_overfits_and_a_line_does_not(diabetics: Halves) -> None:
    train, judged = diabetics
    assert of(overfit, see(DecisionTreeRegressor(random_state=0).fit(*train), judged, train))().severity == "warning"
    assert of(overfit, see(LinearRegression().fit(*train), judged, train))().severity == "note"


def test_the_gap_is_positive_where_training_rows_fare_better(tumours: Halves) -> None:
    train, judged = tumours
    found = of(overfit, see(DecisionTreeClassifier(random_state=0).fit(*train), judged, train, metric="log_loss"))()
    assert found.effect is not None
    assert 0 < found.effect.low < found.effect.value < found.effect.high


def chances(seed: int, sharpened: float, n_rows: int = 4_000) -> Examined:
    """Outcomes drawn from chances, which are then told surer or less sure than they are."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=n_rows)
    y = (rng.random(n_rows) < 1 / (1 + np.exp(-odds))).astype(float)
    p = 1 / (1 + np.exp(-sharpened * odds))
    rows = Rows(pd.DataFrame({"a": odds}), y)  # type: ignore[arg-type]
    return Examined("binary", "roc_auc", rows, np.stack([1 - p, p], axis=1), ("no", "yes"))


def test_chances_that_are_too_sure_are_found() -> None:
    found = of(calibration, chances(0, 2.0))()
    assert found.severity == "warning"
    assert "too sure" in found.says
    facts = {one.name: float(one.value) for one in found.facts}
    assert facts["slope_high"] < 0.6
    assert facts["calibration_error"] > 2 * facts["error_by_chance"]


def test_chances_that_are_not_sure_enough_are_found() -> None:
    assert "not sure enough" in of(calibration, chances(0, 0.5))().says


@pytest.mark.parametrize("n_rows", [60, 1_000])
def test_right_chances_are_seldom_called_wrong(n_rows: int) -> None:
    alarms = [of(calibration, chances(seed, 1.0, n_rows))().severity == "warning" for seed in range(30)]
    assert sum(alarms) <= 2


def test_a_hundred_rows_show_chances_that_are_far_too_sure_and_else_say_what_they_would_show() -> None:
    wrong = [of(calibration, chances(seed, 2.5, 100))() for seed in range(10)]
    assert sum(one.severity == "warning" for one in wrong) >= 9
    assert sum(one.effect is not None and one.effect.low > 0 for one in wrong) <= 6  # the interval alone
    assert "would have shown a slope" in of(calibration, chances(0, 1.0, 100))().says


def test_where_rows_come_in_groups_the_interval_alone_shows_it() -> None:
    seen = chances(0, 1.0, 100)
    odds = np.repeat(np.random.default_rng(0).normal(size=10), 10)
    p = 1 / (1 + np.exp(-odds))
    y = np.repeat((np.random.default_rng(1).random(10) < 1 / (1 + np.exp(-odds[::10]))).astype(float), 10)
    rows = Rows(seen.rows.frame, y)
    told = replace(seen, rows=rows, prediction=np.stack([1 - p, p], axis=1))
    grouped = replace(told, rows=replace(rows, group=np.arange(100) // 10))
    assert of(calibration, grouped)().severity == "note"


def test_predictions_that_lie_too_low_are_found_and_those_of_a_line_are_not(diabetics: Halves) -> None:
    train, judged = diabetics
    seen = see(LinearRegression().fit(*train), judged, train)
    assert of(calibration, seen)().severity == "note"
    low = of(calibration, replace(seen, prediction=seen.prediction - 50))()
    assert low.severity == "warning"
    assert low.facts[0].value == pytest.approx(50, abs=8)


def test_intervals_that_hold_too_few_values_are_found(diabetics: Halves) -> None:
    train, judged = diabetics
    seen = see(LinearRegression().fit(*train), judged, train)
    wide, narrow = (seen.prediction + np.array([-half, half]) for half in (120.0, 30.0))
    assert of(calibration, replace(seen, intervals=narrow))("intervals").severity == "warning"
    assert of(calibration, replace(seen, intervals=wide))("intervals").severity == "note"


def test_labels_alone_have_no_calibration(tumours: Halves) -> None:
    train, (X, y) = tumours
    assert list(calibration(see(LINE.fit(*train).predict, (X, y)))) == []


@pytest.mark.parametrize(
    ("chances", "how"), [((0.1, 0.8), "not sure enough: they part the classes"), ((0.9, 0.1), "turned round")]
)
def test_chances_that_part_the_classes_are_off_where_they_are_not_sure(chances: tuple[float, float], how: str) -> None:
    y = np.tile([0, 1], 200)
    seen = see(lambda rows: rows[:, 0], (np.tile(chances, 200)[:, None], y))
    found = of(calibration, seen)("probabilities")
    assert found.severity == "warning"
    assert how in found.says
    assert ("--positive '0'" in found.fix) == (how == "turned round")


def test_a_model_that_hangs_on_exact_digits_is_not_robust(tumours: Halves) -> None:
    train, (X, y) = tumours
    learned = dict(zip(X["mean area"].round(3), LINE.fit(*train).predict_proba(X)[:, 1], strict=True))

    def by_heart(rows: pd.DataFrame) -> np.ndarray:
        return np.array([learned.get(value, 0.5) for value in rows["mean area"].round(3)])

    assert of(robustness, see(by_heart, (X, y)))("noise").severity == "warning"
    assert of(robustness, see(LINE, (X, y)))("noise").severity == "note"


def test_the_column_on_which_all_hangs_is_named(tumours: Halves) -> None:
    train, (X, y) = tumours
    one = LogisticRegression().fit(train[0][["mean perimeter"]], train[1])
    found = list(robustness(see(lambda rows: one.predict_proba(rows[["mean perimeter"]]), (X, y))))
    (worst,) = [finding for finding in found if finding.where == "mean perimeter"]
    assert worst.severity == "warning"
    many = RandomForestClassifier(50, random_state=0).fit(*train)
    assert not [finding for finding in robustness(see(many, (X, y))) if finding.severity != "note"]


def test_refused_gaps_are_told_and_accepted_ones_are_priced(tumours: Halves) -> None:
    train, (X, y) = tumours
    assert "refuses" in of(robustness, see(LINE.fit(*train), (X, y)))("gaps").says
    trees = HistGradientBoostingClassifier(max_iter=20).fit(*train)
    found = of(robustness, see(trees, (X, y)))("gaps")
    losses = [float(fact.value) for fact in found.facts]
    assert losses == sorted(losses)  # the more is missing, the more is lost


def test_a_column_that_is_not_read_is_named(tumours: Halves) -> None:
    train, (X, y) = tumours
    some = list(X.columns[:3])
    model = LINE.fit(train[0][some], train[1])
    (found,) = unused_features(see(lambda rows: model.predict_proba(rows[some]), (X, y)))
    assert set(found.where.split(", ")) >= set(X.columns[3:])
    assert "does not read" in found.says


def test_a_column_of_noise_that_is_read_is_named_where_the_first_rows_do_not_tell() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 2))
    y = 3 * X[:, 0] + rng.normal(size=4_000)
    seen = see(lambda rows: 3 * rows[:, 0] + 0.6 * rows[:, 1], (X, y))
    (few,) = unused_features(seen.sampled(1_000))
    (found,) = unused_features(seen)
    assert (few.where, found.where) == (seen.metric, "x1")
    assert "whether 'x1' brings anything these rows do not tell: they would have shown a worth of" in few.says


def test_the_last_of_sixty_columns_is_looked_at() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 60))
    seen = see(lambda rows: rows[:, :59].sum(axis=1), (X, X[:, :59].sum(axis=1) + rng.normal(size=400)))
    (found,) = unused_features(seen)
    assert found.where == "x59"


def test_a_column_that_harms_is_a_warning() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 2))
    y = (X @ [1.0, 0.7] + rng.normal(size=1_000) > 0).astype(int)
    seen = see(lambda rows: 1 / (1 + np.exp(-rows @ [1.0, -0.7])), (X, y))
    assert of(unused_features, seen)("x1").severity == "warning"


def test_a_column_that_holds_the_label_is_a_blocker(tumours: Halves) -> None:
    _, (X, y) = tumours
    told = X.assign(result=np.where(y == 1, 5.0, 9.0))
    found = list(leakage(see(lambda rows: (rows["result"] < 7).astype(int), (told, y))))
    assert {(one.where, one.severity) for one in found} >= {("predictions", "warning"), ("result", "blocker")}


def test_so_is_the_last_of_sixty() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 60)), rng.integers(0, 2, 400)
    X[:, 59] = 3 * y + 1
    found = of(leakage, see(lambda rows: np.full(len(rows), 0.5), (X, y)))("x59")
    assert found.severity == "blocker"


def test_strong_columns_are_no_leak(calls: pd.DataFrame) -> None:
    X, y = calls.drop(columns="deposit"), calls["deposit"]
    (found,) = leakage(see(lambda rows: rows["duration"] / 5_000, (X, y)))
    assert (found.severity, found.where) == ("note", "duration")


def test_judged_rows_that_trained_the_model_are_found(tumours: Halves) -> None:
    train, judged = tumours
    assert of(overlap, see(LINE.fit(*train), train, train))().severity == "warning"
    assert of(overlap, see(LINE.fit(*train), judged, train))().severity == "note"


def test_rows_of_few_values_that_are_the_same_by_luck_are_no_overlap() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 600), "class": rng.integers(1, 4, 600), "children": rng.integers(0, 3, 600)}
    )
    y = rng.integers(0, 2, 600)
    seen = see(lambda rows: np.full(len(rows), 0.5), (X[300:], y[300:]), (X[:300], y[:300]))
    found = of(overlap, seen)()
    assert found.severity == "note"
    assert (
        "300 of 300 judged rows stand among the training rows too (100.0%); of the training rows 100.0%" in found.says
    )


def test_labels_that_hang_on_the_seed_are_found(tumours: Halves) -> None:
    train, judged = tumours
    luck = RandomForestClassifier(n_estimators=1, max_features=1, random_state=0).fit(*train)
    assert of(seed_stability, see(luck, judged, train))().severity == "warning"
    calm = of(seed_stability, see(LINE.fit(*train), judged, train))()
    assert calm.severity == "note"
    assert calm.facts[2].value == 0


def test_numbers_that_hang_on_the_seed_are_found_though_the_score_does_not(diabetics: Halves) -> None:
    train, judged = diabetics
    lucky = DecisionTreeRegressor(splitter="random", max_features=1, min_samples_leaf=3, random_state=0).fit(*train)
    calm = HistGradientBoostingRegressor(max_iter=30, max_features=0.9, random_state=0).fit(*train)
    severities = [
        of(seed_stability, replace(see(one, judged, train), level=0.9999))().severity for one in (lucky, calm)
    ]
    assert severities == ["warning", "note"]


def test_a_relation_that_turned_makes_a_model_stale() -> None:
    rng = np.random.default_rng(0)
    day, x = np.arange(2_000.0), rng.normal(size=2_000)
    turned = np.where(day < 900, -1, 1)
    for slope, severity in ((turned, "warning"), (np.ones(2_000), "note")):
        X = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D"), "x": x})
        y = slope * x + rng.normal(size=2_000)
        train, judged = (X[:1_500], y[:1_500]), (X[1_500:], y[1_500:])
        model = make_pipeline(Column("x"), LinearRegression()).fit(*train)
        found = of(staleness, see(model, judged, train, time="day"))()
        assert found.severity == severity
        assert found.facts[0].value == pytest.approx(750)


class Column(StandardScaler):  # type: ignore[misc]
    """Reads one column of a frame."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def fit(self, X: pd.DataFrame, y: object = None, sample_weight: object = None) -> Column:
        super().fit(X[[self.name]])
        return self

    def transform(self, X: pd.DataFrame, copy: object = None) -> np.ndarray:
        return np.asarray(super().transform(X[[self.name]]))


def test_a_slow_model_is_found_by_the_time_of_single_rows(tumours: Halves) -> None:
    train, judged = tumours
    seen = see(LINE.fit(*train), judged)
    assert of(cost, replace(seen, took_ms=np.full(100, 250.0)))().severity == "warning"
    found = of(cost, replace(seen, took_ms=np.full(100, 2.0)))()
    assert found.severity == "note"
    assert {fact.name for fact in found.facts} >= {"one_row_p99_ms", "batch_ms", "batch_peak_mb", "machine"}


def test_few_rows_have_no_power(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = DecisionTreeClassifier(max_depth=1).fit(*train)
    few = of(power, see(model, (X[:16], y[:16])))()
    many = of(power, see(model, (X, y)))()
    assert (few.severity, many.severity) == ("warning", "note")
    assert float(few.facts[0].value) > 3 * float(many.facts[0].value)


def test_a_column_that_is_the_same_in_all_rows_is_not_said_to_be_unread(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*train)
    name = X.columns[0]
    (found,) = (
        one for one in unused_features(see(model, (X.assign(**{name: 14.0}), y), train)) if one.severity == "note"
    )
    assert f"'{name}'" not in found.says
    assert name not in {fact.name for fact in found.facts}
    assert list(unused_features(see(model, (X[:1], y[:1]), train))) == []
