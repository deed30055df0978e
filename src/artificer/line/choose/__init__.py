"""choose: the audited rows → the columns that serve, and the folds that candidates are compared on.

The story: leave out what audit found to carry nothing, make the repairs that it proved, then cut the training rows into
folds the way the client will meet new rows: later ones where there is a time, other groups where there are groups, else
drawn within each class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from artificer.core.clock import Clock
from artificer.core.errors import DataError
from artificer.core.records import Decision, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Audited, Chosen, Repair, Split
from artificer.core.store import digest, load
from artificer.data.scan import Profile
from artificer.data.table import row_hashes
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import Labelled, labelled
from artificer.line.audit import CARRIES_NOTHING, audit
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen
from artificer.line.choose.folds import Folds, cut_folds, given_fold, given_folds
from artificer.line.choose.repaired import Kept, columns_read, without_rows

__all__ = ["choose"]

VERSION = 4


def choose(subject: Subject, **options: Any) -> Chosen:
    """Choose columns and folds.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.

    Raises
    ------
    DataError
        When the training rows hold one class only, or no column is left.
    """
    run = begin(subject, **options)
    asked, audited = ask(run), audit(run)
    own = [digest(one) for one in run.folds] if run.folds is not None else []
    idle = [finding for finding in audited.findings if finding.code in CARRIES_NOTHING]
    reads = (asked, idle, audited.repairs, run.n_valid, own)
    return run.stage("choose", VERSION, Chosen, lambda folder, name: _choose(run, asked, audited, folder, name), reads)


def _choose(run: Run, asked: Asked, audited: Audited, folder: Path, name: str) -> Chosen:
    rows = labelled(run, asked, asked.train)
    _check_classes(run, asked, rows)
    features, decisions = _columns(asked, audited.findings)
    if run.folds is not None:
        folds = given_folds(*run.folds)
    else:
        folds = given_fold(rows.n_rows, run.n_valid) if run.n_valid else cut_folds(rows, len(asked.classes))
    kept = without_rows(_seen(run, asked, audited, rows), audited.repairs, folds) if audited.repairs else None
    folds = kept.folds if kept is not None else folds
    paths = {}
    left_out = kept.left_out if kept is not None else None
    for key, values in (("folds", folds.of_row), ("trains", folds.trains), ("left_out", left_out)):
        if values is not None:
            paths[key] = f"{name}/{key}.npy"
            np.save(folder / f"{key}.npy", values)
    split = Split(
        paths["folds"], folds.n_folds, folds.how, folds.because, paths.get("trains", ""), paths.get("left_out", "")
    )
    made = [_repair_decision(repair, kept) for repair in audited.repairs]
    return Chosen(features, split, (*decisions, *made, _fold_decision(folds)), columns_read(audited.repairs))


def _seen(run: Run, asked: Asked, audited: Audited, rows: Labelled) -> Seen:
    """What repairs of rows look at."""
    profile = load(run.path(audited.profile), Profile)
    hashes = row_hashes(rows.frame, asked.features)
    return Seen(run.brief, asked, profile, rows, hashes, None, Prices(run.brief, asked, rows, Clock()))


def _check_classes(run: Run, asked: Asked, rows: Labelled) -> None:
    present = np.unique(rows.y)
    if asked.classes and len(present) < 2:
        only = asked.classes[int(present[0])]
        raise DataError(
            f"all training rows hold one class of '{run.brief.target.column}', {only!r}: the others stand in the sealed "
            "rows alone; bring rows over a longer time, or name a test file in [data] test"
        )


def _columns(asked: Asked, findings: tuple[Finding, ...]) -> tuple[tuple[str, ...], list[Decision]]:
    idle = {finding.where: finding for finding in findings if finding.code in CARRIES_NOTHING}
    kept = tuple(name for name in asked.features if name not in idle)
    if not kept:
        raise DataError("no column is left to predict from: audit found that none of them varies; bring other columns")
    decisions = [
        Decision("choose", f"Does '{name}' help?", "no, it is left out", idle[name].says, ("keep it",))
        for name in asked.features
        if name in idle
    ]
    return kept, decisions


def _repair_decision(repair: Repair, kept: Kept | None) -> Decision:
    gain = repair.effect
    facts: tuple[Fact, ...] = (Fact("gain", gain.value), Fact("gain_at_least", gain.low))
    if repair.column is None and kept is not None:
        facts = (*facts, Fact("left_out", float(kept.left_out.sum()), "rows, by all repairs"))
    return Decision(
        "choose",
        f"Is the repair of {repair.name.replace(':', ', ', 1)} made?",
        f"yes: {repair.choice}",
        f"audit's yardstick gains {gain.value:.3g} by it ({gain.low:.3g} to {gain.high:.3g}, {gain.level:.2%}), and gains "
        "again on another cut into folds; sealed rows, and labels that measure, stay as they are",
        ("leave it as it is",),
        facts,
    )


def _fold_decision(folds: Folds) -> Decision:
    return Decision(
        "choose",
        "How are candidates compared?",
        f"on {folds.n_folds} folds, {folds.how}",
        folds.because,
        ("stratified folds", "whole groups", "later rows after earlier ones"),
        (Fact("folds", float(folds.n_folds), "folds"), Fact("compared_on", float((folds.of_row >= 0).sum()), "rows")),
    )
