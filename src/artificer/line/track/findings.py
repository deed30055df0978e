"""What track found, in findings that a client understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from artificer.core.figures import better_by, counted, figure, with_interval
from artificer.core.life import Reference, Shift, Tracked
from artificer.core.records import Fact, Finding

MOVED = 0.05
FEWER = 0.5


def shift_findings(shifts: Sequence[Shift], metric: str) -> Iterator[Finding]:
    """Columns that moved: harmful ones one by one, the others together."""
    columns = [shift for shift in shifts if shift.column]
    for shift in columns:
        if shift.harm == "harmful":
            yield Finding(
                "shift",
                "warning",
                shift.column,
                f"'{shift.column}' moved, and rows like the new ones score worse ({metric} {better_by(shift.effect)}): "
                f"{shift.largest}",
                "see whether its source changed; if the world did, retrain: `artificer update BRIEF`",
                (Fact("distance", shift.distance, "share of rows"),),
                -shift.effect,
            )
    unknown = [shift for shift in columns if shift.harm == "undecidable" and shift.distance >= MOVED]
    if unknown:
        names = ", ".join(f"{shift.column} ({shift.largest})" for shift in unknown[:3])
        yield Finding(
            "shift_undecidable",
            "note",
            ", ".join(shift.column for shift in unknown),
            f"{_counted(unknown)} moved so far that nobody can tell what it does to the {metric}: {names}",
            "bring labels of the new rows; they tell",
            tuple(Fact(shift.column, shift.distance, "share of rows") for shift in unknown),
        )
    benign = [shift for shift in columns if shift.harm == "benign" and shift.distance >= MOVED]
    if benign:
        names = ", ".join(f"{shift.column} ({shift.largest})" for shift in benign[:3])
        yield Finding(
            "shift_benign",
            "note",
            ", ".join(shift.column for shift in benign),
            f"{_counted(benign)} moved without harm to the {metric}: {names}",
            "nothing to do",
            tuple(Fact(shift.column, shift.distance, "share of rows") for shift in benign),
        )


def score_findings(tracked: Tracked) -> Iterator[Finding]:
    """What the labels say: the score's change, and what of it the inputs do not explain."""
    measured, metric = tracked.measured, tracked.metric
    if measured is None:
        if tracked.n_rows:
            those = f"of {tracked.n_rows:,} new rows"
            yield Finding(
                "no_labels",
                "note",
                "labels",
                f"{counted(tracked.n_labelled, f'{those} has', f'{those} have')} labels: too few, or of one class alone, to "
                f"measure the {metric}; as far as the inputs explain, it is {better_by(tracked.expected)}, and a "
                "changed relation cannot be seen",
                "bring labels: in the rows, or by [track] labels",
                (Fact("labelled", float(tracked.n_labelled), "rows"),),
            )
        return
    if tracked.harm == "harmful":
        yield Finding(
            "score_fell",
            "warning",
            metric,
            f"the {metric} on {tracked.n_labelled:,} new labelled rows is worse than when the model was judged, by "
            f"{with_interval(-measured)}",
            "retrain on what is known by now: `artificer update BRIEF`",
            (Fact("judged", tracked.reference.value, metric),),
            -measured,
        )
    elif measured.low > 0:
        yield Finding(
            "score_rose",
            "note",
            metric,
            f"the {metric} on the new labelled rows is better than when the model was judged, by {with_interval(measured)}",
            "nothing to do",
        )
    unexplained = tracked.unexplained
    if unexplained is not None and (unexplained.low > 0 or unexplained.high < 0):
        yield Finding(
            "relation_changed",
            "warning" if unexplained.high < 0 else "note",
            metric,
            f"the inputs do not explain that the {metric} is {better_by(unexplained)}: the relation between inputs "
            "and target is another one than in training",
            "retrain on rows of the new relation: `artificer update BRIEF`",
            effect=-unexplained,
        )


def time_findings(moment: np.ndarray | None, reference: Reference) -> Iterator[Finding]:
    """Rows that are earlier than they may be, later than now, or fewer than they were."""
    if moment is None or np.isnan(moment).all():
        return
    known = moment[~np.isnan(moment)]
    early = int((known < reference.last_time).sum())  # of one day there may be more to come
    if early:
        yield Finding(
            "earlier_rows",
            "warning",
            "time",
            f"{early:,} of {counted(len(moment), 'new row')} came earlier than the last that the model was judged on: "
            "sent again, "
            "or a clock went back",
            "see what writes them; leave out what was delivered before",
            (Fact("rows", float(early), "rows"),),
        )
    late = int((known > datetime.now(UTC).timestamp() + 86_400).sum())
    if late:
        yield Finding(
            "future_rows",
            "warning",
            "time",
            f"{late:,} of {counted(len(moment), 'new row')} {'lies' if late == 1 else 'lie'} in the future",
            "see whether the clock or the zone of what writes them is right",
            (Fact("rows", float(late), "rows"),),
        )
    days = np.floor(known / 86_400)
    per_day = len(days) / (np.ptp(days) + 1)
    if np.isfinite(reference.rows_per_day) and per_day < FEWER * reference.rows_per_day:
        yield Finding(
            "fewer_rows",
            "note",
            "rows",
            f"{figure(7 * per_day)} rows a week come in; there were {figure(7 * reference.rows_per_day)}",
            "see that the feed is complete",
            (Fact("now", 7 * per_day, "rows a week"), Fact("before", 7 * reference.rows_per_day, "rows a week")),
        )


def empty_feed() -> Finding:
    """No row is there to look at."""
    return Finding("empty_feed", "note", "rows", "no new row has come in", "see that the feed runs", ())


def _counted(shifts: Sequence[Shift]) -> str:
    return f"{len(shifts)} columns" if len(shifts) > 1 else "one column"
