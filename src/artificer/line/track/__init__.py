"""track: a package and new rows → the differences in distribution that affect performance.

The story: put the new rows into the bins of the judged ones, and weigh each column's move by what rows of each bin add to
the score; where labels have come in, measure the change itself, and say what of it the inputs do not explain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.brief import Track as Tracking
from artificer.core.figures import day, figure
from artificer.core.life import Bins, Harm, Reference, Shift, Tracked
from artificer.core.records import Decision, Estimate, Fact, Finding
from artificer.data.moments import as_time
from artificer.data.readers import read
from artificer.line.ask.durations import seconds
from artificer.line.ask.labels import has_label
from artificer.line.audit import check_contract
from artificer.line.ship.reference import NAMED, column_values, n_places, named_class, places, stated
from artificer.line.ship.stretches import stretches
from artificer.line.track.findings import empty_feed, score_findings, shift_findings, time_findings
from artificer.line.track.harm import apart, at_level, distance, effect_of, harm_of, possible
from artificer.line.track.meeting import Meeting, Version, check_roles, meet, newest, opened
from artificer.line.track.periods import periods, scored
from artificer.line.track.target import target_findings
from artificer.measure.metrics import metric
from artificer.measure.stretches import within

__all__ = ["Meeting", "Version", "meet", "newest", "opened", "track"]

ROWS_AT_ONCE, MOST_PREDICTED = 200_000, 50_000
MONTH_S = 30 * 86_400.0
HARMS: dict[Harm, str] = {
    "harmful": "the new rows harm the score",
    "benign": "the new rows do the score no harm",
    "undecidable": "whether the new rows harm the score cannot be told",
}


def track(package: str | Path, new: Any, *, brief: Brief | None = None) -> Tracked:
    """Find the differences between new rows and those that a package was judged on, and what they do to its score.

    Parameters
    ----------
    package : path
        Written by `ship`.
    new : path or frame
        Rows as the model reads them, with the target where it is known.
    brief : Brief, optional
        As it stands now; default: the one that the package was made from.

    Raises
    ------
    DataError
        When the rows cannot be read, or lack the time, weight or group that the brief names.
    RowsError
        When they lack a column that the model reads.
    PackageError
        When the package is absent or damaged.
    """
    version = opened(Path(package))
    frame: pl.DataFrame = read(new).frame if not isinstance(new, pl.DataFrame) else new
    return tracked(version, frame, brief or version.brief)


def tracked(version: Version, frame: pl.DataFrame, brief: Brief) -> Tracked:
    """Compare the rows of a frame with those that a version was judged on."""
    reference = version.reference
    level = 1 - false_alarms(brief.track)
    if frame.height == 0:
        return _nothing(version, level)
    known = _known(version, frame, brief)
    sample = frame[_drawn(np.arange(frame.height))]
    whole = version.oriented(version.predictor.raw(version.predictor.schema.encode(sample)))
    prediction = whole[known.rows.places] if sample.height == frame.height else known.rows.predicted(version)
    labels = version.decided(reference.metric, prediction)
    counts = list(_counted(version, frame, whole))
    expected = possible(effect_of(*counts[0], level=level), reference)
    measured = _measured(known.rows, labels, reference, level)
    columns = level + (1 - level) * (1 - 1 / len(counts))  # all of them hold together (Bonferroni)
    shifts = [_shift(bins, found, unseen, reference, columns) for bins, found, unseen in counts]
    moment = as_time(frame[brief.data.time]) if brief.data.time else None
    found = Tracked(
        version=version.name,
        model_hash=version.predictor.model_hash,
        metric=reference.metric,
        n_rows=frame.height,
        n_labelled=int(known.labelled.sum()),
        reference=reference.score,
        expected=expected,
        harm=harm_of(measured if measured is not None else expected, reference),
        measured=measured,
        unexplained=apart(measured, expected) if measured is not None else None,
        shifts=tuple(sorted(shifts, key=lambda one: (-abs(one.effect.value), one.column))),
        periods=tuple(periods(reference.metric, moment, known.labelled, known.rows, labels, version.name)),
    )
    findings = (
        *time_findings(moment, reference),
        *score_findings(found),
        *target_findings(known.rows, prediction, reference, level),
        *shift_findings(found.shifts, found.metric),
        *_contract(version, frame),
        *known.rows.findings,
    )
    return replace(found, findings=findings, decisions=(_decision(found),))


def false_alarms(tracking: Tracking) -> float:
    """Share of looks that may alarm falsely: as many a month as the brief tolerates, and never more than one in twenty.

    >>> round(false_alarms(Tracking(every="7d", alarms_per_month=0.1)), 4)
    0.0233
    """
    every_s = seconds(tracking.every, "track.every") if tracking.every else MONTH_S
    return float(np.clip(tracking.alarms_per_month * every_s / MONTH_S, 1e-6, 0.05))


@dataclass(frozen=True)
class _Known:
    """Which rows have a label, bool (n_rows,), and those of them that are scored."""

    labelled: np.ndarray
    rows: Meeting


def _known(version: Version, frame: pl.DataFrame, brief: Brief) -> _Known:
    """Labelled rows, or as many of them as tell a score just as well."""
    check_roles(frame, brief)
    there = brief.target.column in frame.columns
    labelled = has_label(frame, brief).to_numpy() if there else np.zeros(frame.height, bool)
    places = _drawn(np.flatnonzero(labelled))
    waited = replace(brief, target=replace(brief.target, horizon="0d"))
    rows = meet(frame[places], waited, version)
    rows = replace(rows, places=places[rows.places])
    if len(places) == labelled.sum():  # labels of classes that the model does not know do not count
        labelled = np.isin(np.arange(frame.height), rows.places)
    return _Known(labelled, rows)


def _drawn(places: np.ndarray) -> np.ndarray:
    """So many rows tell a score as well as all of them, and each has the same chance."""
    if len(places) <= MOST_PREDICTED:
        return places
    return np.sort(np.random.default_rng(0).choice(places, MOST_PREDICTED, replace=False))


def _measured(rows: Meeting, prediction: np.ndarray, reference: Reference, level: float) -> Estimate | None:
    """Change of the score on labelled rows, taken as the judged rows' was: within stretches of time."""
    if scored(reference.metric, rows, np.ones(rows.n_rows, bool), prediction) is None:
        return None
    _, place = stretches(rows.time, np.ones(rows.n_rows, bool))
    now = within(reference.metric, rows.y, prediction, place, rows.weight, groups=rows.group)
    return apart(at_level(now, level), at_level(reference.score, level), metric(reference.metric).sign)


def _counted(version: Version, frame: pl.DataFrame, prediction: np.ndarray) -> Iterator[tuple[Bins, np.ndarray, int]]:
    """Each column's bins with the new rows in them, and how many rows are of unseen levels; first the prediction,
    then the class that is named where there are several."""
    schema = version.predictor.schema
    first, *others = version.reference.columns
    assert not first.name
    yield first, np.bincount(places(first, None, stated(prediction)), minlength=n_places(first)), 0
    known = {column.name: column for column in schema.columns}
    if others and others[0].name == NAMED and NAMED not in known:
        named, *others = others
        place = places(named, named_class(version.predictor.contents.classes), version.labels(prediction) + 1)
        yield named, np.bincount(place, minlength=n_places(named)), 0
    bins = [one for one in others if one.name in known]
    counts = [np.zeros(n_places(one), np.int64) for one in bins]
    unseen = [0] * len(bins)
    for start in range(0, frame.height, ROWS_AT_ONCE):
        encoded = schema.encode(frame.slice(start, ROWS_AT_ONCE))
        for number, one in enumerate(bins):
            place = places(one, known[one.name], column_values(schema, encoded, known[one.name]))
            counts[number] += np.bincount(place[place >= 0], minlength=len(counts[number]))
            unseen[number] += int((place < 0).sum())
    yield from zip(bins, counts, unseen, strict=True)


def _shift(bins: Bins, counts: np.ndarray, n_unseen: int, reference: Reference, level: float) -> Shift:
    effect = possible(effect_of(bins, counts, n_unseen, level=level), reference)
    return Shift(
        bins.name,
        distance(bins, counts, n_unseen),
        effect,
        harm_of(effect, reference),
        _largest(bins, counts, n_unseen),
    )


def _largest(bins: Bins, counts: np.ndarray, n_unseen: int) -> str:
    """Where a column moved most, in words."""
    p_s = np.array(bins.counts) / sum(bins.counts)
    p_t = counts / (counts.sum() + n_unseen)
    unseen = n_unseen / (counts.sum() + n_unseen)
    place = int(np.argmax(np.abs(p_t - p_s)))
    if 2 * unseen > abs(p_t - p_s)[place]:  # what came explains what went
        return f"{unseen:.0%} of the rows have a value that training lacked"
    return f"{_called(bins, place)}: {p_s[place]:.0%} → {p_t[place]:.0%} of the rows"


def _called(bins: Bins, place: int) -> str:
    if place == 0:
        return "missing"
    if bins.levels:
        return bins.levels[place - 1] if place <= len(bins.levels) else "other values"
    edges = [day(edge) if bins.kind == "time" else figure(edge) for edge in bins.edges]
    if not edges:
        return "present"
    if place == 1:
        return f"below {edges[0]}"
    return f"above {edges[-1]}" if place > len(edges) else f"{edges[place - 2]} to {edges[place - 1]}"


def _contract(version: Version, frame: pl.DataFrame) -> Iterator[Finding]:
    """What the contract says of the new rows; nothing here stops a run that can go on."""
    aside = {version.brief.data.time, *version.brief.target.known_after, version.brief.target.column}
    for finding in check_contract(frame, version.contract, "serving"):
        if finding.where in aside:
            continue
        yield replace(finding, severity="warning") if finding.severity == "blocker" else finding


def _nothing(version: Version, level: float) -> Tracked:
    unknown = Estimate(0.0, -np.inf, np.inf, "no rows", 0, level)
    reference = version.reference
    return Tracked(
        version.name,
        version.predictor.model_hash,
        reference.metric,
        0,
        0,
        reference.score,
        unknown,
        "undecidable",
        findings=(empty_feed(),),
    )


def _decision(found: Tracked) -> Decision:
    by = found.measured if found.measured is not None else found.expected
    how = "measured on labelled rows" if found.measured is not None else "as far as the inputs tell: labels are lacking"
    return Decision(
        "track",
        "Do the differences affect performance?",
        HARMS[found.harm],
        f"{how}, against the rows that the model was judged on",
        tuple(says for harm, says in HARMS.items() if harm != found.harm),
        (
            Fact("change", by.value, found.metric),
            Fact("low", by.low, found.metric),
            Fact("high", by.high, found.metric),
        ),
    )
