"""Numbers that are infinite, beyond what models read, far from all others, or a code in disguise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from artificer.core.figures import counted, figure
from artificer.core.records import Fact, Finding
from artificer.data.scan import ColumnProfile
from artificer.line.audit.contract.far import FEWEST_VALUES, reach
from artificer.line.audit.seen import Seen, check
from artificer_runtime.schema import FLOAT32_MAX, canonical_text

# Tukey's outer fence is 3 quartile ranges from the quartiles; ten times that is no tail of a usual distribution.
FAR = 30.0
RAREST = 0.001
# A value that many rows share and that stands apart from the rest is often a code: -1, 999.
LEAST_SHARE_OF_CODE = 0.01
FEWEST_BESIDE, FEWEST_EDGES = 10, 20  # other values; edges of bins
# A few values below 0 are told where so many times as many lie as far above it, or where a gap of this share of the range
# parts them from the rest: else they are the thin end of it.
CROWD, GAP = 20, 0.2
SOURCE = "have its source checked; leave the cell empty where the value is not known"
PLAUSIBLE = "check that they are in the same unit and no slips of the pen; trees take them as they are"


@check("extremes", "rows")
def extremes(seen: Seen) -> Iterator[Finding]:
    """Report what each number holds that is no plain measurement."""
    target = seen.brief.target.column if seen.asked.task == "regression" else ""
    frame = seen.rows.frame
    for column in seen.asked.schema.columns:
        if column.name == target:
            yield from _of(column.name, seen.rows.y)
        elif column.kind == "number" and column.name in seen.asked.features:
            yield from _of(column.name, frame[column.name].to_numpy())


@check("extremes", "profile")
def ends(seen: Seen) -> Iterator[Finding]:
    """Report the same of data that is not held, as far as the ends of what a number holds tell it."""
    for column in seen.profile.columns:
        if column.kind != "number" or column.low is None or column.high is None:
            continue
        if column.n_infinite:
            yield _infinite(column.name, column.n_infinite, column.n_rows)
        yield from _ends_beyond(column.name, (column.low, column.high))
        if column.n_distinct > FEWEST_BESIDE:
            yield from _ends_far(column, column.low, column.high)
            yield from _few_below_zero(column, column.low)
            yield from _ends_in_codes(column, column.low, column.high)


def _ends_beyond(name: str, ends: Sequence[float]) -> Iterator[Finding]:
    beyond = [end for end in ends if abs(end) > FLOAT32_MAX]
    if beyond:
        yield Finding(
            code="infinite",
            severity="warning",
            where=name,
            says=f"'{name}' reaches {' and '.join(map(figure, beyond))}, too large for 32-bit numbers; it is clipped there",
            fix=SOURCE,
            facts=tuple(Fact("value", end) for end in beyond),
        )


def _ends_far(column: ColumnProfile, low: float, high: float) -> Iterator[Finding]:
    quarter, median, three = map(column.quantile, (0.25, 0.5, 0.75))
    for end, what in ((low, "least"), (high, "greatest")):
        if abs(end) <= FLOAT32_MAX and abs(end - median) > FAR * (three - quarter) > 0:
            yield Finding(
                code="outliers",
                severity="note",
                where=column.name,
                says=f"the {what} value of '{column.name}', {end:g}, lies more than {FAR:.0f} quartile ranges from its median",
                fix=PLAUSIBLE,
                facts=(Fact("value", end), Fact("median", median)),
            )


def _few_below_zero(column: ColumnProfile, low: float) -> Iterator[Finding]:
    """A few values below 0, where bins say that many more lie as far above it."""
    n_known, n_below = column.n_rows - column.n_missing, column.n_negative
    if n_known < FEWEST_VALUES or not 0 < n_below <= RAREST * n_known:
        return
    as_near = int(column.counts[: np.searchsorted(column.edges, -low, side="right")].sum()) - n_below
    if as_near >= CROWD * n_below:
        yield _below_zero(column.name, n_below, n_below / n_known, low)


def _ends_in_codes(column: ColumnProfile, low: float, high: float) -> Iterator[Finding]:
    """An end that many rows hold, and whose neighbour among the edges of bins is further off than the others spread.

    Of few edges the neighbour is far from the end by nature: where nearly all rows hold one value, mostly a plain 0.
    """
    counts, edges = dict(column.heavy), column.edges
    if len(edges) < FEWEST_EDGES:
        return
    for end, beside, other in (
        (low, float(edges[1]), column.quantile(0.99)),
        (high, float(edges[-2]), column.quantile(0.01)),
    ):
        n_held = counts.get(canonical_text(end), 0)
        if n_held < LEAST_SHARE_OF_CODE * column.n_rows:
            continue
        apart, spread = abs(beside - end), abs(other - beside)
        if (end < 0 and column.n_negative == n_held) or apart > spread > 0:
            yield _sentinel(column.name, end, n_held, column.n_rows)


def _of(name: str, values: np.ndarray) -> Iterator[Finding]:
    known = values[~np.isnan(values)]
    within = known[np.abs(known) <= FLOAT32_MAX]
    if len(within) < len(known):
        yield _infinite(name, len(known) - len(within), len(values))
    if len(within) < 20:
        return
    yield from _far(name, within)
    yield from _code(name, within, len(values))


def _infinite(name: str, n_beyond: int, n_rows: int) -> Finding:
    return Finding(
        code="infinite",
        severity="warning",
        where=name,
        says=f"'{name}' is infinite, or too large for 32-bit numbers, in {counted(n_beyond, 'row')}; it is clipped there",
        fix=SOURCE,
        facts=(Fact("n_beyond", float(n_beyond), "rows"), Fact("share_beyond", n_beyond / n_rows, "share of rows")),
    )


def _far(name: str, within: np.ndarray) -> Iterator[Finding]:
    """Values far from the middle half, or, of an even spread that leaves the quartiles wide, far from nearly all."""
    low, quarter, median, three, high = np.quantile(within, (RAREST, 0.25, 0.5, 0.75, 1 - RAREST)).tolist()
    n_far, beyond = 0, f"more than {FAR:.0f} quartile ranges from its median"
    if three > quarter:
        n_far = int((np.abs(within - median) > FAR * (three - quarter)).sum())
    if not n_far and len(within) >= FEWEST_VALUES and high > low:
        below, above = reach(within, low, high)
        n_far = int(((within < below) | (within > above)).sum())
        beyond = f"far beyond {low:.4g} to {high:.4g}, which hold {1 - 2 * RAREST:.1%} of them"
    if n_far:
        yield _far_off(name, n_far, n_far / len(within), beyond)
    n_below = int((within < 0).sum())
    if len(within) >= FEWEST_VALUES and n_far < n_below <= RAREST * len(within) and _ends_at_zero(within):
        yield _below_zero(name, n_below, n_below / len(within), float(within.min()))


def _far_off(name: str, n_far: int, share: float, beyond: str) -> Finding:
    they = counted(n_far, f"value of '{name}' lies", f"values of '{name}' lie")
    return Finding(
        code="outliers",
        severity="note",
        where=name,
        says=f"{they} {beyond}",
        fix=PLAUSIBLE,
        facts=(Fact("n_far", float(n_far), "rows"), Fact("share_far", share, "share of values")),
    )


def _ends_at_zero(within: np.ndarray) -> bool:
    """Whether what lies below 0 is no thin end of the rest: as far above 0 many more lie, or a gap parts the two."""
    below, rest = within[within < 0], within[within >= 0]
    crowded = (rest <= -below.min()).sum() >= CROWD * len(below)
    return bool(crowded or rest.min() - below.max() > GAP * (np.quantile(rest, 1 - RAREST) - rest.min()) > 0)


def _below_zero(name: str, n_below: int, share: float, least: float) -> Finding:
    they = counted(n_below, f"value of '{name}' is", f"values of '{name}' are")
    return Finding(
        code="outliers",
        severity="note",
        where=name,
        says=f"{they} below 0 (the least {least:g}), where all others are 0 or more",
        fix="check that they can be: an age or a length below 0 is a slip of the pen, a refund is not",
        facts=(Fact("n_below", float(n_below), "rows"), Fact("share_below", share, "share of values")),
    )


def _code(name: str, within: np.ndarray, n_rows: int) -> Iterator[Finding]:
    """The smallest or largest value, where many rows hold it and the next one is further off than the rest spread."""
    for edge, rest in ((within.min(), within[within > within.min()]), (within.max(), within[within < within.max()])):
        n_held = len(within) - len(rest)
        if len(np.unique(rest[:1000])) < FEWEST_BESIDE or n_held < LEAST_SHARE_OF_CODE * n_rows:
            continue
        near, far = np.quantile(rest, (0.01, 0.99))
        apart = min(abs(edge - rest.min()), abs(edge - rest.max()))
        negative_among_positive = edge < 0 <= rest.min()
        if negative_among_positive or apart > far - near > 0:
            yield _sentinel(name, float(edge), n_held, n_rows)


def _sentinel(name: str, edge: float, n_held: int, n_rows: int) -> Finding:
    return Finding(
        code="sentinel",
        severity="note",
        where=name,
        says=f"{n_held / n_rows:.0%} of '{name}' is exactly {edge:g}, apart from all other values: it may mean "
        "“not known” or “never”",
        fix=f'if it means not known, add "{edge:g}" to [data] missing',
        facts=(Fact("value", edge), Fact("share", n_held / n_rows, "share of rows")),
    )
