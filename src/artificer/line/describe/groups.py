"""Groups: rows of one customer, shop or patient are alike, and tell less than as many independent ones."""

from __future__ import annotations

import numpy as np

from artificer.core.description import Clusters
from artificer.core.records import Fact, Finding
from artificer.core.stages import Asked
from artificer.data.scan import Profile
from artificer.line.ask.rows import Labelled, codes_of
from artificer.line.describe.over_time import shown_class
from artificer.measure.clusters import intraclass
from artificer.measure.correct import benjamini_hochberg

FEWEST_GROUPS = 30
ROWS_A_GROUP = 2.0
MOST_COLUMNS = 8
MOST_ROWS = 200_000
# A group-like column is worth a word where rows are worth less than half their number.
TELLING = 2.0


def clusters(asked: Asked, rows: Labelled, profile: Profile, group: str) -> tuple[Clusters, ...]:
    """Measure how alike rows of one group are: of the brief's group, else of columns that look like one.

    These are named or coded, with at least 30 values of at least two rows on average. The first 200,000 rows are read.

    Returns
    -------
    tuple of Clusters
        Those that cost most rows first.
    """
    y = (rows.y == shown_class(asked, rows)).astype(np.float64) if asked.classes else rows.y
    found = []
    for name in [group] if group else _like_groups(asked, profile):
        codes = (
            codes_of(rows.frame[name][:MOST_ROWS]) if name != group or rows.group is None else rows.group[:MOST_ROWS]
        )
        alike = intraclass(y[:MOST_ROWS], codes)
        if alike is not None:
            found.append((name, len(np.unique(codes)), alike))
    if not found:
        return ()
    adjusted = benjamini_hochberg(np.array([alike.p for _, _, alike in found]))
    told = [
        Clusters(name, name == group, n, alike.correlation, float(p), alike.design_effect, alike.effective_rows)
        for (name, n, alike), p in zip(found, adjusted, strict=True)
    ]
    return tuple(sorted(told, key=lambda one: -one.design_effect))


def alike_rows(found: tuple[Clusters, ...], target: str) -> tuple[Finding, ...]:
    """Say which column looks like a group that the brief does not name."""
    if not found or found[0].named:
        return ()
    one = found[0]
    if one.design_effect < TELLING or one.alike.low <= 0 or one.p_adjusted >= 0.001:
        return ()
    rows = f"{one.effective_rows.value:,.0f}"
    return (
        Finding(
            "alike_rows",
            "note",
            one.column,
            f"rows of one '{one.column}' are alike in '{target}': for its mean they tell as much as {rows} rows that are not",
            f"if new rows bring new values of '{one.column}', name it as [data] group, so that every test holds out whole "
            "groups",
            (
                Fact("intraclass_correlation", one.alike.value, f"{one.alike.low:.3g} to {one.alike.high:.3g}"),
                Fact("design_effect", one.design_effect, "times the variance"),
                Fact("n_groups", float(one.n_groups), "groups"),
                Fact("p_adjusted", one.p_adjusted, "Benjamini-Hochberg"),
            ),
        ),
    )


def _like_groups(asked: Asked, profile: Profile) -> list[str]:
    named = [column.name for column in asked.schema.columns if column.kind in ("category", "identifier")]
    sizes = {column.name: column.n_distinct for column in profile.columns if column.name in named}
    wanted = [name for name, n in sizes.items() if FEWEST_GROUPS <= n <= profile.n_rows / ROWS_A_GROUP]
    return sorted(wanted, key=lambda name: -sizes[name])[:MOST_COLUMNS]
