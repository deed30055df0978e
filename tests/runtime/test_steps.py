"""Steps: each row by itself, the same after saving, no target of its own row in what it trains on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from artificer_runtime import PackageError, steps
from artificer_runtime.interactions import levels_table
from artificer_runtime.schema import FLOAT32_MAX
from artificer_runtime.steps import BUILTIN, Task, scaled
from artificer_runtime.texts import counts_of, remembered

rng = np.random.default_rng(0)
N = 120
VALUES: dict[str, np.ndarray] = {
    "numbers": np.where(rng.random((N, 3)) < 0.1, np.nan, rng.normal(size=(N, 3)) * [1, 1000, 1e-3]),
    "codes": rng.integers(-1, 9, (N, 2)).astype(np.int32),
    "times": np.where(rng.random((N, 2)) < 0.1, np.nan, rng.uniform(-1e9, 2e9, (N, 2))),
    "texts": np.array(
        [[" ".join(rng.choice(["red", "green", "blue", "of", "x1"], rng.integers(0, 6)))] for _ in range(N)], object
    ),
}
VALUES["mixed"] = np.concatenate([VALUES["numbers"], VALUES["codes"]], axis=1)
Y = rng.integers(0, 2, N).astype(np.float64)
# Moved by products and crosses, so that `engineered` finds some.
TELLING = (
    np.nan_to_num(VALUES["numbers"][:, 0] * VALUES["numbers"][:, 1]) + (VALUES["codes"] % 2 == 0).all(axis=1) * 500.0
)


@pytest.mark.parametrize("name", BUILTIN)
class TestEachStep:
    def test_gives_float32_with_a_name_for_each_feature(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        state, block = steps.fit_apply(step, values, Y, Task(2), {})
        assert block.dtype == np.float32
        columns = tuple(f"c{k}" for k in range(values.shape[1]))
        assert len(step.names(state, columns)) == block.shape[1] == step.apply(state, values).shape[1]
        assert len(set(step.names(state, columns))) == block.shape[1]

    def test_says_which_columns_a_feature_is_made_of(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values, n_codes = VALUES[step.READS], 2 if VALUES[step.READS].shape[1] == 5 else 0
        state, _ = steps.fit_apply(
            step, values, TELLING, Task(0), {"n_codes": n_codes, "numbers": [[1.0, None, 3.0]] * 2}
        )
        whole = step.apply(state, values)
        sources = step.sources(state, values.shape[1])
        assert len(sources) == whole.shape[1]
        for place in range(values.shape[1]):
            changed = values.copy()
            changed[:, place] = values[::-1, place]
            moved = ~(
                (step.apply(state, changed) == whole) | (np.isnan(whole) & np.isnan(step.apply(state, changed)))
            ).all(axis=0)
            assert [place in source for source, one in zip(sources, moved, strict=True) if one] == [True] * moved.sum()

    def test_makes_each_row_by_itself(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        state = step.fit(values, Y, Task(2), {})
        whole = step.apply(state, values)
        for size in (1, 7):
            parts = [step.apply(state, values[start : start + size]) for start in range(0, N, size)]
            np.testing.assert_array_equal(np.concatenate(parts), whole)

    def test_survives_one_row_no_columns_and_gaps_alone(self, name: str) -> None:
        step = steps.load(f"{name}@1")
        values = VALUES[step.READS]
        nothing: Any = {"numbers": np.nan, "codes": 0, "times": np.nan, "texts": "", "mixed": 0}[step.READS]
        for few in (values[:1], values[:5, :0], np.full_like(values[:6], nothing)):
            state, block = steps.fit_apply(step, few, Y[: len(few)], Task(2), {})
            assert step.apply(state, few).shape == block.shape
            assert len(step.apply(state, few[:0])) == 0


def test_an_unknown_step_or_version_is_refused_by_name() -> None:
    for name in ("hashes@1", "numbers@2"):
        with pytest.raises(PackageError, match=name):
            steps.load(name)


@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_target_means_of_training_rows_never_see_their_own_label(n_classes: int) -> None:
    step = steps.load("target_mean@1")
    codes = np.arange(N, dtype=np.int32)[:, None]  # each row a level of its own: its mean would be its label
    y = rng.integers(0, max(n_classes, 2), N).astype(np.float64)
    _, block = steps.fit_apply(step, codes, y, Task(n_classes), {"strength": 0.5})
    shown = (y[:, None] == np.arange(block.shape[1])).astype(float) if n_classes > 2 else y[:, None]
    assert abs(np.corrcoef(block[:, 0], shown[:, 0])[0, 1]) < 0.35 if block[:, 0].std() > 0 else True


NUMBERED = np.repeat(np.arange(N // 12), 12)
OF_GROUPS = {
    "target_mean": NUMBERED[:, None].astype(np.int32),
    "number_means": NUMBERED[:, None].astype(np.float64),
    "text_score": np.array([[f"visit w{one}"] for one in NUMBERED], object),
    "engineered": np.concatenate([np.zeros((N, 1)), NUMBERED[:, None] // [5, 1] % 5], axis=1),
}


@pytest.mark.parametrize("name", OF_GROUPS)
def test_rows_of_one_group_are_told_nothing_by_one_another(name: str) -> None:
    step, y = steps.load(f"{name}@1"), np.random.default_rng(3).normal(size=N // 12)[NUMBERED]
    values, settings = OF_GROUPS[name], {"n_codes": 2, "max_words": 500}
    told, kept = (steps.fit_apply(step, values, y, Task(0, group=one), settings)[1] for one in (None, NUMBERED))
    assert np.corrcoef(told[:, 0], y)[0, 1] > 0.8
    assert np.ptp(kept[:, 0]) == 0 or np.corrcoef(kept[:, 0], y)[0, 1] < 0.3
    if name == "number_means":
        assert (told[:, 1] == np.float32(np.log1p(11))).all()
        assert not kept[:, 1].any()


@pytest.mark.parametrize("far", [np.inf, -3.4e38, 1e9])
def test_a_number_that_is_infinite_or_a_slip_of_the_pen_sets_no_scale(far: float) -> None:
    values = np.random.default_rng(0).normal(size=(400, 2))
    plain = scaled.fit(values, np.zeros(400), Task(0), {})
    values[:40, 1] = np.clip(far, -FLOAT32_MAX, FLOAT32_MAX)
    state = scaled.fit(values, np.zeros(400), Task(0), {})
    assert state["scale"][0] == plain["scale"][0]
    assert state["scale"][1] < 12, "others can still be told apart"
    assert np.ptp(scaled.apply(state, values)[40:, 1]) > 0.4


def test_a_column_of_which_most_is_one_value_keeps_the_scale_of_the_rest() -> None:
    gains = np.where(np.arange(400) < 20, 1e6, 0.0)[:, None]
    assert scaled.fit(gains, np.zeros(400), Task(0), {})["scale"][0] == pytest.approx(gains.std())


def test_target_means_of_unseen_codes_are_the_overall_mean() -> None:
    step = steps.load("target_mean@1")
    state = step.fit(VALUES["codes"], Y, Task(2), {})
    np.testing.assert_allclose(step.apply(state, np.array([[-1, 99]], np.int32)), Y.mean(), rtol=1e-6)


def test_parts_of_a_date() -> None:
    step = steps.load("dates@1")
    moment = np.array([[np.datetime64("2024-02-29T13:45").astype("datetime64[s]").astype(float)]])
    state = step.fit(moment, Y[:1], Task(2), {})
    found = dict(zip(step.names(state, ("d",)), step.apply(state, moment)[0], strict=True))
    assert found["d year"] == 2024
    assert (found["d month"], found["d day"], found["d weekday"]) == (2, 29, 3)
    assert found["d day of year"] == 60
    assert (found["d hour"], found["d minute of day"]) == (13, 825)
    without = step.fit(moment, Y[:1], Task(2), {"trend": False})
    assert "d year" not in step.names(without, ("d",))


def seconds(*moments: str) -> np.ndarray:
    return np.array([[np.datetime64(one).astype("datetime64[s]").astype(float)] for one in moments])


def test_parts_of_a_moment_stay_within_what_training_saw() -> None:
    step = steps.load("dates@1")
    state = step.fit(seconds("2014-08-27T09:30", "2014-08-29T18:10"), Y[:2], Task(2), {})
    later = np.concatenate([seconds("2016-02-01T23:04", "2014-08-28T12:00"), [[np.nan]]])
    found = dict(zip(step.names(state, ("d",)), step.apply(state, later).T, strict=True))
    assert found["d month"][0] == found["d month"][1] == 8
    assert (found["d day"][0], found["d hour"][0], found["d weekday"][0]) == (27, 18, 2)  # the 1st, a Monday, at 23 h
    assert found["d days"][0] == np.float32(2 * (2 + (8 * 60 + 40) / 1440))  # a trend goes on for as long again
    assert found["d year"][0] == 2014
    assert (found["d day"][1], found["d hour"][1]) == (28, 12)
    assert all(np.isnan(part[2]) for part in found.values())
    alone = [step.single(state)(row) for row in later.tolist()]
    assert np.array(alone, np.float32).tobytes() == step.apply(state, later).tobytes()


def test_a_cycle_that_training_has_not_gone_through_is_no_feature_of_the_rows_own_moment() -> None:
    step = steps.load("dates@1")
    hours = np.arange(0.0, 20 * 24, 5)[:, None] * 3600 + seconds("2014-08-01")
    state = step.fit(hours, np.zeros(len(hours)), Task(2), {"trend": False})
    later = seconds("2014-12-01T03:00", "2015-05-09T23:00")
    found = dict(zip(step.names(state, ("d",)), step.apply(state, later).T, strict=True))
    vary = {name for name, part in found.items() if part[0] != part[1]}
    clock = {"d hour", "d minute of day", "d hour sin", "d hour cos"}
    assert vary == {"d weekday", "d weekday sin", "d weekday cos", "d weekend", *clock}
    assert not np.ptp(step.apply(state, hours)[:, list(found).index("d day")])  # nor in training


def test_the_range_of_moments_tells_no_single_row_where_none_may_be_told() -> None:
    step = steps.load("dates@1")
    days = seconds(*(f"2014-08-{day:02}" for day in range(1, 29)))
    bounds = [step.fit(days, Y[:28], Task(2), {"fewest_rows": n}) for n in (1, 10, 20)]
    at = step.names(bounds[0], ("d",)).index("d day")
    assert [(one["low"][at], one["high"][at]) for one in bounds[:2]] == [(1, 28), (10, 19)]
    assert bounds[2]["high"][at] > 1e30
    np.testing.assert_array_equal(step.apply(bounds[2], days)[:, at], np.arange(1, 29))


def test_words_weigh_more_when_they_are_rarer() -> None:
    step = steps.load("words@1")
    texts = np.array([["common rare"], ["common rare"], *[["common word"]] * 8], object)
    state = step.fit(texts, Y[:10], Task(2), {})
    found = dict(zip(step.names(state, ("t",)), step.apply(state, texts)[0], strict=True))
    assert found["t: rare"] > found["t: common"] > 0
    np.testing.assert_allclose((step.apply(state, texts) ** 2).sum(axis=1), 1, rtol=1e-6)


def test_weeks_are_features_of_new_states_and_not_of_those_that_lack_them() -> None:
    step = steps.load("dates@1")
    moment = np.array([[np.datetime64("2024-11-30").astype("datetime64[s]").astype(float)]])  # a Saturday
    state = step.fit(moment, Y[:1], Task(2), {})
    found = dict(zip(step.names(state, ("d",)), step.apply(state, moment)[0], strict=True))
    assert (found["d week"], found["d quarter"], found["d weekend"]) == (48, 4, 1)
    before = {
        key: value for key, value in state.items() if key not in ("weeks", "low", "high")
    }  # as packages of earlier versions hold it
    assert step.apply(before, moment).shape[1] == len(step.names(before, ("d",))) == len(found) - 3


def test_gaps_between_dates_are_days_and_few() -> None:
    step = steps.load("date_gaps@1")
    day = 86_400.0
    times = np.array([[0.0, 2 * day, 5.0], [day, np.nan, 5.0], [day, 1.5 * day, 5.0]])
    state = step.fit(times, Y[:3], Task(2), {})
    assert step.names(state, ("a", "b", "c"))[0] == "days from a to b"
    np.testing.assert_array_equal(step.apply(state, times)[:, 0], np.array([2, np.nan, 0.5], np.float32))
    many = rng.uniform(0, 1e9, (20, 9))
    assert step.apply(step.fit(many, Y[:20], Task(2), {}), many).shape[1] == 10


def test_the_number_of_a_level_is_a_gap_where_training_lacked_the_level() -> None:
    step = steps.load("level_numbers@1")
    codes = np.array([[1], [2], [3], [2]], np.int32)
    state = step.fit(codes, Y[:4], Task(2), {"numbers": [[10.0, 20.0, None]]})
    found = step.apply(state, np.array([[1], [2], [3], [0], [-1], [9]], np.int32))[:, 0]
    assert found[0] < found[1]
    assert np.isnan(found[2:]).all()


def test_counts_grow_with_how_often_a_code_stands_in_training() -> None:
    step = steps.load("counts@1")
    codes = np.array([[1], [1], [1], [2]], np.int32)
    state = step.fit(codes, Y[:4], Task(2), {})
    np.testing.assert_allclose(
        step.apply(state, np.array([[1], [2], [0], [-1], [9]], np.int32))[:, 0], np.log1p([3, 1, 0, 0, 0]), rtol=1e-6
    )


class TestEngineered:
    step = steps.load("engineered@1")

    def rows(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Six numbers, of which two matter by their difference alone, and five categories, two by what they are together."""
        random = np.random.default_rng(1)
        values = np.concatenate([random.normal(size=(n, 6)), random.integers(0, 4, (n, 5))], axis=1)
        told = np.abs(values[:, 1] - values[:, 3]) + (values[:, 7] % 2 == values[:, 9] % 2)
        return values, told + 0.3 * random.normal(size=n)

    def test_finds_what_pairs_tell_together(self) -> None:
        values, y = self.rows(2000)
        state, block = self.step.fit_apply(values, y, Task(0), {"n_codes": 5})
        names = self.step.names(state, tuple("abcdefvwxyz"))
        assert {"b - d", "w & y", "w & y count"} <= set(names)
        assert block.shape[1] == len(names) <= 40 + 20 + 2 * 20

    @pytest.mark.parametrize("n_classes", [0, 2, 4])
    def test_makes_nothing_of_a_target_that_hangs_on_nothing(self, n_classes: int) -> None:
        values, y = self.rows(2000)
        y = rng.integers(0, n_classes, 2000).astype(float) if n_classes else rng.permutation(y)
        assert self.step.fit_apply(values, y, Task(n_classes), {"n_codes": 5})[1].shape[1] <= 2

    def test_eleven_columns_never_become_thousands(self) -> None:
        values, y = self.rows(2000)
        wide = np.concatenate([values[:, :6], rng.integers(0, 500, (2000, 5))], axis=1)
        y = np.argsort(np.argsort(values[:, 0] * values[:, 1] + values[:, 2] / (1 + values[:, 3] ** 2))) % 7
        for most in (40, 3):
            settings = {"n_codes": 5, "most_arithmetic": most, "most_grouped": 2, "most_crossed": 10}
            block = self.step.fit_apply(wide, y.astype(float), Task(7), settings)[1]
            assert block.shape[1] <= most + 2 + 2 * (5 + 1)

    def test_keeps_no_mean_of_few_rows(self) -> None:
        number, codes = np.array([7.0] + [1.0] * 20), np.array([2] + [1] * 20)
        table = levels_table(number, codes)
        np.testing.assert_allclose(table[2], table[-1])
        np.testing.assert_allclose(table[1], [1, 0], atol=1e-12)


def test_remembered_texts_give_the_same_words_from_any_rows() -> None:
    texts = remembered(VALUES["texts"])
    for settings in ({}, {"letters": [2, 3]}):
        for name in ("words@1", "text_score@1", "word_factors@1"):
            step = steps.load(name)
            plain = step.fit(VALUES["texts"][:100], Y[:100], Task(2), settings)
            kept = step.fit(texts[:100], Y[:100], Task(2), settings)
            np.testing.assert_array_equal(step.apply(kept, texts[50:]), step.apply(plain, VALUES["texts"][50:]))


def test_what_a_text_looks_like_is_counted() -> None:
    step = steps.load("text_shape@1")
    made = step.apply({}, np.array([["Win £5 NOW! ok, ok?"], [""], ["aB " * 10_000]], np.object_))
    names = [name.removeprefix("note ") for name in step.names({}, ("note",))]
    looks, nothing, long = (dict(zip(names, row.tolist(), strict=True)) for row in made)
    wanted = {"characters": 19, "words": 5, "digits": 1, "capitals": 4, "marks": 4, "currency signs": 1}
    for name, n in wanted.items():
        assert looks[name] == pytest.approx(np.log1p(n)), name
    assert looks["exclamation marks"] == looks["question marks"] == pytest.approx(np.log(2))
    assert looks["share of capitals"] == pytest.approx(4 / 19)
    assert not any(nothing.values())
    assert long["characters"] == pytest.approx(np.log1p(20_000))
    assert long["words"] == pytest.approx(np.log1p(6_667))


def test_what_texts_remember_goes_along_with_their_rows_alone() -> None:
    texts = remembered(VALUES["texts"])
    assert counts_of(texts[3:9, 0], ()) is counts_of(texts.T[0], ())
    assert counts_of(VALUES["texts"][:, 0], ()) is not counts_of(VALUES["texts"][:, 0], ())


def test_texts_of_a_ridge_are_those_of_normal_equations() -> None:
    step, words = steps.load("text_score@1"), steps.load("words@1")
    state = step.fit(VALUES["texts"], Y, Task(2), {"strength": 2.0})
    block = words.apply(words.fit(VALUES["texts"], Y, Task(2), {}), VALUES["texts"]).astype(float)
    told = np.linalg.solve(block.T @ block + 2 * np.eye(block.shape[1]), block.T @ (Y - Y.mean()))
    np.testing.assert_allclose(step.apply(state, VALUES["texts"])[:, 0], block @ told + Y.mean(), atol=1e-3)
