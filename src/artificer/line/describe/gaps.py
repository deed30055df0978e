"""Gaps: which columns are missing together, what a gap tells of the target, on which column it hangs, and Little's test."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.description import AtRandom, Gap, Pattern
from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.describe.associations import SURE, Readings, relation, target_values
from artificer.line.describe.matrix import Matrix, matrix
from artificer.measure.associate import Association
from artificer.measure.at_random import little
from artificer.measure.correct import benjamini_hochberg
from artificer.measure.means import share_of, wilson

MOST_COLUMNS = 24
N_PATTERNS = 8
# A pattern of fewer rows may point at a person.
FEWEST_ROWS = 10


def gappy(asked: Asked, rows: Labelled) -> tuple[str, ...]:
    """The features that lack values, the most first, at most 24."""
    missing = {name: rows.frame[name].null_count() for name in asked.features}
    found = sorted((name for name in missing if missing[name]), key=lambda name: -missing[name])
    return tuple(found[:MOST_COLUMNS])


def patterns(rows: Labelled, names: tuple[str, ...]) -> tuple[Pattern, ...]:
    """The eight commonest sets of columns that are missing together, of all rows; those of fewer than ten are left out."""
    if not names:
        return ()
    masks = rows.frame.lazy().select(pl.col(name).is_null() for name in names)
    counted = masks.group_by(names).len("n rows of it").sort("n rows of it", *names, descending=True).collect()
    found, in_groups = [], rows.group is not None
    for *gaps, n in counted.head(N_PATTERNS).iter_rows():
        if n >= FEWEST_ROWS:
            columns = tuple(name for name, gap in zip(names, gaps, strict=True) if gap)
            found.append(Pattern(columns, _share_lacking(rows, names, gaps) if in_groups else wilson(n, rows.n_rows)))
    return tuple(found)


def _share_lacking(rows: Labelled, names: tuple[str, ...], gaps: list[bool]) -> Estimate:
    lacks = pl.all_horizontal(pl.col(name).is_null() == gap for name, gap in zip(names, gaps, strict=True))
    return share_of(rows.frame.select(lacks=lacks)["lacks"].cast(pl.Float64).to_numpy(), None, rows.group, 0.95)


def gaps(asked: Asked, rows: Labelled, sample: Readings, few: Readings, names: tuple[str, ...]) -> tuple[Gap, ...]:
    """Measure each gap.

    Parameters
    ----------
    sample : Readings
        What relations to the target are measured on.
    few : Readings
        Columns that a gap may hang on.
    names : tuple of str
        Columns with gaps, see `gappy`.

    Returns
    -------
    tuple of Gap
        Those that tell most of the target first.
    """
    if not names:
        return ()
    masks = {name: rows.frame[name].is_null().to_numpy() for name in names}
    y = target_values(asked, sample.y)
    told = [relation(masks[name][sample.kept].astype(np.int64), y, sample.group, sample.order) for name in names]
    adjusted = benjamini_hochberg(np.array([one.p for one in told]))
    hanging = _hanging(few, {name: masks[name][few.kept] for name in names})
    found = []
    for name, one, p in zip(names, told, adjusted, strict=True):
        share = share_of(masks[name].astype(np.float64), None, rows.group, 0.95)
        on, strength, p_hanging = hanging[name]
        sure = p_hanging < SURE and strength.strength.low > 0
        found.append(
            Gap(
                column=name,
                share=share,
                tells=one.strength,
                p_adjusted=float(p),
                hangs_on=on if sure else "",
                hanging=strength.strength if sure else None,
                p_hanging=p_hanging,
            )
        )
    return tuple(sorted(found, key=lambda gap: -gap.tells.value))


def at_random(few: Readings, names: tuple[str, ...]) -> AtRandom | None:
    """Test whether numbers are missing completely at random, on those with gaps and the strongest without, 24 in all."""
    numbers = [name for name, values in few.values.items() if values.dtype.kind == "f"]
    gappy_first = sorted(numbers, key=lambda name: name not in names)[:MOST_COLUMNS]
    if len(gappy_first) < 2 or not set(gappy_first) & set(names):
        return None
    return little(np.column_stack([few.values[name] for name in gappy_first]).astype(np.float64))


def _hanging(few: Readings, masks: dict[str, np.ndarray]) -> dict[str, tuple[str, Association, float]]:
    """For each gap the other column that tells it best where that is known, how well, and the corrected p-value."""
    marks = {f"{name}, missing": 1 + mask.astype(np.int64) for name, mask in masks.items()}
    looked = matrix({**few.values, **marks}, few.group)
    best = {name: _best(looked, name, few) for name in masks}
    measured = {name: _known_only(few.values[other], masks[name], few.group) for name, other in best.items() if other}
    p = [one.p for one in measured.values()]
    for name in masks:
        place = looked.place(f"{name}, missing")
        p += [float(looked.p[place, looked.place(one)]) for one in few.values if one not in (name, best[name])]
    adjusted = dict(zip(measured, benjamini_hochberg(np.array(p)), strict=False)) if p else {}
    nothing = relation(np.zeros(2, np.int64), np.zeros(2, np.int64))
    return {name: (best[name], measured.get(name, nothing), float(adjusted.get(name, 1.0))) for name in masks}


def _best(looked: Matrix, name: str, few: Readings) -> str:
    place = looked.place(f"{name}, missing")
    strengths = {one: looked.strengths[place, looked.place(one)] for one in few.values if one != name}
    return max(strengths, key=lambda one: strengths[one], default="")


def _known_only(values: np.ndarray, mask: np.ndarray, group: np.ndarray | None) -> Association:
    """Columns that are missing together are patterns, not reasons: rows where the other is missing too are left out."""
    known = ~np.isnan(values) if values.dtype.kind == "f" else values != 0
    return relation(values[known], mask[known].astype(np.int64), None if group is None else group[known])
