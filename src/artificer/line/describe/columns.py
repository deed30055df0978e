"""One column's story, told from its profile: how it is distributed, and how strongly it is related to the target."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl

from artificer.core.figures import TOO_FEW, day, figure
from artificer.core.records import Estimate, Fact
from artificer.core.stages import ColumnStory
from artificer.data.scan import ColumnProfile
from artificer.line.describe.associations import Readings, Related
from artificer.line.describe.form import form
from artificer.measure.clusters import likeness
from artificer.measure.means import mean_t, quantile_interval, wilson
from artificer_runtime.schema import FLOAT32_MAX

N_BINS = 24
N_LEVELS = 11
# Levels of fewer rows may name a person, so a column of many levels shows them together.
FEWEST_ROWS = 10
OTHERS = "others"


def story(
    column: ColumnProfile, values: pl.Series, related: Related | None, worth: tuple[float, float] = (1.0, 1.0)
) -> ColumnStory:
    """Tell one column.

    Parameters
    ----------
    values : Series
        The column of the training rows, normalised: bins and quantiles are exact.
    related : Related or None
        Its relation to the target; None where there is no measure of it: texts, and the target itself.
    worth : tuple of float
        How many independent rows a row is worth: of those that have a value, for what it is, and of all, for whether they do.
    """
    measured = _measured(column.kind, values.drop_nulls())
    if measured is not None:
        measured.sort()
    counts, labels = _levels(column) if measured is None else _bins(column.kind, measured)
    estimates = _estimates(column, measured, *worth)
    bounded = tuple((name, one) for name, one in estimates if np.isfinite(one.low) or np.isfinite(one.high))
    bare = (Fact(name, f"{figure(one.value)}, {TOO_FEW}") for name, one in estimates if (name, one) not in bounded)
    told = (Fact("p_adjusted", related.p_adjusted, "Benjamini-Hochberg"),) if related else ()
    return ColumnStory(
        name=column.name,
        kind=column.kind,
        share_missing=column.share_missing,
        n_distinct=float(round(column.n_distinct)),
        counts=counts,
        labels=labels,
        facts=(*bare, *_facts(column, measured), *told),
        association=related.association.strength if related else None,
        estimates=bounded,
    )


def _measured(kind: str, values: pl.Series) -> np.ndarray | None:
    """What bins are made of: numbers, moments in seconds, lengths of texts; None for levels."""
    if kind == "number":
        numbers = values.to_numpy()
        within: np.ndarray = numbers[np.abs(numbers) <= FLOAT32_MAX]  # what models read; audit tells of the others
        return within
    if kind == "time":
        return np.asarray(values.cast(pl.Int64).to_numpy() / 1e6)
    if kind == "text":
        return values.str.len_chars().to_numpy().astype(np.float64)
    return None


def _levels(column: ColumnProfile) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Rows of the commonest levels, and of all others together."""
    if column.kind not in ("category", "boolean"):
        return (), ()
    few_levels = column.n_distinct <= N_BINS
    shown = [(level, n) for level, n in column.heavy[:N_LEVELS] if few_levels or n >= FEWEST_ROWS]
    n_others = column.n_rows - column.n_missing - sum(n for _, n in shown)
    if n_others:
        shown.append((OTHERS, n_others))
    return tuple(n for _, n in shown), tuple(level for level, _ in shown)


def _bins(kind: str, values: np.ndarray) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Rows in bins of equal width between the 0.5% and the 99.5% quantile; the outer bins hold what lies beyond.

    Parameters
    ----------
    values : array of float64, (n_rows,)
        In rising order.
    """
    starts = np.flatnonzero(np.diff(values, prepend=np.nan))
    if kind != "time" and len(starts) <= N_BINS:
        return tuple(np.diff(starts, append=len(values)).tolist()), tuple(f"{value:g}" for value in values[starts])
    if len(starts) < 2:
        return (), ()
    whole = kind != "time" and bool((values == np.rint(values)).all())
    edges = _edges(values, whole=whole)
    counts = np.diff(np.searchsorted(values, edges[1:-1], side="left"), prepend=0, append=len(values))
    labels = [_span(kind, low, high - 1 if whole else high) for low, high in pairwise(edges)]
    if values[0] < edges[0]:
        labels[0] = f"{'before' if kind == 'time' else 'below'} {text(kind, edges[1])}"
    if values[-1] > edges[-1]:
        labels[-1] = f"from {text(kind, edges[-2])}"
    return tuple(counts.tolist()), tuple(labels)


def _edges(values: np.ndarray, *, whole: bool) -> np.ndarray:
    """At most 25 edges; those of whole numbers are whole, so that every bin can hold as many different ones."""
    low, high = (quantile_interval(values, q, ordered=True).value for q in (0.005, 0.995))
    if not low < high:
        low, high = values[0], values[-1]
    if not whole:
        return np.linspace(low, high, N_BINS + 1)
    width = max(1.0, np.ceil((high - low + 1) / N_BINS))
    n_bins = max(1, int(np.ceil((high - np.floor(low) + 1) / width)))
    return np.asarray(np.floor(low) + width * np.arange(n_bins + 1))


def _span(kind: str, low: float, high: float) -> str:
    first, last = text(kind, low), text(kind, high)
    return first if first == last else f"{first} – {last}"


def text(kind: str, value: float) -> str:
    """A number, or a moment's day, as labels show it."""
    if kind == "time":
        return day(value)
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e9 else f"{value:.4g}"


def _facts(column: ColumnProfile, measured: np.ndarray | None) -> tuple[Fact, ...]:
    if column.n_rows == column.n_missing or column.kind in ("identifier", "constant"):
        return ()
    if measured is None:
        return (Fact("levels", float(round(column.n_distinct))),)
    if not len(measured):
        return ()
    if column.kind == "time":
        return Fact("first", day(measured[0])), Fact("last", day(measured[-1]))
    unit = "characters" if column.kind == "text" else ""
    return (
        Fact("standard deviation", float(measured.std(ddof=1)) if len(measured) > 1 else 0.0, unit),
        Fact("lowest", float(measured[0]), unit),
        Fact("highest", float(measured[-1]), unit),
        *(form(measured) if column.kind == "number" else ()),
    )


def _estimates(
    column: ColumnProfile, measured: np.ndarray | None, worth: float, worth_of_gaps: float
) -> tuple[tuple[str, Estimate], ...]:
    """What is known of the population that the rows were drawn from: shares, mean and quartiles, with intervals."""
    n_known = column.n_rows - column.n_missing
    if not n_known or column.kind in ("identifier", "constant"):
        return ()
    found = [("share missing", _share(column.n_missing, column.n_rows, worth_of_gaps))] if column.n_missing else []
    if column.kind in ("number", "text") and measured is not None and len(measured):
        found.append(("mean", mean_t(measured, worth=worth)))
        names = {"first quartile": 0.25, "median": 0.5, "third quartile": 0.75}
        found += [(name, quantile_interval(measured, q, ordered=True, worth=worth)) for name, q in names.items()]
    if column.kind != "time":
        found.append(("share of the commonest", _share(column.heavy[0][1], n_known, worth)))
    return tuple(found)


def _share(k: int, n: int, worth: float) -> Estimate:
    return replace(wilson(worth * k, worth * n), n=n)


def worth_of(values: pl.Series, sample: Readings, extra: float) -> tuple[float, float]:
    """How many independent rows a row is worth for a column, see `story`, by how alike a sample's rows are in their groups.

    Parameters
    ----------
    extra : float
        How many other rows a row's group has, of all rows.
    """
    if sample.group is None:
        return 1.0, 1.0
    cells = values[sample.kept]
    gaps = cells.is_null().to_numpy()
    if cells.dtype == pl.String or cells.dtype == pl.Boolean:
        read = cells.cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    else:
        read = cells.cast(pl.Int64 if cells.dtype.is_temporal() else pl.Float64).cast(pl.Float64).to_numpy()
    alike = likeness(read[~gaps], sample.group[~gaps]), likeness(gaps.astype(np.int64), sample.group)
    return 1 / (1 + extra * alike[0]), 1 / (1 + extra * alike[1])
