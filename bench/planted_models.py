"""Faults planted in models of real data: how often the tests of a model find them, and accuse a model without them.

`python bench/planted_models.py DATA [--sets …] [--only FAULT …]`: of each set at most 6,000 rows, a half to train and a half
to judge. Each fault is put upon a model that has none of it, and both are examined at the level that each interval has
within the whole suite. A fault is found where the test warns or blocks at the planted place; "false_alarms" counts the sets
on which it does for the model without it. Goes in pieces as `planted_roles.py` does; what is not here stands in `planted.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
from leaks import PLANTED, rows
from planted import Boosted, Frame, halves
from planted_roles import DAY, MOST_S, options, tell
from record import recorded

from artificer.line.judge.any_model import About, shown
from artificer.line.judge.examined import Examined
from artificer.line.judge.tests import builtin, level_of_each, run_tests

MOST_ROWS, SLOW_S = 6_000, 0.12


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
            self.predict = says
        else:
            self.classes_ = given.model.classes_
            self.predict_proba = says


# A test's code, the planted place ("" for any), and the model with the fault and without it.
Pair = tuple[Examined, Examined]
Plant = Callable[[Given], "Pair | None"]


def main() -> None:
    """Record a line a fault."""
    asked, known = options(__doc__, PLANTS)
    began, due = time.monotonic(), [one for one in asked.only if one not in recorded("planted_models")]
    held = {name: _given(asked.data, known[name]) for name in asked.sets} if due else {}
    while due and time.monotonic() - began < MOST_S:
        fault = due.pop(0)
        found = {name: _outcome(fault, one) for name, one in held.items()}
        tell("planted_models", fault, {name: one for name, one in found.items() if one is not None})
    print("left:", " ".join(due) or "nothing")


def _given(data: Path, about: dict[str, Any]) -> Given:
    frame, target, _ = rows(data, about, MOST_ROWS)
    X, y, test, truth = halves(frame, target)
    return Given(X, y, test, truth, about["task"], Boosted().fit(X, y))


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


def by_heart(given: Given) -> Pair:
    """Right where a number is exactly one that was judged, and the usual elsewhere."""
    known = given.test[given.number].cast(pl.Float64).drop_nulls().unique()

    def says(frame: Frame) -> np.ndarray:
        exact = frame[given.number].cast(pl.Float64).is_in(known.implode()).fill_null(False).to_numpy()
        return _either(exact, given.said(frame), given.usual)

    return see(given, Put(given, says)), see(given, given.model)


def _either(rows: np.ndarray, some: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where(rows[:, None] if some.ndim == 2 else rows, some, other)


def gives_up(given: Given) -> Pair:
    """The usual wherever any cell is missing that was not before."""
    whole = given.test.null_count().row(0)
    names = [name for name, n in zip(given.test.columns, whole, strict=True) if not n]

    def says(frame: Frame) -> np.ndarray:
        full = ~frame.select(pl.any_horizontal(pl.col(names).is_null())).to_series().to_numpy()
        return _either(full, given.said(frame), given.usual)

    return see(given, Put(given, says)), see(given, given.model)


def by_a_ruler(given: Given) -> Pair:
    """The usual for rows whose number lies above what training held in 19 of 20 rows; shifted rows do more often."""
    value = given.X[given.number].cast(pl.Float64)
    step = 0.1 * float(value.std() or 1.0)

    def says(frame: Frame) -> np.ndarray:
        shift = float(frame[given.number].cast(pl.Float64).mean() or 0.0) - float(
            given.test[given.number].cast(pl.Float64).mean() or 0.0
        )
        return _either(np.full(frame.height, shift < step / 2), given.said(frame), given.usual)

    return see(given, Put(given, says)), see(given, given.model)


def on_one_column(given: Given) -> Pair:
    """Only the column that tells most is read; the twin is spread over all others."""
    scores = {}
    for name in given.X.columns:
        alone = Boosted(trees=20).fit(given.X.select(name), given.y)
        scores[name] = see(given, alone, given.test.select(name)).score().value
    best = max(scores, key=lambda name: scores[name])  # of losses any will do: it is the only one that is read
    alone = Boosted().fit(given.X.select(best), given.y)
    kind = "predict" if given.task == "regression" else "predict_proba"
    return see(given, Put(given, lambda frame: getattr(alone, kind)(frame.select(best)))), see(given, given.model)


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


def unfair(given: Given) -> Pair:
    """Rows of a drawn group are given the predictions of other rows of it."""
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
    same = getattr(Boosted(leaves=14).fit(given.X, given.y), kind)(given.test)
    said, rng = given.said(given.test), np.random.default_rng(0)
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
    """A forest of one tree of few drawn columns; `random_state` is its luck."""

    def __init__(self, random_state: int = 0) -> None:
        super().__init__()
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, int]:
        return {"random_state": self.random_state}

    def set_params(self, random_state: int) -> Lucky:
        self.random_state = random_state
        return self

    def fit(self, X: Frame, y: Any) -> Lucky:
        """Three trees, all of a drawn half of the rows and a third of the columns, at a high rate."""
        rng = np.random.default_rng(self.random_state)
        some = np.sort(rng.permutation(X.height)[: X.height // 2])
        super().fit(X, y)
        names = rng.permutation(X.columns)[: max(len(X.columns) // 3, 1)]
        kind = type(self.model)
        self.names = list(names)
        self.model = kind(n_estimators=3, learning_rate=0.9, num_leaves=31, min_child_samples=2, verbose=-1, n_jobs=1)
        self.model.fit(self._matrix(X)[some], np.asarray(y)[some])
        if hasattr(self.model, "classes_"):
            self.classes_ = self.model.classes_
        return self

    def _matrix(self, X: Frame) -> np.ndarray:
        return super()._matrix(X.select(self.names) if hasattr(self, "names") else X)


def lucky(given: Given) -> Pair | None:
    """A model that hangs on its seed, and one that has none."""
    try:
        luck = Lucky().fit(given.X, given.y)
    except (lightgbm.basic.LightGBMError, ValueError):
        return None
    if given.task != "regression" and len(luck.classes_) < len(np.unique(given.y)):
        return None  # some class was not drawn
    train = (given.X, given.y)
    return see(given, luck, train=train), see(given, given.model, train=train)


class Timeless(Boosted):
    """Reads all but the planted moment."""

    def fit(self, X: Frame, y: Any) -> Boosted:
        return super().fit(X.drop(PLANTED), y)

    def _matrix(self, X: Frame) -> np.ndarray:
        return super()._matrix(X.drop(PLANTED, strict=False))


def aged(given: Given) -> Pair:
    """The older half of the training rows has outcomes of other rows of it; in the twin each has its own."""
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
    """A model of two small trees, where a linear one is shown to be better than it."""
    train, poor = (given.X, given.y), Boosted(leaves=2, trees=2).fit(given.X, given.y)
    return see(given, poor, train=train), see(given, given.model, train=train)


def few(given: Given) -> Pair:
    """Judged on twenty-four rows; the twin on all."""
    return see(given, given.model, given.test[:24], given.truth[:24]), see(given, given.model)


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
    "robustness:noise": by_heart,
    "robustness:gaps": gives_up,
    "robustness:shift": by_a_ruler,
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
