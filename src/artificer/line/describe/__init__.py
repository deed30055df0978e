"""describe: the training rows → how each column is distributed, and how strongly columns go together.

The story: tell each column from the profile that audit's scan left, measure its relation to the target with an
interval, find the pairs of features that say nearly the same, follow the target through time, and say what the test
rows can show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from artificer.core.clock import Clock
from artificer.core.description import MoreRows
from artificer.core.records import Decision, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Audited, ColumnStory, Description
from artificer.core.store import load
from artificer.data.columns import each
from artificer.data.epochs import are_dates
from artificer.data.scan import Profile
from artificer.data.table import normalise
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.personal import within_ranges
from artificer.line.ask.rows import Labelled, labelled
from artificer.line.audit import audit
from artificer.line.describe.associations import SURE, Readings, associations, readings, target_values
from artificer.line.describe.columns import story, worth_of
from artificer.line.describe.courses import courses
from artificer.line.describe.gaps import at_random, gappy, gaps, patterns
from artificer.line.describe.groups import alike_rows, clusters
from artificer.line.describe.levels import by_level
from artificer.line.describe.matrix import matrix, shown
from artificer.line.describe.more_rows import more_rows
from artificer.line.describe.over_time import target_over_time
from artificer.line.describe.pairs import strongest_pairs
from artificer.line.describe.power import power
from artificer.line.describe.redundancy import collinearity
from artificer.line.describe.target import target_facts
from artificer.measure.clusters import extra_rows

__all__ = ["describe"]

VERSION = 7
# Of the time limit, from the start of the command, within which the learning curve is measured.
SHARE = 0.3
# Beyond this much of it, how columns go together is not looked at: on 80,000 rows of 45 columns that takes 2 s.
TOGETHER_SHARE = 0.45
# Columns and rows on which features are compared with each other: those that tell most of the target.
MOST_COLUMNS = 40
MOST_ROWS = 5_000


def describe(subject: Subject, **options: Any) -> Description:
    """Describe the training rows.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.

    Returns
    -------
    Description
        One story for each feature and, last, the target.
    """
    run = begin(subject, **options)
    asked, audited = ask(run), audit(run)
    reads = (asked, audited.profile)
    return run.stage("describe", VERSION, Description, lambda folder, name: _describe(run, asked, audited), reads)


def _describe(run: Run, asked: Asked, audited: Audited) -> Description:
    rows = labelled(run, asked, asked.train)
    frame = within_ranges(rows.frame, asked.schema, run.brief)
    rows = replace(rows, frame=frame)
    profile = load(run.path(audited.profile), Profile)
    sample = readings(asked, rows)
    dated = rows.time is not None and are_dates(rows.time)  # steps have no days and weeks
    rows = replace(rows, time=rows.time if dated else None)
    found = associations(asked, sample)
    names = (*asked.features, run.brief.target.column)
    values = normalise(rows.frame, asked.schema)
    extra = 0.0 if rows.group is None else extra_rows(rows.group)

    def told_of(name: str) -> ColumnStory:
        worth = worth_of(values[name], sample, extra)
        return story(profile.column(name), values[name], found.get(name), worth)

    columns = tuple(each(told_of, names, rows.n_rows))
    told = Description(
        n_rows=rows.n_rows,
        columns=columns,
        target_facts=(*target_facts(asked, rows), *power(asked, rows.y, in_groups=rows.group is not None)),
        target_over_time=target_over_time(asked, rows),
        findings=_findings(run, columns),
        decisions=(*_sampled(sample, rows.n_rows), *_unweighed(run.brief.data.weight)),
    )
    if not run.effects:
        return told
    if run.limit("describe", TOGETHER_SHARE).expired:
        left_out = _out_of_time("How do columns go together?", TOGETHER_SHARE)
        return replace(told, cut=True, decisions=(*told.decisions, left_out))
    return _together(run, asked, rows, profile, sample, told)


def _together(
    run: Run, asked: Asked, rows: Labelled, profile: Profile, sample: Readings, told: Description
) -> Description:
    """Add what columns are to each other; who asks for no effects, as the estimators do, reads none of it."""
    tells = {column.name: column.association.value for column in told.columns if column.association is not None}
    strongest = sorted(sample.values, key=lambda name: -tells.get(name, 0.0))
    few = sample.few(strongest[:MOST_COLUMNS], MOST_ROWS)
    y = target_values(asked, few.y)
    looked = matrix({**few.values, run.brief.target.column: y + 1}, few.group)
    names = gappy(asked, rows)
    clock = run.limit("describe", SHARE)
    curve = more_rows(asked, rows, sample, strongest, clock)
    alike = clusters(asked, rows, profile, run.brief.data.group)
    return replace(
        told,
        pairs=strongest_pairs(few, looked),
        together=shown(looked, (run.brief.target.column, *strongest)),
        patterns=patterns(rows, names),
        gaps=gaps(asked, rows, sample, few, names),
        at_random=at_random(few, names),
        collinearity=collinearity(few, looked, tells),
        courses=courses(asked, rows, sample, strongest, run.brief.target.column),
        clusters=alike,
        by_level=by_level(asked, rows, sample, strongest),
        more_rows=curve,
        cut=curve is None and clock.expired,
        decisions=(*told.decisions, *_uncut(curve, clock)),
        findings=(*told.findings, *alike_rows(alike, run.brief.target.column)),
    )


def _findings(run: Run, columns: tuple[ColumnStory, ...]) -> tuple[Finding, ...]:
    measured = [column for column in columns if column.association is not None]
    p = [fact.value for column in measured for fact in column.facts if fact.name == "p_adjusted"]
    if not measured or any(isinstance(one, float) and one < SURE for one in p):
        return ()
    target = run.brief.target.column
    return (
        Finding(
            "no_signal",
            "warning",
            target,
            f"no single column tells '{target}' more than chance could, among {len(measured)} that were measured",
            "bring columns that were known before the outcome and bear on it; columns may still tell it together",
            (Fact("least_p_adjusted", float(np.min([float(one) for one in p])), "Benjamini-Hochberg"),),
        ),
    )


def _sampled(sample: Readings, n_rows: int) -> tuple[Decision, ...]:
    if sample.n_rows == n_rows:
        return ()
    return (
        Decision(
            "describe",
            "On how many rows are relations measured?",
            f"{sample.n_rows:,} of {n_rows:,}, drawn",
            "intervals are narrow enough there, and distributions are of all rows in any case",
            ("all rows",),
            (Fact("rows", float(sample.n_rows), "rows"),),
        ),
    )


def _unweighed(weight: str) -> tuple[Decision, ...]:
    if not weight:
        return ()
    return (
        Decision(
            "describe",
            "Do row weights count in what is described?",
            "in the target's shares or mean, beside those of plain rows; nowhere else",
            f"the rows are told as they came; training and the verdict weigh them by '{weight}'",
            ("weigh all of it",),
        ),
    )


def _uncut(curve: MoreRows | None, clock: Clock) -> tuple[Decision, ...]:
    if curve is not None or not clock.expired:
        return ()
    return (_out_of_time("What would more rows bring?", SHARE),)


def _out_of_time(question: str, share: float) -> Decision:
    because = f"{share:.0%} of the time limit had passed, and the rest belongs to training"
    return Decision("describe", question, "not measured", because, ("give the run more time",))
