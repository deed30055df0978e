"""Classes: how often the rows of each are found, how often its name is right, and what they are taken for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import counted, figure
from artificer.core.records import Estimate, Fact, Finding
from artificer.core.stages import OfClass
from artificer.line.judge.examined import Examined, examination
from artificer.measure.correct import looks
from artificer.measure.means import share_of

MOST_NAMED = 3


@examination("classes", "classes")
def classes(seen: Examined) -> Iterator[Finding]:
    """Warn of classes whose rows are found less often than by naming each class as often; all intervals hold together.

    Of two classes this is a note: which rows are called a success is the client's to decide.
    """
    told = of_classes(seen, looks(seen.level, len(seen.classes)))
    known = sorted((one for one in told if one.n_rows), key=lambda one: one.recall.value)
    lost = [one for one in known if one.recall.high < 1 / len(told) and len(told) > 2]
    named = "; ".join(_named(one) for one in (lost or known[:1])[:MOST_NAMED])
    those = f"of {len(told):,} classes"
    yield Finding(
        "classes",
        "warning" if lost else "note",
        ", ".join(one.name for one in lost) or "classes",
        f"{counted(len(lost), f'{those} is', f'{those} are')} found less often than by guessing: {named}"
        if lost
        else f"of {len(told):,} classes, the one that is found least often: {named}",
        "bring more rows of them, or columns that tell them apart; where each class counts as much, let balanced_accuracy or "
        "f1_macro be the first line of [accept]: labels are then chosen for it"
        if lost
        else "nothing to do",
        tuple(Fact(f"recall of '{one.name}'", one.recall.value, f"share of {one.n_rows:,} rows") for one in lost),
    )


def of_classes(seen: Examined, level: float) -> tuple[OfClass, ...]:
    """How each class is told from the others, the commonest first; none of numbers."""
    if not seen.classes:
        return ()
    y, called, n = seen.rows.y.astype(np.int64), seen.labels(seen.prediction), len(seen.classes)
    weight = np.ones(len(y)) if seen.rows.weight is None else seen.rows.weight
    pairs = np.bincount(y * n + called, weight, n * n).reshape(n, n)
    counts = np.bincount(y, minlength=n)
    told = []
    for place in np.argsort(-counts, kind="stable").tolist():
        others = np.where(np.arange(n) == place, 0.0, pairs[place])
        most = int(others.argmax())
        told.append(
            OfClass(
                seen.classes[place],
                int(counts[place]),
                _share(seen, y == place, called == place, level),
                _share(seen, called == place, y == place, level),
                seen.classes[most] if others[most] > 0 else "",
                float(others[most] / pairs[place].sum()) if others[most] > 0 else 0.0,
            )
        )
    return tuple(told)


def _share(seen: Examined, among: np.ndarray, true: np.ndarray, level: float) -> Estimate:
    """Share of some rows for which something is true."""
    if not among.any():
        return Estimate(float("nan"), 0.0, 1.0, "no rows", 0, level)
    weight, group = (None if one is None else one[among] for one in (seen.rows.weight, seen.rows.group))
    return share_of(true[among].astype(np.float64), weight, group, level)


def _named(one: OfClass) -> str:
    of = f"{figure(100 * one.recall.value)}% of the {one.n_rows:,} rows of '{one.name}' are found"
    return of + (f", and {figure(100 * one.taken)}% called '{one.taken_for}'" if one.taken_for else "")
