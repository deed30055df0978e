"""Faults planted in models of real data: how often the tests of a model find them, and accuse a model without them.

`python bench/planted_models.py DATA [--sets …] [--only FAULT …]`, in pieces (`pieces.py`): of each set at most 6,000 rows, a
half to train and a half to judge. Each fault is put upon a model that has none of it, and both are examined at the level that
each interval has within the whole suite. A fault is found where the test warns or blocks at the planted place; "false_alarms"
counts the sets on which it does for the model without it. What is not here stands in `planted.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from leaks import PLANTED, rows
from pieces import in_pieces, options
from planted import DAY, Boosted, Frame, halves

from artificer.line.judge.any_model import About, shown
from artificer.line.judge.examined import Examined
from artificer.line.judge.tests import builtin, level_of_each, run_tests
from artificer.line.judge.tests.against_linear import linear_prediction
from artificer.line.judge.trivial import constant_prediction

MOST_ROWS, SLOW_S = 6_000, 0.12
ASKED = 1_000  # rows that are predicted anew


@dataclass(frozen=True)
class Given:
    """A model of a half of a set, and both halves."""

    X: Frame
    y: np.ndarray
    test: Frame
    truth: np.ndarray
    task: str
    model: Boosted

    @property
    def number(self) -> str:
        """The numeric column with the most values; "" where there is none."""
        names = [name for name in self.X.columns if self.X[name].dtype.is_numeric()]
        return max(names, key=lambda name: self.X[name].n_unique(), default="")

    @property
    def texts(self) -> list[str]:
        return [name for name in self.X.columns if self.X[name].dtype == pl.String]

    def said(self, frame: Frame) -> np.ndarray:
        """Predictions: (n_rows, n_classes), or (n_rows,) of numbers."""
        return self.model.predict(frame) if self.task == "regression" else self.model.predict_proba(frame)

    @property
    def usual(self) -> np.ndarray:
        """What one would say without looking at a row."""
        return self.said(self.X).mean(axis=0)


class Put:
    """A model that predicts as a function does, with the classes of another."""

    def __init__(self, given: Given, says: Callable[[Frame], np.ndarray]) -> None:
        if given.task == "regression":
            self.predict, self.task = says, "regression"  # few whole numbers could be taken for classes
        else:
            self.classes_ = given.model.classes_
            self.predict_proba = says


# A test's code, the planted place ("" for any), and the model with the fault and without it.
Pair = tuple[Examined, Examined]
Plant = Callable[[Given], "Pair | None"]


def main() -> None:
    """Record a line a fault."""
    asked = options(__doc__, PLANTS)

    @lru_cache(maxsize=1)
    def held(name: str) -> Given:
        frame, target, _ = rows(asked.data, asked.about[name], MOST_ROWS)
        X, y, test, truth = halves(frame, target)
        return Given(X, y, test, truth, asked.about[name]["task"], Boosted().fit(X, y))

    in_pieces("planted_models", asked, lambda fault, name: _outcome(fault, held(name)), "false_alarms")


def _outcome(fault: str, given: Given) -> tuple[bool, bool] | None:
    pair = PLANTS[fault](given)
    if pair is None:
        return None
    code, _, where = fault.partition(":")
    found = [_speaks(one, code, where) for one in pair]
    return found[0], found[1]


def _speaks(seen: Examined, code: str, where: str) -> bool:
    """Whether the test warns, at the level that it has among all."""
    (test,) = [one for one in builtin() if one.code == code]
    (told,) = run_tests(replace(seen, level=level_of_each(seen)), [test])
    return any(one.severity != "note" and where in one.where + one.says for one in told.findings)


def see(given: Given, model: Any, frame: Frame | None = None, truth: Any = None, **how: Any) -> Examined:
    """The judged half as the tests are shown it."""
    about = About(**{name: how.pop(name) for name in ("time", "protected", "effects") if name in how})
    test = given.test if frame is None else frame
    return shown(model, test, given.truth if truth is None else truth, refit="train" in how, about=about, **how)


def worth(given: Given, model: Any = None) -> bool:
    """Whether a model is shown to be better than a constant: one that is not has nothing to lose."""
    seen = see(given, model or given.model)
    return replace(seen, level=level_of_each(seen)).against(constant_prediction(seen)).is_gain


def worsened(harm: Callable[[Given, Frame], np.ndarray]) -> Plant:
    """The usual where a harm has come to a row; the twin feels a tenth of what a harm does to the model without it."""

    def pair(given: Given) -> Pair | None:
        given = replace(given, test=given.test[:ASKED], truth=given.truth[:ASKED])
        if not worth(given):
            return None
        whole = given.said(given.test)
        calm = Put(
            given, lambda frame: 0.9 * whole + 0.1 * given.said(frame) if len(frame) == len(whole) else whole[:1]
        )
        harmed = Put(given, lambda frame: _either(harm(given, frame), given.usual, given.said(frame)))
        return see(given, harmed), see(given, calm)

    return pair


def by_heart(given: Given, frame: Frame) -> np.ndarray:
    """Rows whose number is none of those that were judged."""
    known = given.test[given.number].cast(pl.Float64).drop_nulls().unique()
    return ~frame[given.number].cast(pl.Float64).is_in(known.implode()).fill_null(True).to_numpy()


def gives_up(given: Given, frame: Frame) -> np.ndarray:
    """Rows that lack a cell of a column that lacked none."""
    whole = [name for name in given.test.columns if not given.test[name].null_count()]
    return frame.select(pl.any_horizontal(pl.col(whole).is_null())).to_series().to_numpy()


def by_a_ruler(given: Given, frame: Frame) -> np.ndarray:
    """All rows, once a number's mean has moved by a twentieth of its spread."""
    now, before = (float(one[given.number].cast(pl.Float64).mean() or 0.0) for one in (frame, given.test))
    return np.full(frame.height, now - before > 0.05 * float(given.X[given.number].cast(pl.Float64).std() or 1.0))


def _either(rows: np.ndarray, some: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where(rows[:, None] if other.ndim == 2 else rows, some, other)


def on_one_column(given: Given) -> Pair | None:
    """Of three copies of the column that tells most, one alone is read; the twin asks a model of each."""
    gain = {}
    for name in given.X.columns:
        seen = see(given, Boosted(trees=20).fit(given.X.select(name), given.y), given.test.select(name))
        gain[name] = seen.against(constant_prediction(seen)).value
    best = max(gain, key=lambda name: gain[name])
    copies = [pl.col(best).alias(f"{best} {k}") for k in range(3)]
    alone, kind = (
        Boosted().fit(given.X.select(best), given.y),
        "predict" if given.task == "regression" else "predict_proba",
    )

    def says(frame: Frame, read: int) -> np.ndarray:
        return np.mean(
            [getattr(alone, kind)(frame.select(pl.col(f"{best} {k}").alias(best))) for k in range(read)], axis=0
        )

    frame = given.test.select(copies)
    one, three = (see(given, Put(given, lambda rows, n=n: says(rows, n)), frame) for n in (1, 3))
    return (one, three) if one.against(constant_prediction(one)).is_gain else None


def by_place(given: Given) -> Pair:
    """A row's prediction is mixed with that of the row before it."""

    def says(frame: Frame) -> np.ndarray:
        said = given.said(frame)
        return 0.5 * said + 0.5 * np.roll(said, 1, axis=0)

    return see(given, Put(given, says)), see(given, given.model)


def by_company(given: Given) -> Pair:
    """The mean of the rows that are predicted together is drawn to the usual."""

    def says(frame: Frame) -> np.ndarray:
        said = given.said(frame)
        return 0.9 * said + 0.1 * said.mean(axis=0)

    return see(given, Put(given, says)), see(given, given.model)


def by_spelling(given: Given) -> Pair | None:
    """Levels are read as they are written; the twin brings them to lower case without spaces around."""
    if not given.texts:
        return None
    if given.test.with_columns(pl.col(given.texts).str.to_uppercase()).equals(given.test):
        return None  # they are upper case as they stand
    plain = pl.col(given.texts).str.strip_chars().str.to_lowercase()
    model = Boosted().fit(given.X.with_columns(plain), given.y)
    calm = replace(given, model=model)
    return see(given, given.model), see(calm, Put(calm, lambda frame: calm.said(frame.with_columns(plain))))


def bent(given: Given) -> Pair | None:
    """A demanded direction in a number holds above its median alone; in the twin everywhere."""
    if given.task == "multiclass" or not given.number:
        return None
    name = given.number
    others = Boosted().fit(given.X.drop(name), given.y)
    plain = replace(given, model=others)
    value = given.X[name].cast(pl.Float64)
    middle, spread = float(value.median() or 0.0), float(value.std() or 1.0)

    def says(frame: Frame, *, falls: bool) -> np.ndarray:
        z = ((frame[name].cast(pl.Float64).fill_null(middle) - middle) / spread).to_numpy()
        push, said = 0.5 * (np.abs(z) if falls else z), plain.said(frame.drop(name))
        if given.task == "regression":
            return said + push * float(np.std(given.y))
        odds = np.log(said[:, 1].clip(1e-9, 1 - 1e-9) / (1 - said[:, 1]).clip(1e-9, 1)) + push
        p = 1 / (1 + np.exp(-odds))
        return np.stack([1 - p, p], axis=1)

    effects = {name: "increasing"}
    made = [Put(given, lambda frame, falls=falls: says(frame, falls=falls)) for falls in (True, False)]
    return see(given, made[0], effects=effects), see(given, made[1], effects=effects)


def unfair(given: Given) -> Pair | None:
    """Rows of a drawn group are given the predictions of other rows of it."""
    if not worth(given):
        return None
    groups = np.random.default_rng(1).random(given.test.height) < 0.3
    frame = given.test.with_columns(pl.Series(PLANTED, np.where(groups, "b", "a")))
    said = given.said(given.test)
    worse = said.copy()
    worse[groups] = said[groups][np.random.default_rng(2).permutation(groups.sum())]
    made = [Put(given, lambda rows, one=one: one if rows.height == len(one) else given.said(rows.drop(PLANTED)))
            for one in (worse, said)]  # fmt: skip
    return see(given, made[0], frame, protected=(PLANTED,)), see(given, made[1], frame, protected=(PLANTED,))


def hangs_on_group(given: Given) -> Pair:
    """The prediction is another row's wherever a protected value is b; the twin does not read it."""
    groups = np.where(np.random.default_rng(1).random(given.test.height) < 0.5, "b", "a")
    frame, usual = given.test.with_columns(pl.Series(PLANTED, groups)), given.usual

    def says(rows: Frame) -> np.ndarray:
        said = given.said(rows.drop(PLANTED))
        turned = usual * 2 - said if said.ndim == 1 else said[:, ::-1]
        return _either((rows[PLANTED] == "a").to_numpy(), said, turned)

    calm = Put(given, lambda rows: given.said(rows.drop(PLANTED)))
    return see(given, Put(given, says), frame, protected=(PLANTED,)), see(given, calm, frame, protected=(PLANTED,))


def unlike_before(given: Given) -> Pair | None:
    """The model in use says of a fifth of the rows what it should of others; the new one says so of another fifth."""
    kind = "predict" if given.task == "regression" else "predict_proba"
    other = getattr(Boosted(leaves=14).fit(given.X, given.y), kind)(given.test)
    said, rng = given.said(given.test), np.random.default_rng(0)
    same = 0.95 * said + 0.05 * other
    faulty, before = said.copy(), said.copy()
    for one in (faulty, before):
        hit = rng.random(len(one)) < 0.2
        one[hit] = said[hit][rng.permutation(hit.sum())]
    labels = said.argmax(axis=1) if said.ndim == 2 else None
    if labels is not None and (faulty.argmax(axis=1) != before.argmax(axis=1)).mean() < 0.07:
        return None  # few decisions differ, as nearly all are of one class
    new, old = (Put(given, lambda rows, one=one: one) for one in (faulty, said))
    return see(given, new, previous=before), see(given, old, previous=same)


class Lucky(Boosted):
    """Boosted trees, each of a drawn half of the rows; `random_state` is their luck.

    Few of them, at a high rate and of a drawn third of the columns, hang on it; eighty at a low rate hardly do.
    """

    def __init__(self, few: bool = True, random_state: int = 0) -> None:
        super().__init__()
        self.few, self.random_state = few, random_state

    def get_params(self, deep: bool = True) -> dict[str, int]:
        return {"few": self.few, "random_state": self.random_state}

    def set_params(self, random_state: int) -> Lucky:
        self.random_state = random_state
        return self

    def made(self, kind: Any) -> Any:
        """The model to fit."""
        size = {"n_estimators": 3, "learning_rate": 0.9} if self.few else {"n_estimators": 80, "learning_rate": 0.05}
        drawn = {"subsample": 0.5, "subsample_freq": 1, "colsample_bytree": 0.33 if self.few else 0.8}
        return kind(**size, **drawn, min_child_samples=20, verbose=-1, n_jobs=1, random_state=self.random_state)


def lucky(given: Given) -> Pair:
    """A model that hangs on its seed, and one that hardly does."""
    train = (given.X, given.y)
    few, many = (see(given, Lucky(few).fit(given.X, given.y), train=train) for few in (True, False))
    return few, many


class Timeless(Boosted):
    """Reads all but the planted moment."""

    def fit(self, X: Frame, y: Any) -> Boosted:
        return super().fit(X.drop(PLANTED), y)

    def _matrix(self, X: Frame) -> np.ndarray:
        return super()._matrix(X.drop(PLANTED, strict=False))


def aged(given: Given) -> Pair | None:
    """The older half of the training rows has outcomes of other rows of it; in the twin each has its own."""
    if not worth(given):
        return None
    n = len(given.y)
    old = np.arange(n) < n // 2
    worse = given.y.copy()
    worse[old] = given.y[old][np.random.default_rng(0).permutation(old.sum())]
    day = (pl.Series(PLANTED, np.arange(n)) * DAY).cast(pl.Datetime("us"))
    X = given.X.with_columns(day)
    after = (pl.Series(PLANTED, n + np.arange(given.test.height)) * DAY).cast(pl.Datetime("us"))
    test = given.test.with_columns(after)
    made = [see(given, Timeless().fit(X, y), test, train=(X, y), time=PLANTED) for y in (worse, given.y)]
    return made[0], made[1]


def slow(given: Given) -> Pair:
    """Each call waits for an eighth of a second."""

    def says(frame: Frame) -> np.ndarray:
        time.sleep(SLOW_S)
        return given.said(frame)

    return see(given, Put(given, says)), see(given, given.model)


def told(given: Given) -> Pair:
    """A column that holds the outcome, in other words; in the twin another row's."""
    names, place = np.unique(given.truth, return_inverse=True)
    words = (7 * place + 3 if len(names) < 30 else 2.5 * given.truth - 4).astype(float)
    drawn = np.random.default_rng(0).permutation(words)
    made = [given.test.with_columns(pl.Series(PLANTED, one)) for one in (words, drawn)]
    model = Put(given, lambda frame: given.said(frame.drop(PLANTED)))
    return see(given, model, made[0]), see(given, model, made[1])


def worse_than_a_line(given: Given) -> Pair | None:
    """A model of two small trees, where a linear one loses less; the twin is the linear one, a hair better."""
    train, poor = (given.X, given.y), Boosted(leaves=2, trees=2).fit(given.X, given.y)
    seen = see(given, poor, train=train)
    line = linear_prediction(seen)
    if not seen.against(line).value < 0:
        return None
    same = Put(given, lambda frame: line[:, 0] if given.task == "regression" else line)
    return seen, see(given, same, train=train)


def few(given: Given) -> Pair | None:
    """Judged on twenty-four rows; the twin on all, twenty times over, as if they were so many more."""
    if not worth(given):
        return None
    many = pl.concat([given.test] * 20), np.tile(given.truth, 20)
    return see(given, given.model, given.test[:24], given.truth[:24]), see(given, given.model, *many)


def narrow(given: Given) -> Pair | None:
    """Intervals half as wide as those of nine in ten errors."""
    if given.task != "regression":
        return None
    seen = see(given, given.model)
    error = np.abs(seen.rows.y - seen.prediction[:, 0])
    half = float(np.quantile(error[::2], 0.9))
    judged = replace(seen, rows=seen.rows.taken(np.arange(1, len(error), 2)), prediction=seen.prediction[1::2])
    made = [judged.prediction + np.array([-one, one]) for one in (half / 2, half)]
    return replace(judged, intervals=made[0]), replace(judged, intervals=made[1])


PLANTS: dict[str, Plant] = {
    "robustness:noise": worsened(by_heart),
    "robustness:gaps": worsened(gives_up),
    "robustness:shift": worsened(by_a_ruler),
    "robustness:without": on_one_column,
    "invariance:order of rows": by_place,
    "invariance:beside": by_company,
    "invariance:case of texts": by_spelling,
    f"invariance:{PLANTED}": hangs_on_group,
    "monotone": bent,
    "fairness": unfair,
    "stability": unlike_before,
    "seed_stability": lucky,
    "staleness": aged,
    "cost": slow,
    f"leakage:{PLANTED}": told,
    "against_linear": worse_than_a_line,
    "calibration:intervals": narrow,
    "power": few,
}

if __name__ == "__main__":
    main()
