"""Faults planted in real data: how often checks of audit and tests of a model find them, and say so unasked.

`python bench/planted.py DATA [--sets …] [--only CODE …]`, in pieces (`pieces.py`): of each set at most 3,000 rows in a drawn
order, and 20,000 for models. A fault is found where a finding of its code names the planted column (faults of rows: any
such finding); notes count for codes that only note. "said_before" counts the sets on which the same code spoke, at that
place, before anything was planted: false alarms, or faults that the data have of their own. Sets that the manifest marks
`report_only` are refused. On the sets named here no threshold of these checks was set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import lightgbm
import numpy as np
import polars as pl
from leaks import audited, rows
from pieces import in_pieces, options
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

from artificer.core.records import Finding
from artificer.data.table import row_hashes
from artificer.line.judge.any_model import About, examine, examine_predictions, shown
from artificer.line.judge.trivial import constant_prediction

MANY_ROWS = 20_000  # of a set, half of them to train and half to judge
PLANTED = "planted"
Frame = pl.DataFrame
Plant = Callable[[Frame, str, np.random.Generator], "tuple[Frame, str] | None"]


def main() -> None:
    """Record a line a fault."""
    asked = options(__doc__, (*PLANTS, *MODELS))

    @lru_cache(maxsize=1)
    def held(name: str, most: int = 3_000) -> tuple[Frame, str]:
        return rows(asked.data, asked.about[name], most)[:2]

    @lru_cache(maxsize=1)
    def clean(name: str) -> list[Finding]:
        return audited(*held(name), asked.about[name])

    def outcome(fault: str, name: str) -> tuple[bool, bool] | None:
        if fault in MODELS:
            return MODELS[fault](*held(name, MANY_ROWS), asked.about[name]["task"])
        return _data_fault(fault, *held(name), asked.about[name], clean(name))

    in_pieces("planted", asked, outcome, "said_before")


def _data_fault(
    fault: str, frame: Frame, target: str, about: dict[str, Any], clean: list[Finding]
) -> tuple[bool, bool] | None:
    planted = PLANTS[fault](frame, target, np.random.default_rng(0))
    if planted is None:
        return None
    code = fault.partition(":")[0]
    changed, where = planted
    measured = code == "label_errors"  # it needs the yardstick, which takes time
    before = audited(frame, target, about, effects=True) if measured else clean
    return _speaks(audited(changed, target, about, effects=measured), code, where), _speaks(before, code, where)


def _speaks(findings: list[Finding], code: str, where: str) -> bool:
    said = [one for one in findings if one.code == code and (one.severity != "note" or code in QUIET)]
    return any(not where or where in one.where or where in one.says for one in said)


# Codes that only ever note: they are told, and weigh nothing by themselves.
QUIET = ("rare_levels", "skew", "high_cardinality", "redundant", "near_duplicates", "outliers", "case_variants", "typos",
         "missing_words", "near_constant", "constant", "empty", "copy", "identifier", "missing", "duplicates", "personal",
         "mixed_types", "sentinel", "units", "impossible_dates")  # fmt: skip


def _number(frame: Frame, target: str) -> str | None:
    """The numeric column with the most different values, but one that names rows."""
    names = [
        name
        for name in frame.columns
        if name != target and frame[name].dtype.is_numeric() and frame[name].n_unique() < 0.9 * frame.height
    ]
    return max(names, key=lambda name: frame[name].n_unique(), default=None)


def _category(frame: Frame, target: str) -> str | None:
    """The category with the most rows in its second level, of 3 to 60 levels."""
    names = [
        name
        for name in frame.columns
        if name != target and frame[name].dtype == pl.String and 3 <= frame[name].n_unique() <= 60
    ]
    return max(names, key=lambda name: sorted(frame[name].value_counts()["count"])[-2], default=None)


def some(frame: Frame, rng: np.random.Generator, share: float) -> pl.Series:
    """Rows drawn with a chance."""
    return pl.Series(rng.random(frame.height) < share)


def in_number(change: Callable[[pl.Expr, pl.Series, np.random.Generator], pl.Expr], share: float) -> Plant:
    """A fault in some cells of a numeric column."""

    def plant(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
        name = _number(frame, target)
        if name is None:
            return None
        hit = some(frame, rng, share)
        value = pl.col(name).cast(pl.Float64)
        return frame.with_columns(pl.when(hit).then(change(value, frame[name], rng)).otherwise(value).alias(name)), name

    return plant


def in_category(change: Callable[[pl.Expr, pl.Series, np.random.Generator], pl.Expr], share: float) -> Plant:
    """A fault in some cells of a category."""

    def plant(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
        name = _category(frame, target)
        if name is None:
            return None
        hit = some(frame, rng, share)
        value = pl.col(name)
        return frame.with_columns(pl.when(hit).then(change(value, frame[name], rng)).otherwise(value).alias(name)), name

    return plant


def column(values: Callable[[Frame, np.random.Generator], Any]) -> Plant:
    """A column of its own."""
    return lambda frame, _, rng: (frame.with_columns(pl.Series(PLANTED, values(frame, rng))), PLANTED)


def copied(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str]:
    """A twentieth of the rows once more."""
    return pl.concat([frame, frame.filter(some(frame, rng, 0.05))]), ""


def nearly_copied(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    """A twentieth of the rows once more, with another value of one number."""
    name = _number(frame, target)
    if name is None:
        return None
    again = frame.filter(some(frame, rng, 0.05))
    spread = float(frame[name].cast(pl.Float64).std() or 1.0)
    moved = again[name].cast(pl.Float64) + pl.Series(rng.normal(0, spread, again.height))
    both = pl.concat([frame.with_columns(pl.col(name).cast(pl.Float64)), again.with_columns(moved.alias(name))])
    return both, ""


def contradicted(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    """A twentieth of the rows once more, with another row's class."""
    if frame[target].dtype != pl.String:
        return None
    again = frame.filter(some(frame, rng, 0.05))
    levels = frame[target].unique().sort().to_list()
    other = [levels[(levels.index(one) + 1) % len(levels)] for one in again[target]]
    return pl.concat([frame, again.with_columns(pl.Series(target, other))]), ""


def mislabelled(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    """A tenth of the rows with another class."""
    if frame[target].dtype != pl.String:
        return None
    levels = frame[target].unique().sort().to_list()
    drawn = [levels[(levels.index(one) + 1) % len(levels)] for one in frame[target]]
    hit = some(frame, rng, 0.1)
    return frame.with_columns(pl.when(hit).then(pl.Series(drawn)).otherwise(pl.col(target)).alias(target)), ""


def rare_class(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    """The rarer of two classes thinned out to twenty rows."""
    if frame[target].n_unique() != 2:
        return None
    counts = frame[target].value_counts().sort("count")
    rare = counts[target][0]
    return pl.concat([frame.filter(pl.col(target) != rare), frame.filter(pl.col(target) == rare).head(20)]), ""


def _letter_off(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(max(len(text) - 1, 1)))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :] if len(text) > 3 else text + text[-1:]


def slips(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    """Three rows in a hundred with two letters of a level of five letters or more exchanged."""
    name = _category(frame, target)
    if name is None:
        return None
    hit = rng.random(frame.height) < 0.03
    cells = [
        _letter_off(one, rng) if wrong and one is not None and len(one) > 4 else one
        for wrong, one in zip(hit, frame[name], strict=True)
    ]
    changed = frame.with_columns(pl.Series(name, cells, dtype=pl.String))
    return (changed, name) if not changed.equals(frame) else None


DAY = 86_400_000_000
PLANTS: dict[str, Plant] = {
    "missing": in_number(lambda *_: pl.lit(None, pl.Float64), 0.4),
    "sentinel": in_number(lambda *_: pl.lit(-999.0), 0.05),
    "outliers": in_number(
        lambda value, held, _: value * 0 + float(held.cast(pl.Float64).abs().max() or 1) * 1000, 0.005
    ),
    "infinite": in_number(lambda *_: pl.lit(float("inf")), 0.005),
    "units": lambda frame, target, _: _in_thousands(frame, target),
    "mixed_types": lambda frame, target, rng: _mixed(frame, target, rng),
    "missing_words": in_category(lambda *_: pl.lit("unknown"), 0.1),
    "case_variants": in_category(lambda value, *_: value.str.to_uppercase() + " ", 0.05),
    "typos": slips,
    "duplicates": copied,
    "near_duplicates": nearly_copied,
    "conflicts": contradicted,
    "label_errors": mislabelled,
    "imbalance": rare_class,
    "constant": column(lambda frame, _: ["same"] * frame.height),
    "empty": column(lambda frame, _: pl.Series([None] * frame.height, dtype=pl.String)),
    "near_constant": column(lambda frame, rng: np.where(rng.random(frame.height) < 0.002, "b", "a")),
    "identifier": column(lambda frame, rng: [f"id-{one}" for one in rng.permutation(frame.height)]),
    "high_cardinality": column(
        lambda frame, rng: [f"v{one}" for one in rng.integers(0, frame.height // 3, frame.height)]
    ),
    "rare_levels": column(
        lambda frame, rng: np.where(
            rng.random(frame.height) < 0.9, "common", rng.integers(0, 60, frame.height).astype(str)
        )
    ),
    "skew": column(lambda frame, rng: np.exp(rng.normal(0, 3, frame.height))),
    "copy": lambda frame, target, _: _copy(frame, target),
    "redundant": lambda frame, target, rng: _scaled(frame, target, rng),
    "impossible_dates": column(
        lambda frame, rng: pl.Series(
            np.where(rng.random(frame.height) < 0.01, 230 * 365, 50 * 365 + rng.integers(0, 900, frame.height)) * DAY
        ).cast(pl.Datetime("us"))
    ),
    "personal": column(lambda frame, rng: [f"person{one}@example.org" for one in rng.integers(0, 10**6, frame.height)]),
}


def _mixed(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    name = _number(frame, target)
    if name is None:
        return None
    hit = some(frame, rng, 0.02)
    return frame.with_columns(
        pl.when(hit).then(pl.lit("see note")).otherwise(pl.col(name).cast(pl.String)).alias(name)
    ), name


def _in_thousands(frame: Frame, target: str) -> tuple[Frame, str] | None:
    """A fifth of the rows, one after the other."""
    name = _number(frame, target)
    if name is None:
        return None
    late = pl.int_range(pl.len()) >= frame.height * 4 // 5
    value = pl.col(name).cast(pl.Float64)
    return frame.with_columns(pl.when(late).then(value * 1000).otherwise(value).alias(name)), name


def _copy(frame: Frame, target: str) -> tuple[Frame, str] | None:
    name = _number(frame, target)
    return None if name is None else (frame.with_columns(pl.col(name).alias(PLANTED)), PLANTED)


def _scaled(frame: Frame, target: str, rng: np.random.Generator) -> tuple[Frame, str] | None:
    name = _number(frame, target)
    if name is None:
        return None
    value = frame[name].cast(pl.Float64).fill_null(0)
    noise = pl.Series(rng.normal(0, 0.01 * float(value.std() or 1), frame.height))
    return frame.with_columns((value * 2.54 + 3 + noise).alias(PLANTED)), PLANTED


class Boosted:
    """A small boosted model of a frame's numbers and codes, with scikit-learn's names."""

    def __init__(self, leaves: int = 15, trees: int = 80, at_least: int = 20, seed: int = 0) -> None:
        self.leaves, self.trees, self.at_least, self.seed = leaves, trees, at_least, seed

    def get_params(self, deep: bool = True) -> dict[str, int]:
        return {"leaves": self.leaves, "trees": self.trees, "at_least": self.at_least, "seed": self.seed}

    def fit(self, X: Frame, y: Any) -> Boosted:
        kind = lightgbm.LGBMClassifier if np.asarray(y).dtype.kind in "OUS" else lightgbm.LGBMRegressor
        self.levels = {name: {one: k for k, one in enumerate(X[name].unique().drop_nulls().sort())} for name in X.columns
                       if not X[name].dtype.is_numeric()}  # fmt: skip
        self.task = "regression" if kind is lightgbm.LGBMRegressor else "class"
        self.model = self.made(kind)
        self.model.fit(self._matrix(X), np.asarray(y))
        if kind is lightgbm.LGBMClassifier:
            self.classes_ = self.model.classes_
            self.predict_proba = lambda rows: self.model.predict_proba(self._matrix(rows))
        return self

    def made(self, kind: Any) -> Any:
        """The model to fit."""
        return kind(num_leaves=self.leaves, n_estimators=self.trees, min_child_samples=self.at_least, verbose=-1,
                    n_jobs=1, random_state=self.seed)  # fmt: skip

    def predict(self, X: Frame) -> np.ndarray:
        return np.asarray(self.model.predict(self._matrix(X)))

    def _matrix(self, X: Frame) -> np.ndarray:
        parts = [
            np.array([self.levels[name].get(one, np.nan) for one in X[name]], float)
            if name in self.levels
            else X[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
            for name in X.columns
        ]
        return np.column_stack(parts)


def halves(frame: Frame, target: str) -> tuple[Frame, Any, Frame, Any]:
    """A half that trains and a half that judges, with the columns that `Boosted` reads."""
    kept = [
        name
        for name in frame.columns
        if name != target and (frame[name].dtype.is_numeric() or frame[name].dtype == pl.String)
    ]
    at = frame.height // 2
    X, y = frame.select(kept), frame[target]
    return X[:at], y[:at].to_numpy(), X[at:], y[at:].to_numpy()


def _outcome(before: Any, after: Any, code: str, where: str = "") -> tuple[bool, bool]:
    spoke = [
        any(one.code == code and one.severity != "note" and where in one.where for one in part.findings)
        for part in (after, before)
    ]
    return spoke[0], spoke[1]


def miscalibrated(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
    """Chances of two classes pushed towards 0 and 1: their log-odds times 2.5."""
    if task != "binary":
        return None
    X, y, test, truth = halves(frame, target)
    model = Boosted(trees=40).fit(X, y)
    chance = model.predict_proba(test)[:, 1].clip(1e-6, 1 - 1e-6)
    odds = np.log(chance / (1 - chance))
    before = examine_predictions(truth, chance, positive=model.classes_[1])
    after = examine_predictions(truth, 1 / (1 + np.exp(-2.5 * odds)), positive=model.classes_[1])
    return _outcome(before, after, "calibration")


def broken_slice(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
    """In a level of a text that holds a tenth to a half of the rows, predictions of other rows: the one that then errs most."""
    X, y, test, truth = halves(frame, target)
    model = Boosted().fit(X, y)
    said = model.predict_proba(test) if task != "regression" else model.predict(test)
    said = said[:, 1] if task == "binary" else said
    other = said[np.random.default_rng(0).permutation(len(said))]
    made: list[tuple[float, str, np.ndarray]] = []
    for name in (name for name in test.columns if test[name].dtype == pl.String):
        for level in test[name].drop_nulls().unique().sort():
            hit = (test[name] == level).fill_null(False).to_numpy()
            if 0.1 <= hit.mean() <= 0.5:
                inside, outside = (
                    _loss(truth[k], p[k], model, mean_absolute_error) for k, p in ((hit, other), (~hit, said))
                )
                made.append((inside / outside, name, hit))
    if not made:
        return None
    worse, name, hit = max(made, key=lambda one: one[0])
    if worse < 1.5:
        return None  # it is not served worse than others
    more = {"positive": model.classes_[1]} if task == "binary" else {}
    broken = np.where(hit if said.ndim == 1 else hit[:, None], other, said)
    before, after = (examine_predictions(truth, one, test, **more) for one in (said, broken))
    return _outcome(before, after, "weak_slice", name)


def _loss(truth: Any, said: np.ndarray, model: Boosted, of_numbers: Callable[..., float] = mean_squared_error) -> float:
    """Log loss of chances, mean squared or other error of numbers."""
    if truth.dtype.kind in "OUS":
        return float(log_loss(truth, said, labels=model.classes_))
    return float(of_numbers(truth, said))


def _models(code: str, good: Callable[[], Boosted], bad: Callable[[], Boosted], **how: bool) -> Any:
    def found(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
        X, y, test, truth = halves(frame, target)
        ways = {"train": (X, y)} if how.get("train") else {}
        models = [make().fit(X, y) for make in (good, bad)]
        seen = [shown(one, test, truth, refit=False, about=About()) for one in models]
        if not seen[0].against(seen[1].prediction).is_gain:
            return None  # in its own metric it is not shown to be a worse model
        both = [examine(one, test, truth, refit=False, **ways) for one in models]
        return _outcome(both[0], both[1], code)

    return found


def trained_on_test(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
    """A fifth of the judged rows among those that trained; without it none, as what stands in both halves is left out."""
    X, y, test, truth = halves(frame, target)
    fresh = ~np.isin(row_hashes(test, test.columns), row_hashes(X, X.columns))
    test, truth = test.filter(fresh), truth[fresh]
    at = len(truth) // 5
    more, labels = pl.concat([X, test[:at]]), np.concatenate([y, truth[:at]])
    before = examine(Boosted().fit(X, y), test, truth, train=(X, y), refit=False)
    after = examine(Boosted().fit(more, labels), test, truth, train=(more, labels), refit=False)
    return _outcome(before, after, "overlap")


def worse_than_before(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
    """Three trees in place of eighty."""
    X, y, test, truth = halves(frame, target)
    good, poor = Boosted().fit(X, y), Boosted(trees=3).fit(X, y)
    kind = "predict" if task == "regression" else "predict_proba"
    if _loss(truth, getattr(poor, kind)(test), poor) < 1.05 * _loss(truth, getattr(good, kind)(test), good):
        return None
    same = examine(good, test, truth, previous=Boosted(seed=1).fit(X, y), refit=False)
    worse = examine(poor, test, truth, previous=good, refit=False)
    return _outcome(same, worse, "against_previous")


def unread(frame: Frame, target: str, task: str) -> tuple[bool, bool] | None:
    """A column of noise beside the others."""
    X, y, test, truth = halves(frame, target)
    rng = np.random.default_rng(0)
    more, further = (part.with_columns(pl.Series(PLANTED, rng.normal(size=part.height))) for part in (X, test))
    model = Boosted(trees=20).fit(more, y)
    seen = shown(model, further, truth, refit=False, about=About())
    if not seen.against(constant_prediction(seen)).is_gain:
        return None  # a model that brings nothing has no column that brings less
    after = examine(model, further, truth, train=(more, y), refit=False)
    before = examine(Boosted(trees=20).fit(X, y), test, truth, train=(X, y), refit=False)
    named = [one for one in after.findings if one.code == "unused_features" and PLANTED in one.where]
    return bool(named), any(one.code == "unused_features" and one.severity != "note" for one in before.findings)


MODELS: dict[str, Callable[[Frame, str, str], tuple[bool, bool] | None]] = {
    "calibration of a model": miscalibrated,
    "weak_slice of a model": broken_slice,
    "overfit of a model": _models("overfit", lambda: Boosted(4, 20, 50), lambda: Boosted(255, 400, 1), train=True),
    "against_trivial of a model": _models("against_trivial", Boosted, lambda: Boosted(2, 1, 10**6)),
    "overlap of a model": trained_on_test,
    "against_previous of a model": worse_than_before,
    "unused_features of a model": unread,
}

if __name__ == "__main__":
    main()
