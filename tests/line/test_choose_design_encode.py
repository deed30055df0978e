"""Folds never look ahead or across groups; plans follow the brief and the size; every feature is read by some candidate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Accept, Brief, Features, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.errors import BriefError, DataError
from artificer.line import design as design_stage
from artificer.line.ask import ask, begin
from artificer.line.ask.rows import Labelled
from artificer.line.choose import choose
from artificer.line.choose.folds import cut_folds, training_rows
from artificer.line.design import design
from artificer.line.design.portfolio import Size, portfolio, variants
from artificer.line.design.trained_by import trained_by
from artificer.line.encode import encode
from artificer.line.encode.level_numbers import numbers_of
from artificer.line.fit.course import course

SEEDS = st.integers(0, 2**31)


def labelled(y: np.ndarray, time: np.ndarray | None = None, group: np.ndarray | None = None) -> Labelled:
    return Labelled(pl.DataFrame({"x": y}), y, None, time, group)


@given(SEEDS, st.integers(40, 400))
def test_by_time_no_training_row_is_later_than_a_measured_one(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(0, n // 3, n).astype(float)
    folds = cut_folds(labelled(rng.normal(size=n), time), 0)
    for fold in range(folds.n_folds):
        measured = folds.of_row == fold
        trains = training_rows(folds.of_row, fold, folds.how)
        assert measured.any()
        assert not (measured & trains).any()
        if folds.how == "time":
            assert time[trains].max() < time[measured].min()


@given(SEEDS, st.sampled_from([0.1, 0.3, 0.45]), st.sampled_from([60, 1_000]))
def test_rows_without_a_moment_leave_the_folds_by_time(seed: int, missing: float, n_moments: int) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(0, n_moments, 400).astype(float)
    time[rng.random(400) < missing] = np.nan
    folds = cut_folds(labelled(rng.normal(size=400), time), 0)
    assert folds.how == "time"
    for fold in range(folds.n_folds):
        measured, trains = folds.of_row == fold, training_rows(folds.of_row, fold, folds.how)
        assert 0.05 < measured.mean() < 0.6
        assert trains.any()
        assert np.nanmax(np.r_[-1, time[trains]]) < np.nanmin(np.r_[n_moments, time[measured]])


@given(SEEDS, st.integers(2, 30))
def test_no_group_stands_in_two_folds(seed: int, n_groups: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, 200)
    folds = cut_folds(labelled(rng.normal(size=200), group=group), 0)
    if folds.how == "grouped":
        for one in np.unique(group):
            assert len(np.unique(folds.of_row[group == one])) == 1
    assert set(folds.of_row) == set(range(folds.n_folds))


def test_folds_of_whole_groups_hold_like_shares_of_a_class_that_few_groups_have() -> None:
    group = np.repeat(np.arange(40), 25)
    y = ((group % 4 == 0) & (np.arange(1_000) % 25 < 10)).astype(float)  # 10 groups have ten each, the others none
    folds = cut_folds(labelled(y, group=group), 2)
    assert (folds.how, folds.n_folds) == ("grouped", 8)
    assert set(np.bincount(folds.of_row, y, minlength=8)) == {10, 20}
    assert set(np.bincount(folds.of_row)) == {125}


def test_so_they_do_of_a_class_that_few_of_many_groups_have() -> None:
    group = np.repeat(np.random.default_rng(0).permutation(20_000), 2)
    y = (group < 20).astype(float)
    folds = cut_folds(labelled(y, group=group), 2)
    assert set(np.bincount(folds.of_row, y)) == {8}
    assert set(np.bincount(folds.of_row)) == {8_000}


@given(SEEDS, st.integers(4, 30), st.sampled_from([1.0, 0.1]))
def test_with_a_time_too_whole_groups_are_measured_by_earlier_rows_of_others(
    seed: int, n_groups: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, 300)
    time = group / n_groups + spread * rng.random(300)  # groups that last, and groups that come and go
    folds = cut_folds(labelled(rng.normal(size=300), time, group), 0)
    assert folds.how == "grouped"
    assert "later" in folds.because
    measured = folds.of_row >= 0
    assert 0.2 <= measured.mean() <= 0.6
    for fold in range(folds.n_folds):
        here, trains = folds.of_row == fold, folds.training(fold)
        assert here.any()
        assert trains.any()
        assert time[trains].max() < time[measured].min()
        assert set(group[trains]).isdisjoint(group[here])


def test_a_rare_class_that_bunches_is_still_compared_by_time_on_fewer_folds() -> None:
    y = np.zeros(1_000)
    y[[50, 100, 850, 900]] = 1  # none between two and four fifths of the way
    folds = cut_folds(labelled(y, np.arange(1_000.0)), 2)
    assert (folds.how, folds.n_folds) == ("time", 1)
    assert folds.training(0)[:500].all()
    assert (folds.of_row[700:] == 0).all()


def test_where_time_cannot_part_the_rows_the_reason_says_so() -> None:
    y = np.repeat([0.0, 1.0], 500)
    never = cut_folds(labelled(y, np.arange(1_000.0)), 2)
    assert never.how == "stratified"
    assert "not by time, as no cut of it leaves two classes on both sides" in never.because
    dated = cut_folds(labelled(y, np.zeros(1_000)), 2)
    assert "not by time, as it parts too few rows" in dated.because
    alone = cut_folds(labelled(y, np.zeros(1_000), np.arange(1_000) % 20), 2)
    assert alone.how == "grouped"
    assert "not by time" in alone.because


def test_rows_of_one_group_alone_are_cut_as_without_groups() -> None:
    y, time = np.arange(400) % 2.0, np.arange(400.0)
    assert cut_folds(labelled(y, time, np.zeros(400)), 2).how == "time"
    assert cut_folds(labelled(y, None, np.zeros(400)), 2).how == "stratified"


def test_two_moments_are_enough_for_one_cut() -> None:
    folds = cut_folds(labelled(np.arange(400.0), np.repeat([0.0, 1.0], 200)), 0)
    assert (folds.how, folds.n_folds) == ("time", 1)
    np.testing.assert_array_equal(folds.training(0), np.arange(400) < 200)


@pytest.mark.parametrize("n", range(2, 21))
@pytest.mark.parametrize("by", ["drawn", "time", "grouped"])
def test_no_fold_of_few_rows_is_empty(n: int, by: str) -> None:
    y = np.arange(float(n))
    folds = cut_folds(labelled(y, y if by == "time" else None, y // 2 if by == "grouped" else None), 0)
    assert folds.n_folds >= 2
    for fold in range(folds.n_folds):
        assert (folds.of_row == fold).any()
        assert training_rows(folds.of_row, fold, folds.how).any()


@given(SEEDS, st.integers(2, 5))
def test_each_fold_holds_a_like_share_of_each_class(seed: int, n_classes: int) -> None:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(n_classes), 60)).astype(float)
    folds = cut_folds(labelled(y), n_classes)
    for one in range(n_classes):
        counts = np.bincount(folds.of_row[y == one], minlength=folds.n_folds)
        assert counts.max() - counts.min() <= 1


def size(**changes: object) -> Size:
    plain = {"n_rows": 5000, "n_columns": 10, "n_classes": 2, "task": "binary", "has_text": False, "most_levels": 4}
    return Size(**{**plain, "monotone": False, "interpretable_only": False, "has_catboost": True, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("n_rows", "trees"), [(300, 200), (7_500, 200), (15_000, 100), (60_000, 50)])
def test_more_rows_of_several_classes_draw_fewer_trees(n_rows: int, trees: int) -> None:
    of_rows = size(n_rows=n_rows, n_classes=4, task="multiclass")
    drawn = [one for one in (*portfolio(of_rows)[0], *variants(of_rows, 8)) if one.learner == "extra_trees"]
    assert [one.name for one in drawn] == ["extra_trees", "extra_trees_1", "extra_trees_5"]
    assert {one.settings["trees"] for one in drawn} == {trees}
    assert len({one.settings["max_features"] for one in drawn[:2]}) == 2


def test_variants_of_more_time_begin_with_those_of_less() -> None:
    for n_classes in (0, 2, 4):
        of_rows = size(n_classes=n_classes, task=("regression", "", "binary", "", "multiclass")[n_classes])
        assert variants(of_rows, 16)[:8] == variants(of_rows, 8)
    assert not any(
        one.learner == "extra_trees" for one in variants(size(n_classes=4, task="multiclass", monotone=True), 8)
    )


def test_the_portfolio_follows_the_brief_and_the_size() -> None:
    names = [one.name for one in portfolio(size())[0]]
    assert names[:3] == ["lightgbm", "linear", "catboost"]
    assert [one.name for one in portfolio(size(interpretable_only=True))[0]] == ["linear"]
    assert "lightgbm_target_means" in [one.name for one in portfolio(size(most_levels=40))[0]]
    without, untried = portfolio(size(has_catboost=False))
    assert "catboost" not in [one.name for one in without]
    assert "not installed" in untried["catboost"]
    many = [one.name for one in portfolio(size(n_classes=80, task="multiclass"))[0]]
    assert many == ["linear", "network", "extra_trees", "discriminant", "kernel", "lightgbm"]
    assert {"kernel", "extra_trees"}.isdisjoint(one.name for one in portfolio(size(loss="absolute"))[0])
    assert "network" not in [one.name for one in portfolio(size(monotone=True))[0]]


def test_trees_times_classes_stay_few_enough_for_a_quick_row() -> None:
    for n_classes in (2, 3, 10, 30):
        for one in portfolio(size(n_classes=n_classes, task="multiclass" if n_classes > 2 else "binary"))[0]:
            assert one.settings.get("max_iterations", 0) * (n_classes if n_classes > 2 else 1) <= 5000


@given(st.integers(2, 100_000))
def test_a_network_of_few_rows_takes_no_more_steps_than_one_of_a_batch(n_rows: int) -> None:
    of_few, of_batch = (
        next(one for one in portfolio(size(n_rows=n))[0] if one.name == "network").settings for n in (n_rows, 256)
    )
    assert of_few["epochs"] * max(1, n_rows // of_few["batch"]) <= 4 * of_batch["epochs"]


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    words = ["red car of a friend", "green tree near the lake", "blue boat in a small bay"]
    day = np.datetime64("2023-01-01") + rng.integers(0, 300, n).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "x": rng.normal(size=n),
            "kind": rng.choice(["a", "b", "c"], n),
            "place": [f"place {k}" for k in rng.integers(0, 60, n)],
            "text": [f"{rng.choice(words)} {k}" for k in range(n)],
            "day": day,
            "y": rng.choice(["no", "yes"], n),
        }
    )


def test_every_feature_is_read_by_some_candidate(tmp_path: Path) -> None:
    run = begin(Brief(target=Target(column="y")), workspace=tmp_path, frame=frame())
    run.effects = False
    made = encode(run)
    read = {name for candidate in made.candidates for name in candidate.blocks}
    columns = {column for block in made.blocks if block.name in read for column in block.columns}
    assert columns == {"x", "kind", "place", "text", "day"}
    assert {block.name for block in made.blocks} == read


def test_the_metric_is_the_clients_the_callers_or_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(design_stage, "has_catboost", lambda: False)

    def plan(place: str, accept: dict[str, Accept], metric: str = "") -> str:
        brief = Brief(
            target=Target(column="y"), accept=accept, features=Features(exclude=("text",)), run=RunPart(limit_s=30)
        )
        run = begin(brief, workspace=tmp_path / place, frame=frame())
        run.effects, run.metric = False, metric
        return design(run).metric

    assert plan("a", {}) == "roc_auc"
    assert plan("b", {"size_mb": Accept(at_most=9.0), "brier": Accept(at_most=0.3)}) == "brier"
    assert plan("c", {}, "log_loss") == "log_loss"


def test_a_plan_that_another_limit_made_leaves_each_run_its_own_time(tmp_path: Path) -> None:
    table = pl.concat([frame()] * 3)
    plans, ends = [], []
    for limit_s in (5.0, 16.0, 60.0):
        part = RunPart(limit_s=limit_s, learners=("lightgbm", "linear"))
        run = begin(Brief(target=Target(column="y"), run=part), workspace=tmp_path, frame=table)
        run.effects, run.clock = False, Clock(limit_s, now=lambda: 0.0)
        plans.append(design(run))
        ends.append(trained_by(run).left_s)
    assert plans[0] == plans[1] == plans[2]
    assert "design" in run.reused
    assert ends == pytest.approx([3.0, 12.0, 54.0])


def test_short_of_time_candidates_are_compared_on_as_many_texts_as_can_be_read(tmp_path: Path) -> None:
    words = np.random.default_rng(0).choice(["good", "bad", "slow", "quick", "cheap", "dear"], (2_000, 60))
    table = pl.DataFrame({"said": [" ".join(row) for row in words], "y": ["yes", "no"] * 1_000})
    n_letters = int(table["said"].str.len_chars().sum())
    plans = []
    for limit_s in (1.0, 4.0, 60.0):
        run = begin(Brief(target=Target(column="y"), run=RunPart(limit_s=limit_s)), workspace=tmp_path, frame=table)
        run.effects = run.seal = False
        plans.append(design(run))
    read = design_stage.READING_SHARE * design_stage.LETTERS_A_SECOND / n_letters * 2_000
    assert [plan.search_rows for plan in plans] == [design_stage.FEWEST_READ, int(4.0 * read), 0]
    told = [one for one in plans[1].decisions if one.question == "How many rows compare candidates?"]
    assert [one.choice for one in told] == [f"{int(4.0 * read):,} of 2,000"]
    assert "texts" in told[0].because


def test_short_of_time_as_many_texts_are_read_as_features_can_be_made_of_and_no_others_are_asked_for(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    said = {f"said {i:02}": rng.choice(["good", "bad", "slow", "dear"], (100, 30 if i == 7 else 10)) for i in range(30)}
    table = pl.DataFrame({name: [" ".join(row) for row in words] for name, words in said.items()})
    table = table.with_columns(y=pl.Series(["yes", "no"] * 50))
    read, told, asked_for = [], [], []
    for limit_s in (0.01, 1.0, 60.0):
        run = begin(Brief(target=Target(column="y"), run=RunPart(limit_s=limit_s)), workspace=tmp_path, frame=table)
        run.effects = run.seal = False
        plan, encoding = design(run), encode(run)
        read.append({name for block in encoding.blocks for name in block.columns})
        told += [one.choice for one in plan.decisions if one.question == "How many columns of texts are read?"]
        schema = course(run, ask(run), choose(run), plan, encoding).schema
        asked_for.append({column.name for column in schema.columns})
    letters = design_stage.COLUMNS_SHARE * design_stage.LETTERS_A_SECOND
    assert len(read[0]) == 1
    assert 1 < len(read[1]) <= letters / design_stage.COLUMN_LETTERS
    assert "said 07" in read[1]  # the longest
    assert len(read[2]) == 30
    assert told == ["1 of 30", f"{len(read[1])} of 30"]
    assert asked_for == read


@pytest.mark.parametrize(
    ("metric", "loss"),
    [
        ("rmse", ""),
        ("rmsle", ""),
        ("mae", "absolute"),
        ("mape", "absolute"),
        ("median_absolute_error", "absolute"),
        ("quantile_loss:0.90", "quantile:0.9"),
        ("poisson_deviance", "poisson"),
        ("tweedie_deviance", "tweedie:1.5"),
        ("tweedie_deviance:1.2", "tweedie:1.2"),
    ],
)
def test_learners_lower_what_the_client_scores(tmp_path: Path, metric: str, loss: str) -> None:
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"x": rng.normal(size=600), "sold": rng.gamma(2.0, size=600)})
    brief = Brief(target=Target(column="sold", kind="number"), accept={metric: Accept(at_most=9.0)})
    plan = design(brief, workspace=tmp_path, frame=rows)
    assert plan.loss == loss
    (told,) = [one for one in plan.decisions if one.question == "Which loss do learners lower?"]
    assert told.choice == (loss or "squared error")
    below = rows.with_columns(sold=-pl.col("sold"))
    if metric == "rmsle" or loss.startswith(("poisson", "tweedie")):
        with pytest.raises(DataError, match="negative in 480 of 480 rows"):
            design(brief, workspace=tmp_path / "below", frame=below)
    else:
        assert design(brief, workspace=tmp_path / "below", frame=below).loss == loss


def test_a_metric_whose_parameters_are_wrong_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = pl.DataFrame({"x": range(600), "sold": np.arange(600.0)})
    for name, says in (
        ("quantile_loss:2", "a level between 0 and 1"),
        ("precision_at:5", "the prediction is regression"),
    ):
        brief = Brief(target=Target(column="sold", kind="number"), accept={name: Accept(at_most=9.0)})
        with pytest.raises(BriefError, match=says):
            design(brief, workspace=tmp_path, frame=rows)


def test_levels_that_hold_numbers_are_read_as_numbers() -> None:
    assert numbers_of(("74 bhp", "1,248 CC", "$1,234.5", "18-25", "10+", "Q3 2011")) == [
        *(74.0, 1248.0, 1234.5),
        *(21.5, 10.0, 2011.5),
    ]
    assert numbers_of(("1.5k", "2M", "12.5%", "< 1 year", "3 years")) == [1500.0, 2e6, 12.5, 0.5, 3.0]
    assert numbers_of(("10-20k", "20-30k", "2019-05-01", "-4 °C", "40k+")) == [15e3, 25e3, 2019.0, -4.0, 40e3]


def test_levels_of_few_numbers_or_of_words_are_not() -> None:
    assert numbers_of(("1 door", "2 doors", "3 doors")) is None
    assert numbers_of(("home", "work", *(f"place {n}" for n in range(8)))) is None


def test_numbers_of_levels_gaps_of_dates_and_counts_are_proposed(tmp_path: Path) -> None:
    day = np.datetime64("2023-03-01") + np.arange(400).astype("timedelta64[D]")
    table = frame().with_columns(size=pl.Series([f"{k % 9} cm" for k in range(400)]), due=pl.Series(day))
    run = begin(Brief(target=Target(column="y")), workspace=tmp_path, frame=table)
    run.effects = False
    columns = {block.name: block.columns for block in encode(run).blocks}
    assert set(columns["level_numbers"]) == {"place", "size"}
    assert columns["counts"] == ("place",)
    assert set(columns["date_gaps"]) == {"day", "due"}


def test_numbers_that_name_things_are_told_by_name_and_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = frame().with_columns(
        customer_id=pl.Series(rng.integers(0, 90, 400) * 7), size=pl.Series(rng.integers(0, 90, 400))
    )

    def named(folder: Path, effect: dict[str, str]) -> tuple[str, ...]:
        brief = Brief(target=Target(column="y"), features=Features(effect=effect))  # type: ignore[arg-type]
        run = begin(brief, workspace=folder, frame=table)
        run.effects = False
        return next((block.columns for block in encode(run).blocks if block.name == "number_means"), ())

    assert named(tmp_path / "a", {}) == ("customer_id",)
    assert named(tmp_path / "b", {"customer_id": "increasing"}) == (), "what could bend a demanded effect is not made"
