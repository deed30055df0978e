"""Target arithmetic: two columns whose difference, sum, product or ratio gives the target, though neither does alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from artificer.core.records import Fact, Finding
from artificer.line.audit.leakage import SUSPECT
from artificer.line.audit.seen import Seen, check

MOST_COLUMNS = 40
SCREENED = 1000
FEWEST_ROWS = 100
# A value is given where it is met within this share of the target's spread, in this share of the rows.
TOLERANCE, LEAST_MET = 1e-3, 0.98
# A class is given where the result parts it from the others: 2 AUC - 1.
PARTS = 0.97
Array = np.ndarray
OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "'{a}' - '{b}'": lambda a, b: a - b,
    "'{a}' + '{b}'": lambda a, b: a + b,
    "'{a}' x '{b}'": lambda a, b: a * b,
    "'{a}' / '{b}'": lambda a, b: a / b,
    "'{b}' / '{a}'": lambda a, b: b / a,
    "|'{a}' - '{b}'|": lambda a, b: np.abs(a - b),
}


@check("target_arithmetic", "rows", "prices")
def target_arithmetic(seen: Seen) -> Iterator[Finding]:
    """Report pairs of numbers or moments from which the target can be calculated, each once."""
    names, X = _columns(seen)
    if len(names) < 2 or seen.rows.n_rows < FEWEST_ROWS:
        return
    pairs = np.array(list(combinations(range(len(names)), 2)))
    targets = _targets(seen)
    rows = np.random.default_rng(0).permutation(len(X))[:SCREENED]
    told: set[tuple[int, int]] = set()
    for form, operation in OPERATIONS.items():
        for what, y in targets.items():
            gives = _gives_values if not seen.asked.classes else _parts_classes
            likely = pairs[gives(operation, X[rows], y[rows], pairs)]
            for a, b in likely[gives(operation, X, y, likely)] if len(likely) else likely:
                if (a, b) not in told:
                    told.add((a, b))
                    yield _finding(seen, (names[a], names[b]), form.format(a=names[a], b=names[b]), what)


def _columns(seen: Seen) -> tuple[list[str], Array]:
    """Numbers and moments (in seconds) of the yardstick's rows, as float64: in float32 a difference is not exact."""
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    names = [name for name in seen.prices.readable if name in seen.asked.features and kinds[name] in ("number", "time")]
    names = [name for name in names if seen.prices.alone[name] < SUSPECT][:MOST_COLUMNS]
    columns = [seen.rows.frame[name][seen.prices.kept] for name in names]
    values = [one.dt.epoch("us") / 1e6 if kinds[one.name] == "time" else one for one in columns]
    empty = np.empty((len(seen.prices.kept), 0))
    return names, np.column_stack([one.fill_null(np.nan).to_numpy() for one in values]) if values else empty


def _targets(seen: Seen) -> dict[str, Array]:
    y, classes = seen.rows.y[seen.prices.kept], seen.asked.classes
    if not classes:
        return {"": y}
    counts = np.bincount(y.astype(np.int64), minlength=len(classes))
    wanted = (seen.asked.positive,) if len(classes) == 2 else np.argsort(-counts, kind="stable")[:3]
    return {classes[index]: (y == index).astype(np.float64) for index in wanted}


def _results(operation: Callable[[Array, Array], Array], X: Array, pairs: Array) -> Array:
    with np.errstate(all="ignore"):
        result = operation(X[:, pairs[:, 0]], X[:, pairs[:, 1]])
    return np.where(np.isfinite(result), result, np.nan)


def _gives_values(operation: Callable[[Array, Array], Array], X: Array, y: Array, pairs: Array) -> Array:
    result = _results(operation, X, pairs)
    near = [np.abs(result - side * y[:, None]) <= TOLERANCE * y.std() for side in (1.0, -1.0)]
    known = ~np.isnan(result)
    enough = known.mean(axis=0) >= 0.5
    return np.asarray(enough & (np.maximum(*(one.sum(axis=0) for one in near)) >= LEAST_MET * known.sum(axis=0)))


def _parts_classes(operation: Callable[[Array, Array], Array], X: Array, y: Array, pairs: Array) -> Array:
    result = _results(operation, X, pairs)
    enough = (~np.isnan(result)).mean(axis=0) >= 0.5
    return np.array([ok and _parted(result[:, place], y) >= PARTS for place, ok in enumerate(enough)], bool)


def _parted(x: Array, y: Array) -> float:
    """How well a number parts 1 from 0, |2 AUC - 1|, where it is known."""
    known = ~np.isnan(x)
    n_one = float(y[known].sum())
    n_zero = float(known.sum()) - n_one
    if not n_one or not n_zero:
        return 0.0
    ranks = stats.rankdata(x[known])
    return abs(2.0 * (float(ranks @ y[known]) - n_one * (n_one + 1) / 2) / (n_one * n_zero) - 1.0)


def _finding(seen: Seen, pair: Sequence[str], result: str, what: str) -> Finding:
    target = seen.brief.target.column
    gives = f"parts '{what}' of '{target}' from the rest" if what else f"is '{target}'"
    return Finding(
        code="target_arithmetic",
        severity="blocker",
        where=", ".join(pair),
        says=f"{result} {gives} in nearly every row: the target can be calculated from them, which is no prediction",
        fix=f'name the one that is known only afterwards in [target] known_after = ["{pair[1]}"], or leave both out',
        facts=(Fact("result", result),),
    )
