"""Leakage: predictions that know the answer, one column that carries it, and judged rows that trained the model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from artificer.core.figures import counted, with_interval
from artificer.core.records import Estimate, Fact, Finding, Severity
from artificer.data.table import row_hashes
from artificer.line.judge.examined import Examined, Rows, examination
from artificer.line.judge.tests.against_linear import as_numbers
from artificer.line.judge.tests.overfit import apart
from artificer.measure.means import wilson
from artificer.measure.metrics import metric
from artificer.measure.probe import single_feature_score

MOST_ROWS, MOST_CELLS, FEWEST = 5_000, 1_000_000, 50
FEWEST_DRAWN = 1_000  # however many columns
# Of what there is to tell (2 AUC - 1, or share of variance), alone: as in the audit.
SUSPECT, CERTAIN = 0.9, 0.99
ALIKE = 1e-6  # in standard deviations of the target
LARGEST_OVERLAP = 0.01


@examination("leakage", "prediction")
def leakage(seen: Examined) -> Iterator[Finding]:
    """Report predictions that equal the label, and columns that alone tell nearly all of it."""
    if len(seen.rows) < FEWEST:
        return
    perfect = _is_perfect(seen)
    if perfect:
        yield Finding(
            "leakage",
            "warning",
            "predictions",
            f"the predictions equal the label in all of {len(seen.rows):,} rows, which is too good unless it is that plain",
            "see that no column holds the label in other words, and that these rows did not train the model",
            (Fact("share_equal", 1.0, "share of rows"),),
        )
    told = _told_alone(seen)
    suspects = [name for name in sorted(told, key=lambda name: -told[name]) if told[name] >= SUSPECT]
    for name in suspects:
        yield _suspect(name, told[name])
    if not perfect and not suspects:
        most = max(told, key=lambda name: told[name]) if told else ""
        at_most = f"; '{most}' tells most, {told[most]:.0%} of what there is to tell" if most else ""
        yield Finding(
            "leakage",
            "note",
            most or "predictions",
            f"neither predictions nor a single column know the answer{at_most}",
            "nothing to do",
            (Fact("told_alone", told[most], "share of what there is to tell"),) if most else (),
        )


@examination("overlap", "train|verdict")
def overlap(seen: Examined) -> Iterator[Finding]:
    """Report judged rows that trained the model: by what it says itself, its training rows, or a score better than its own."""
    if seen.made_from:
        yield Finding(
            "overlap",
            "warning",
            "rows",
            f"these {len(seen.rows):,} rows are the data that the model was made from: it was trained on most of them, and its "
            "score here says nothing of others",
            "judge it on rows that came in later; its own verdict stands in its card",
        )
    elif seen.train is not None:
        yield from _among(seen, seen.train)
    elif seen.verdict is not None:
        yield from _better_than_its_own(seen, seen.verdict)


def _better_than_its_own(seen: Examined, verdict: Estimate) -> Iterator[Finding]:
    """Without the training rows: a score that lies clearly above that of rows which did not train it."""
    here = seen.score()
    ahead = apart(here, verdict, metric(seen.metric).sign)
    if not np.isfinite(ahead.value):
        return
    told = f"{seen.metric} is {with_interval(here)} here and {with_interval(verdict)} in the model's own verdict"
    if ahead.low > 0:
        says = f"{told}: better than on rows that did not train it, as rows that did would be"
        fix = "see that these rows did not train it (--train FILE tells), or why they are easier"
        yield Finding("overlap", "warning", "rows", says, fix, effect=-ahead)
    else:
        yield Finding(
            "overlap", "note", "rows", f"{told}: no sign that these rows trained it", "nothing to do", effect=ahead
        )


def _among(seen: Examined, train: Rows) -> Iterator[Finding]:
    """Report judged rows that stand among the training rows too; one in a hundred more than luck makes is a warning.

    Of few columns with few values other rows are often the same: as many as stand there twice among the training rows.
    """
    names = [name for name in seen.rows.frame.columns if name in train.frame.columns]
    if not names:
        return
    alike = {name: train.frame[name].dtype for name in names}
    judged = seen.rows.frame.select(pl.col(name).cast(alike[name], strict=False) for name in names)
    trained = row_hashes(train.frame, names)
    again = np.isin(row_hashes(judged, names), trained)
    share = wilson(float(again.sum()), len(again), level=seen.level)
    _, place, times = np.unique(trained, return_inverse=True, return_counts=True)
    by_luck = float((times[place] > 1).mean())
    large = share.low > LARGEST_OVERLAP + by_luck
    those = f"of {len(again):,} judged rows"
    yield Finding(
        "overlap",
        "warning" if large else "note",
        "rows",
        f"{counted(int(again.sum()), f'{those} stands', f'{those} stand')} among the training rows too ({share.value:.1%})"
        + (f"; of the training rows {by_luck:.1%} are the same as another one" if by_luck else ""),
        "judge it on rows that did not train it, or drop what is there twice" if large else "nothing to do",
        (
            Fact("share_of_judged", share.value, "share of judged rows"),
            Fact("share_by_luck", by_luck, "share of training rows that are the same as another one"),
        ),
    )


def _suspect(name: str, told: float) -> Finding:
    severity: Severity = "blocker" if told >= CERTAIN else "warning"
    return Finding(
        "leakage",
        severity,
        name,
        f"'{name}' alone tells {told:.1%} of what there is to tell of the target, which is too good unless it is known in time",
        f"if '{name}' is known only afterwards, or repeats the target in other words, train without it",
        (Fact("told_alone", told, "share of what there is to tell"),),
    )


def _is_perfect(seen: Examined) -> bool:
    if seen.classes:
        return bool((seen.labels(seen.prediction) == seen.rows.y).all()) and len(np.unique(seen.rows.y)) > 1
    spread = float(seen.rows.y.std())
    return spread > 0 and bool((np.abs(seen.prediction[:, 0] - seen.rows.y) <= ALIKE * spread).all())


def _told_alone(seen: Examined) -> dict[str, float]:
    """What each column tells of the target by itself, 0 to 1; of several classes, of the commonest."""
    width = max(len(seen.rows.frame.columns), 1)
    rows = seen.rows.sampled(min(MOST_ROWS, max(FEWEST_DRAWN, MOST_CELLS // width)))
    y = rows.y
    if len(seen.classes) > 2:
        y = (y == np.bincount(y.astype(np.int64)).argmax()).astype(np.float64)
    if len(np.unique(y)) < 2:
        return {}
    found = {}
    for name in rows.frame.columns:
        numbers = as_numbers(rows.frame[name])
        is_code = numbers is None
        x = rows.frame[name].cast(pl.String).fill_null("").rank("dense").to_numpy() if numbers is None else numbers
        found[name] = single_feature_score(x, y, is_code=is_code)
    return found
