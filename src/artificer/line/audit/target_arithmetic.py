"""Target arithmetic: two columns whose difference, sum, product or ratio gives the target, though neither does alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.leakage import SUSPECT
from artificer.line.audit.seen import Seen, check

MOST_COLUMNS = 100  # 4,950 pairs
# Pairs are tried on so few rows first, and by so much less; then on more, then on all.
SCREENED = ((100, 0.1), (1_000, 0.0))
MOST_PARTED = 10_000  # pairs times classes, the commonest ones; of wide tables three classes at least
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
    targets = _targets(seen, len(pairs))
    gives = _gives_values if not seen.asked.classes else _parts_classes
    told: set[tuple[int, int]] = set()
    for form, operation in OPERATIONS.items():
        for what, y in targets.items():
            likely = pairs
            for rows, slack in _tried(y, of_classes=bool(what)):
                likely = likely[gives(operation, X[rows], y[rows], likely, slack)]
            for a, b in likely:
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


def _targets(seen: Seen, n_pairs: int) -> dict[str, Array]:
    y, classes = seen.rows.y[seen.prices.kept], seen.asked.classes
    if not classes:
        return {"": y}
    counts = np.bincount(y.astype(np.int64), minlength=len(classes))
    wanted = (
        (seen.asked.positive,)
        if len(classes) == 2
        else np.argsort(-counts, kind="stable")[: max(3, MOST_PARTED // n_pairs)]
    )
    return {classes[index]: (y == index).astype(np.float64) for index in wanted}


def _results(operation: Callable[[Array, Array], Array], X: Array, pairs: Array) -> Array:
    with np.errstate(all="ignore"):
        result = operation(X[:, pairs[:, 0]], X[:, pairs[:, 1]])
    return np.where(np.isfinite(result), result, np.nan)


def _tried(y: Array, *, of_classes: bool) -> list[tuple[Array, float]]:
    """Positions of rows, and by how much less than asked they may be met; of two classes as many of each, where there are."""
    order = np.random.default_rng(0).permutation(len(y))
    if of_classes:
        place = np.empty(len(y))
        for side in (0.0, 1.0):
            inside = y[order] == side
            place[inside] = np.arange(inside.sum())
        order = order[np.argsort(place, kind="stable")]
    return [*((order[:most], slack) for most, slack in SCREENED), (np.arange(len(y)), 0.0)]


def _gives_values(operation: Callable[[Array, Array], Array], X: Array, y: Array, pairs: Array, slack: float) -> Array:
    result = _results(operation, X, pairs)
    near = [np.abs(result - side * y[:, None]) <= TOLERANCE * y.std() for side in (1.0, -1.0)]
    known = ~np.isnan(result)
    enough = known.mean(axis=0) >= 0.5
    met = np.maximum(*(one.sum(axis=0) for one in near))
    return np.asarray(enough & (met >= (LEAST_MET - slack) * known.sum(axis=0)))


def _parts_classes(operation: Callable[[Array, Array], Array], X: Array, y: Array, pairs: Array, slack: float) -> Array:
    result = _results(operation, X, pairs)
    enough = (~np.isnan(result)).mean(axis=0) >= 0.5
    return np.asarray(enough & (_parted(result, y) >= PARTS - slack))


def _parted(result: Array, y: Array) -> Array:
    """How well each column of numbers parts 1 from 0, |2 AUC - 1|, where it is known: float64 (n_pairs,)."""
    from scipy import stats

    known = ~np.isnan(result)
    ones = known & (y == 1)[:, None]
    n_one = ones.sum(axis=0)
    n_pairs = n_one * (known.sum(axis=0) - n_one)
    ranks = stats.rankdata(np.where(known, result, np.inf), axis=0)  # what is not known stands last
    won = np.where(ones, ranks, 0.0).sum(axis=0) - n_one * (n_one + 1) / 2
    return np.asarray(np.where(n_pairs, np.abs(2 * won / np.maximum(n_pairs, 1) - 1), 0.0))


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
