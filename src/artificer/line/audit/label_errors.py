"""Label errors: rows whose label a model that did not learn from them denies with confidence.

Chance in the outcome is no label error, and to a model that knows little of the target both look alike. So the finding
is made only where most of the doubted labels would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from artificer.core.clock import Stopwatch
from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.ask import ROW
from artificer.line.audit.price import matrix
from artificer.line.audit.seen import Seen, check
from artificer.measure.noise import Doubted, distrust, doubted_classes, doubted_values, recognised, told_from
from artificer_runtime.schema import GROUPS

N_FOLDS = 5
FEWEST_ROWS, FEWEST_TO_LEARN = 200, 100
MOST_ROWS = 50_000
MOST_TREES = 200
# Cells times trees (of each class): one fold's model then takes about a second.
MOST_CELL_TREES = 400_000_000
# The first fold chooses between a careful model, for a target that chance decides, and one for targets that can be known.
SIZES: tuple[dict[str, float], ...] = (
    {"num_leaves": 15, "learning_rate": 0.05},
    {"num_leaves": 31, "learning_rate": 0.1},
)
FASTEST = 0.2
SETTINGS = {
    "max_bin": 63,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "cat_smooth": 20,
    "lambda_l2": 3.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 1,
}
LEAST_RATE, LARGE_RATE = 0.003, 0.02
BLIND = 0.05  # where a larger share of wrong labels would pass unseen, silence is no comfort, and that is said
MOST_NAMED = 20
SHOWN = 3


@check("label_errors", "rows", "prices")
def label_errors(seen: Seen) -> Iterator[Finding]:
    """Report how many labels are likely wrong, and the rows, where that can be trusted."""
    if seen.prices.clock is None or seen.rows.n_rows < FEWEST_ROWS:
        return
    told = _out_of_fold(seen)
    if told is None:
        return
    found, strange = _doubted(seen, told)
    known = np.flatnonzero(~np.isnan(told).any(axis=1))
    y = seen.rows.y[known]
    among_known = replace(found, places=np.searchsorted(known, found.places))
    distrusted = distrust(y, told[known], among_known, len(seen.asked.classes))
    if not distrusted and (not seen.asked.classes or found.rate >= LEAST_RATE):
        yield _finding(seen, found, len(known))
    elif strange:
        yield _blind(seen, np.inf, strange)
    elif seen.asked.classes and (least := told_from(y, told[known])) > BLIND:
        yield _blind(seen, least, distrusted)


def suspects(seen: Seen) -> np.ndarray:
    """Find rows whose label is likely wrong; whether they can be trusted, `label_errors` says.

    Returns
    -------
    array of int64, (n_suspects,)
        Places among `seen.rows`, the most suspicious first; empty where nothing can be told: too few rows, no column that
        the probe reads, or no time.
    """
    told = _out_of_fold(seen) if seen.rows.n_rows >= FEWEST_ROWS else None
    return _doubted(seen, told)[0].places if told is not None else np.empty(0, np.int64)


def _doubted(seen: Seen, told: np.ndarray) -> tuple[Doubted, str]:
    """Labels that are likely wrong, and why those of some classes cannot be said to be; "" where all can."""
    y = seen.rows.y
    known = np.flatnonzero(~np.isnan(told).any(axis=1))
    found = (
        doubted_classes(y[known].astype(np.int64), told[known])
        if seen.asked.classes
        else doubted_values(y[known], told[known, 0], told[known, 1])
    )
    places = known[found.places]
    if not seen.asked.classes:
        return Doubted(places, found.chance, found.rate), ""
    classes = y.astype(np.int64)
    strange = ~recognised(classes[known], told[known].argmax(axis=1), classes[places])
    kept = ~strange[classes[places]]
    return Doubted(places[kept], found.chance[kept], found.rate), _why(seen, np.unique(classes[places[~kept]]))


def _why(seen: Seen, classes: np.ndarray) -> str:
    names = [f"'{seen.asked.classes[one]}'" for one in classes]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    named = f"{', '.join(names[:SHOWN])}{more}"
    return f"a model that did not learn from them hardly finds a row of {named}" if names else ""


def _out_of_fold(seen: Seen) -> np.ndarray | None:
    """Told by models that did not see a row: probabilities (n_rows, n_classes), or value and size of residual (n_rows, 2).

    NaN beyond the first 50,000 rows of a draw, in folds that the clock left no time for, and in those of a group that holds
    nearly all rows; None where there is no column to read, or where so few rows could be told.
    """
    y, names, clock = seen.rows.y, seen.prices.strongest, seen.prices.clock
    if not names:
        return None
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    codes = [place for place, name in enumerate(names) if GROUPS[kinds[name]] == "codes"]
    rows = np.sort(np.random.default_rng(0).permutation(len(y))[:MOST_ROWS])
    X = matrix(seen.rows.frame[rows], seen.asked.schema, names)
    fold = _folds(seen, rows)
    n_classes = len(seen.asked.classes)
    told = np.full((len(y), n_classes or 2), np.nan)
    watch, n_fits = Stopwatch(), 0
    sizes = SIZES if n_classes else SIZES[:1]
    for one in np.unique(fold):  # few groups fill few folds
        train, rest = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        if len(train) < FEWEST_TO_LEARN:
            continue
        if clock is not None and clock.left_s < len(sizes) * watch.seconds / max(n_fits, 1):
            seen.prices.unmeasured.append("label errors")
            break
        n_fits += len(sizes)
        tried = [_predict(X[train], y[rows[train]], X[rest], codes, n_classes, size) for size in sizes]
        best = min(range(len(tried)), key=lambda place: _loss(tried[place], y[rows[rest]])) if len(tried) > 1 else 0
        sizes, told[rows[rest]] = sizes[best : best + 1], tried[best]
    return told if np.isfinite(told[:, 0]).sum() >= FEWEST_ROWS else None


def _loss(probability: np.ndarray, y: np.ndarray) -> float:
    """Log loss; a label that may be wrong is no more than 1 in 100 against the model."""
    return -float(np.log(np.maximum(probability[np.arange(len(y)), y.astype(np.int64)], 0.01)).mean())


def _folds(seen: Seen, rows: np.ndarray) -> np.ndarray:
    """A fold for each row, drawn, whole groups together."""
    rng = np.random.default_rng(1)
    if seen.rows.group is None:
        return rng.permutation(len(rows)) % N_FOLDS
    names, inverse = np.unique(seen.rows.group[rows], return_inverse=True)
    return np.asarray((rng.permutation(len(names)) % N_FOLDS)[inverse])


def _predict(
    X: np.ndarray, y: np.ndarray, rest: np.ndarray, codes: list[int], n_classes: int, size: dict[str, float]
) -> np.ndarray:
    if n_classes > 2:
        return _boosted(X, y, rest, codes, {"objective": "multiclass", "num_class": n_classes, **size})
    if n_classes == 2:
        success = _boosted(X, y, rest, codes, {"objective": "binary", **size})
        return np.stack([1.0 - success, success], axis=1)
    goal = {"objective": "regression", **size}
    half = np.random.default_rng(2).permutation(len(y)) % 2 == 0
    residual = np.empty(len(y))
    for here in (half, ~half):
        residual[here] = np.abs(y[here] - _boosted(X[~here], y[~here], X[here], codes, goal))
    # What far values add to the spread of rows like them would hide them.
    usual = _boosted(X, np.minimum(residual, np.quantile(residual, 0.95)), rest, codes, goal)
    least = max(float(np.quantile(residual, 0.1)), 1e-12)
    return np.stack([_boosted(X, y, rest, codes, goal), np.maximum(usual, least)], axis=1)


def _boosted(X: np.ndarray, y: np.ndarray, rest: np.ndarray, codes: list[int], goal: dict[str, Any]) -> np.ndarray:
    import lightgbm

    n_trees = int(np.clip(MOST_CELL_TREES / (X.size * goal.get("num_class", 1)), 20, MOST_TREES))
    leaf = max(1, min(20, len(y) // 50))
    told = SETTINGS | goal | {"min_data_in_leaf": leaf}
    told["learning_rate"] = min(goal["learning_rate"] * MOST_TREES / n_trees, FASTEST)  # fewer trees, longer steps
    data = lightgbm.Dataset(
        X, y, categorical_feature=codes, params={"verbose": -1, "max_bin": 63, "min_data_in_leaf": leaf}
    )
    return np.asarray(lightgbm.train(told, data, n_trees).predict(rest, num_threads=1))


def _finding(seen: Seen, found: Doubted, n_looked: int) -> Finding:
    target, n_found = seen.brief.target.column, len(found.places)
    among = "" if n_looked == seen.rows.n_rows else f", of {n_looked:,} looked at,"
    rows = seen.rows.frame[ROW].to_numpy()[found.places]
    named = ", ".join(f"{row}" for row in rows[:MOST_NAMED])
    how = (
        f"a model that did not learn from them is sure of another class, and some {found.chance.mean():.0%} of them are "
        f"expected to be wrong (of all labels, about {found.rate:.1%})"
        if seen.asked.classes
        else "they lie far beyond what such rows spread about the prediction"
    )
    return Finding(
        code="label_errors",
        severity="warning" if seen.asked.classes and found.rate >= LARGE_RATE else "note",
        where=target,
        says=f"{counted(n_found, 'label')} of '{target}'{among} {'is' if n_found == 1 else 'are'} likely wrong: {how}",
        fix="have these rows' labels checked, the first ones first: the fact 'rows' holds their positions in the source",
        facts=(
            Fact("n_suspects", float(n_found), "rows"),
            Fact("n_looked", float(n_looked), "rows"),
            Fact("share_wrong", found.rate, "share of labels, estimated"),
            Fact("rows", named, f"positions in the source, from 0; the first {min(MOST_NAMED, n_found)}"),
        ),
    )


def _blind(seen: Seen, least: float, distrusted: str) -> Finding:
    target = seen.brief.target.column
    share = f"from about {least:.0%} on" if np.isfinite(least) else "at no share up to 20%"
    return Finding(
        code="label_power",
        severity="note",
        where=target,
        says=f"wrong labels of '{target}' would be told {share}: {distrusted or 'what is left of doubt is too small'}",
        fix="where they would matter, have a few hundred drawn labels checked",
        facts=(Fact("told_from", least if np.isfinite(least) else "none", "share of labels, exchanged by chance"),),
    )
