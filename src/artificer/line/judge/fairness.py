"""Fairness: how far groups of a protected column lie apart in whom is chosen, and in how right the model is.

Definitions are fairlearn's (Bird et al. 2020, "Fairlearn", MSR TR-2020-32): demographic parity (selection), equal
opportunity (recall), equalised odds, and rates of error. Which of them ought to be equal is not the model's to say;
where base rates differ, not all can be (Chouldechova 2017, Big Data 5). How well a group's rows are ranked does not
hang on them (Borkan et al. 2019, "Nuanced metrics for measuring unintended bias", WWW): it tells of a group that is served
worse where few are chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.acted import chosen
from artificer.line.judge.conditions import groups
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.seen import Seen
from artificer.measure.calibration import came_true
from artificer.measure.gaps import FEWEST, TOO_FEW, Outcomes, Rate, gap, rate
from artificer.measure.intervals import estimate
from artificer.measure.rates import MEANING, RATES

GAP = "_gap"
# A gap that is shown to be larger is warned of; without a bound in the brief. The share that is chosen is not among
# them: where successes are commoner in one group, a right model chooses more of it.
TOLERATED = {"recall_gap": 0.1, "false_positive_gap": 0.1, "calibration_gap": 0.05}
OF_SCORE = 0.25  # of the score, where the gap is one in the metric
# Groups of a column that are compared, the commonest, and of those with too few rows how many are named.
MOST_GROUPS, MOST_NAMED = 100, 5
RANKING, OF_RANKING = "roc_auc_gap", 0.5  # of what all rows' area under the ROC curve is above one half


def gap_of(seen: Seen, name: str, columns: Sequence[str]) -> tuple[Estimate, str]:
    """The largest gap between groups by any of the columns, with an interval for all of them, and who differs."""
    frame, rows = seen.rows.frame, np.ones(len(seen.y), bool)
    if name in RATES:
        share = chosen(seen)
        rows = np.isfinite(share)
        came, chance = came_true(seen.y, seen.prediction)
        rates = rates_of(name, Outcomes(came, share, chance, seen.rows.weight, seen.rows.group), rows)
    else:
        plain = name.removesuffix(GAP)
        shown = seen.decided(plain, seen.prediction)
        rates = [_score_of(plain, seen.y, shown, seen.rows.weight, seen.rows.group)]
    level = 1 - (1 - seen.level) / len(columns)
    found = [(column, *gap(rates, _masks(frame, column, rows), level=level)) for column in columns]
    known = [one for one in found if np.isfinite(one[1].value)]
    if not known:
        return found[0][1], f"{TOO_FEW} to compare"
    column, largest, who = max(known, key=lambda one: one[1].value)
    low, high = max(one.low for _, one, _ in known), max(one.high for _, one, _ in known)
    return replace(
        largest, low=low, high=high, level=seen.level
    ), f"by {column}: {who}{_left_out(frame, columns, rows)}"


def rates_of(name: str, seen: Outcomes, rows: np.ndarray | None = None) -> list[Rate]:
    """The rates whose gap has this name, of the rows that count."""

    def one(kind: str) -> Rate:
        return lambda inside, level: rate(kind, seen, inside if rows is None else inside & rows, level)

    return [one(kind) for kind in RATES[name]]


@examination("fairness", "protected")
def fairness(seen: Examined) -> Iterator[Finding]:
    """Measure each gap between the groups of each protected column; who is chosen is whose label is success."""
    rows = seen.rows
    for column in seen.protected:
        if column not in rows.frame.columns:
            continue
        every = np.ones(len(rows), bool)
        masks, out = _masks(rows.frame, column, every), _left_out(rows.frame, [column], every)
        if seen.task != "binary":
            yield _of_score(seen, column, masks, out)
            continue
        picked = (seen.labels(seen.prediction) == 1).astype(np.float64)
        outcomes = Outcomes(rows.y, picked, seen.prediction[:, 1], rows.weight, rows.group)
        gaps = {name: gap(rates_of(name, outcomes), masks, level=seen.level) for name in RATES}
        ranked = _score_of("roc_auc", rows.y, seen.prediction, rows.weight, rows.group)
        gaps[RANKING] = gap([ranked], masks, level=seen.level)
        above = OF_RANKING * (seen.score(metric="roc_auc").value - 0.5)
        yield _of_rates(column, gaps, TOLERATED | ({RANKING: above} if above > 0 else {}), out)


def _of_rates(column: str, gaps: dict[str, tuple[Estimate, str]], tolerated: dict[str, float], out: str) -> Finding:
    meaning = MEANING | {RANKING: "area under the ROC curve within the group"}
    facts = tuple(
        Fact(name, with_interval(one) if np.isfinite(one.value) else one.method, f"{meaning[name]}; {who}".rstrip("; "))
        for name, (one, who) in gaps.items()
    )
    if not any(np.isfinite(one.value) for one, _ in gaps.values()):
        return _untold(column, facts, out)
    shown = [name for name, least in tolerated.items() if gaps[name][0].low > least]
    if not shown:
        selection = gaps["selection_gap"][0]
        says = f"no gap between groups by '{column}' is shown to be large"
        if np.isfinite(selection.value):
            says += f"; the shares that are chosen differ by {with_interval(selection)}"
        return Finding("fairness", "note", column, says + out, "state in [accept] what gap is tolerable", facts)
    worst = max(shown, key=lambda name: gaps[name][0].low / tolerated[name])
    one, who = gaps[worst]
    says = f"by '{column}', the {meaning[worst]} differs by {with_interval(one)}: {who}"
    fix = "look whether labels or columns treat the groups otherwise, bring more rows of the worse one, or decide by group"
    return Finding("fairness", "warning", column, says + out, fix, facts)


def _of_score(seen: Examined, column: str, masks: dict[str, np.ndarray], out: str) -> Finding:
    rows = seen.rows
    whole = seen.score()
    shown = seen.as_scored(seen.prediction)
    one, who = gap([_score_of(seen.metric, rows.y, shown, rows.weight, rows.group)], masks, level=seen.level)
    facts = (Fact(f"{seen.metric}{GAP}", with_interval(one) if np.isfinite(one.value) else one.method, who),)
    if not np.isfinite(one.value):
        return _untold(column, facts, out)
    if one.low > OF_SCORE * abs(whole.value):
        says = f"by '{column}', {seen.metric} differs by {with_interval(one)}: {who}"
        return Finding(
            "fairness", "warning", column, says + out, "bring more rows of the group that is served worse", facts
        )
    says = (
        f"no gap in {seen.metric} between groups by '{column}' is shown to exceed {figure(OF_SCORE * abs(whole.value))}"
    )
    return Finding("fairness", "note", column, says + out, "state in [accept] what gap is tolerable", facts)


def _untold(column: str, facts: tuple[Fact, ...], out: str) -> Finding:
    says = f"groups by '{column}' cannot be compared: there are {TOO_FEW}"
    return Finding("fairness", "note", column, says + out, "bring more rows of each group", facts)


def _score_of(
    name: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None, group: np.ndarray | None
) -> Rate:
    def one(inside: np.ndarray, level: float) -> Estimate:
        w, units = (values[inside] if values is not None else None for values in (weight, group))
        if not inside.any():
            return Estimate(float("nan"), -np.inf, np.inf, "no rows", 0, level)
        return estimate(name, y[inside], prediction[inside], w, groups=units, level=level)

    return one


def _masks(frame: pl.DataFrame, column: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {one.label: one.holds(frame) & rows for one in groups(frame, column, MOST_GROUPS)}


def _left_out(frame: pl.DataFrame, columns: Sequence[str], rows: np.ndarray) -> str:
    few, rarer = [], []
    for column in columns:
        masks = _masks(frame, column, rows)
        few += [f"{column} = {label}" for label, inside in masks.items() if 0 < inside.sum() < FEWEST]
        others = int((rows & ~np.any(list(masks.values()), axis=0)).sum()) if masks else 0
        rarer += [f"{others:,} rows of rarer levels of {column}"] if others else []
    named = few[:MOST_NAMED] + ([f"{len(few) - MOST_NAMED} more"] if len(few) > MOST_NAMED else []) + rarer
    return f"; too few rows to compare: {', '.join(named)}" if named else ""
