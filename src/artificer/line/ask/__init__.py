"""ask: the client's brief and data → a checked brief, the rows to learn from, and sealed test rows.

The story: read the brief, read the rows, see what the target asks for, set the test rows aside before anything has
looked at them, then learn the kinds of the columns from the rows that are left. `draft_brief` goes the other way: from
data to a first brief.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, DataError, closest
from artificer.core.figures import counted
from artificer.core.records import Decision, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Rows, Sealed
from artificer.data.expression import amounts, expression, named
from artificer.data.moments import as_time
from artificer.data.nested import left_out
from artificer.data.readers import Loaded, read
from artificer.data.sources import gather, rows_of
from artificer.data.table import fingerprint, normalise, row_hashes, write
from artificer.line.ask.draft import draft_brief, drafted
from artificer.line.ask.durations import refuse_spans
from artificer.line.ask.labels import Labels, as_labels, has_label, numeric, read_labels
from artificer.line.ask.personal import (
    check_classes,
    check_personal,
    personal_decisions,
    schema_of,
    set_aside,
    without_rare,
)
from artificer.line.ask.requirements import requirements
from artificer.line.ask.rows import codes_of
from artificer.line.ask.seal import Choice, choose_sealed
from artificer.line.ask.start import Subject, begin
from artificer.line.ask.unread import unread
from artificer.line.ask.written import read_brief
from artificer_runtime.schema import Schema

__all__ = ["Subject", "ask", "begin", "draft_brief", "drafted", "read_brief"]

VERSION = 5
ROW = "artificer:row"
CHECKED_ROWS = 1000


def ask(subject: Subject, **options: Any) -> Asked:
    """Check the brief against its data and set the test rows aside.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`: workspace, limit_s, frame.

    Returns
    -------
    Asked
        Its rows stand in the workspace, with the column ``artificer:row``: each row's position in the source.

    Raises
    ------
    BriefError
        When the brief is wrong in itself.
    DataError
        When the data cannot be read or does not hold what the brief names.
    """
    run = begin(subject, **options)
    if "ask" in run.results:
        asked: Asked = run.results["ask"]
        return asked
    loaded = _read(run)
    whole = fingerprint(loaded.frame)
    test = _read_test(run)
    reads = (whole, fingerprint(test.frame) if test else "", run.seal)
    return run.stage("ask", VERSION, Asked, lambda folder, name: _ask(run, loaded, test, whole, folder, name), reads)


def _read(run: Run) -> Loaded:
    return read(run.frame) if run.frame is not None else gather(run.brief.data, run.folder)


def _read_test(run: Run) -> Loaded | None:
    data = run.brief.data
    return rows_of(data.test, run.brief, run.folder) if data.test else None


def _ask(run: Run, loaded: Loaded, test: Loaded | None, whole: str, folder: Path, name: str) -> Asked:
    brief = run.brief
    frame = loaded.frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    _check_names(brief, frame.columns, left_out(loaded.findings))
    refuse_spans(brief, frame)
    frame, n_unlabelled = _labelled(brief, frame)
    labels = read_labels(frame[brief.target.column], brief.target, tested=run.seal)
    wanted = requirements(brief, labels.task)
    choice = _sealing(run, frame, labels, test)
    frame = set_aside(frame, brief, whole)
    train = frame.filter(~pl.Series(choice.mask))
    check_classes(brief, labels, train[brief.target.column].alias("class").value_counts()["count"].to_list())
    schema = schema_of(train.drop(ROW), brief)
    train = without_rare(train, schema, brief)
    for place, text in _expressions(brief):  # what is of the wrong kind is refused before anything is trained
        amounts(text, normalise(train.head(CHECKED_ROWS).drop(ROW), schema), place)
    _check_effects(brief, schema, len(labels.classes))
    features, decisions = _features(brief, schema)
    sealed_frame = frame.filter(pl.Series(choice.mask)) if test is None else _test_rows(brief, test, labels, whole)
    sealed_frame = without_rare(sealed_frame, schema, brief)
    train_rows = _write(train, normalise(train, schema), brief, folder, name, "train")
    disguised, stray, words = unread(train, schema)
    return Asked(
        task=labels.task,
        train=train_rows,
        schema=schema,
        features=features,
        classes=labels.classes,
        class_kind=labels.kind,
        positive=labels.positive,
        sealed=_seal(brief, sealed_frame, schema, choice, features, folder, name),
        fingerprint=whole,
        n_unlabelled=n_unlabelled,
        parts=tuple(loaded.parts),
        requirements=wanted,
        questions=questions(brief, schema),
        findings=tuple(loaded.findings) + _unlabelled(brief, n_unlabelled, frame.height),
        n_disguised=disguised,
        n_stray=stray,
        stray_words={} if brief.legal.personal else words,
        decisions=(
            *labels.decisions,
            *decisions,
            *personal_decisions(brief),
            _sealing_decision(choice, sealed_frame.height, train.height),
        ),
    )


def _check_names(brief: Brief, columns: list[str], nested: Mapping[str, str]) -> None:
    """Refuse names that the data lacks, and a role for a column that was left out, beside that of what tells nothing."""
    data, target, features = brief.data, brief.target, brief.features
    places: dict[str, tuple[str, ...]] = {
        "target.column": (target.column,),
        "target.known_after": target.known_after,
        "data.key": data.key,
        "data.time": (data.time,) if data.time else (),
        "data.group": (data.group,) if data.group else (),
        "data.weight": (data.weight,) if data.weight else (),
        "data.columns": tuple(data.columns),
        "features.exclude": features.exclude,
        "features.protected": features.protected,
        "features.changeable": features.changeable,
        "features.effect": tuple(features.effect),
        "decision.reasons.never": brief.decision.reasons.never,
        "legal.personal": brief.legal.personal,
    }
    places |= {f"accept.{name}.by": line.by for name, line in brief.accept.items() if isinstance(line.by, tuple)}
    for place, names in places.items():
        for wanted in names:
            if wanted in nested:
                if place in ("features.exclude", "target.known_after"):
                    continue
                raise DataError(
                    f"[{place}] names a column that cannot be used: {nested[wanted]}; make plain columns of it"
                )
            if wanted not in columns:
                raise DataError(
                    f"[{place}] names the column '{wanted}', which the data lacks{closest(wanted, columns)}"
                )
    if target.column in (*data.key, data.time, data.group, data.weight, *features.exclude, *target.known_after):
        raise BriefError(f"'{target.column}' is the target and has another role in the brief too; remove one of them")
    check_personal(brief)
    for place, text in _expressions(brief):
        expression(text, columns, place)
        for name in brief.legal.personal:
            if name in named(text):
                raise BriefError(
                    f"[{place}] reads '{name}', which [legal] personal sets aside; remove it from one of them"
                )
        if target.column in named(text):
            raise BriefError(f"[{place}] reads the target '{target.column}', which is not known when one decides")


def _expressions(brief: Brief) -> Iterator[tuple[str, str]]:
    value = brief.decision.value
    written: dict[str, float | str] = {"accept.beats": brief.accept["beats"].rule if "beats" in brief.accept else ""}
    if value is not None:
        written |= {"decision.value.acted": value.acted, "decision.value.success": value.success}
    for place, text in written.items():
        if isinstance(text, str) and text:
            yield place, text


def _labelled(brief: Brief, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    known = has_label(frame, brief)
    kept = frame if known.all() else frame.filter(known)  # a filter copies all rows
    if kept.height == 0:
        target = brief.target.column
        raise DataError(f"the target '{target}' is missing in all {frame.height} rows; there is nothing to learn from")
    return kept.with_columns(as_labels(kept[brief.target.column], brief.target)), frame.height - kept.height


def _sealing(run: Run, frame: pl.DataFrame, labels: Labels, test: Loaded | None) -> Choice:
    data = run.brief.data
    if test is not None:
        return Choice(np.zeros(frame.height, bool), "file", f"the brief names '{data.test}' as the test set")
    if not run.seal:
        return Choice(
            np.zeros(frame.height, bool), "drawn", "nothing is sealed: the caller keeps test rows of their own"
        )
    y = numeric(frame[run.brief.target.column], labels.classes)
    time = as_time(frame[data.time]) if data.time else None
    if time is not None and np.isnan(time).all():
        raise DataError(
            f"[data] time is '{data.time}', which holds no date or time that can be read; mend or remove it"
        )
    group = codes_of(frame[data.group]) if data.group else None
    return choose_sealed(y, len(labels.classes), time, group)


def _test_rows(brief: Brief, test: Loaded, labels: Labels, whole: str) -> pl.DataFrame:
    frame = test.frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    _check_names(brief, frame.columns, left_out(test.findings))
    frame, _ = _labelled(brief, frame)
    if labels.classes:
        from artificer_runtime.schema import canonical_text

        seen = {canonical_text(value) for value in frame[brief.target.column].unique().to_list()}
        unknown = sorted(seen - set(labels.classes))
        if unknown:
            raise DataError(
                f"[data] test holds the class {unknown[0]!r} of '{brief.target.column}', which no training row has"
            )
    return set_aside(frame, brief, whole)


def _write(frame: pl.DataFrame, normal: pl.DataFrame, brief: Brief, folder: Path, name: str, what: str) -> Rows:
    kept = normal.with_columns(frame[brief.target.column])
    write(kept.with_columns(frame[ROW]), folder / f"{what}.arrow")
    return Rows(f"{name}/{what}.arrow", frame.height, fingerprint(kept))


def _seal(
    brief: Brief,
    frame: pl.DataFrame,
    schema: Schema,
    choice: Choice,
    features: tuple[str, ...],
    folder: Path,
    name: str,
) -> Sealed | None:
    if frame.height == 0:
        return None
    normal = normalise(frame, schema)
    rows = _write(frame, normal, brief, folder, name, "sealed")
    there = set(normal.columns)
    np.save(folder / "sealed_hashes.npy", row_hashes(normal, [name for name in features if name in there]))
    time = as_time(normal[brief.data.time]) if brief.data.time in there else np.empty(0)
    newest = float(np.nanmax(time)) if np.isfinite(time).any() else None
    return Sealed(rows, f"{name}/sealed_hashes.npy", choice.how, choice.because, newest)


def _check_effects(brief: Brief, schema: Schema, n_classes: int) -> None:
    kinds = {column.name: column.kind for column in schema.columns}
    for name, effect in brief.features.effect.items():
        if effect != "any" and n_classes > 2:
            raise BriefError(
                f"[features] effect demands a direction of '{name}', and of the {n_classes} classes of "
                f"'{brief.target.column}' none is more than another; remove it, or make the target a number or two classes"
            )
        if effect != "any" and kinds[name] != "number":
            raise DataError(
                f"[features] effect demands a direction of '{name}', which holds no numbers but is a "
                f"{kinds[name]}; remove it, or bring numbers"
            )


def _features(brief: Brief, schema: Schema) -> tuple[tuple[str, ...], list[Decision]]:
    data, target = brief.data, brief.target
    roles = {
        **dict.fromkeys(brief.features.exclude, "the brief excludes it"),
        **dict.fromkeys(target.known_after, "it does not exist yet when the prediction is needed"),
        **dict.fromkeys(data.key, "it identifies a row"),
        **({data.group: "it names the group of a row"} if data.group else {}),
        **({data.weight: "it is the row's weight"} if data.weight else {}),
        target.column: "",
        **dict.fromkeys(brief.legal.personal, ""),  # told with what becomes of them
    }
    kept, decisions = [], []
    for column in schema.columns:
        because = roles.get(column.name)
        if because is None and column.kind in ("identifier", "constant"):
            because = "it identifies rows" if column.kind == "identifier" else "it never varies"
        if because is None:
            kept.append(column.name)
        elif because:
            decisions.append(Decision("ask", f"May '{column.name}' be used to predict?", "no", because, ("yes",)))
    if not kept:
        raise DataError(
            "no column is left to predict from: all are the target, excluded, constant or identifiers; "
            "bring more columns or exclude fewer"
        )
    return tuple(kept), decisions


def _sealing_decision(choice: Choice, n_sealed: int, n_train: int) -> Decision:
    return Decision(
        "ask",
        "Which rows are kept for the last test?",
        f"{n_sealed:,} rows, by {choice.how}" if n_sealed else "none",
        choice.because,
        ("the latest fifth", "whole groups", "a stratified draw", "a file of the client's"),
        (Fact("sealed", float(n_sealed), "rows"), Fact("training", float(n_train), "rows")),
    )


def _unlabelled(brief: Brief, n_unlabelled: int, n_labelled: int) -> tuple[Finding, ...]:
    if not n_unlabelled:
        return ()
    return (
        Finding(
            "unlabelled",
            "note",
            brief.target.column,
            f"{counted(n_unlabelled, 'row has no label yet; it is', 'rows have no label yet; they are')} counted and "
            "not trained on",
            "nothing to do if they are new; else bring their labels",
            (Fact("unlabelled", float(n_unlabelled), "rows"), Fact("labelled", float(n_labelled), "rows")),
        ),
    )


def questions(brief: Brief, schema: Schema | None = None) -> tuple[str, ...]:
    """What the data cannot tell and the brief leaves open."""
    asked = []
    target = brief.target
    if target.horizon == "0d":
        asked.append(f"When is '{target.column}' known? [target] horizon says that it is known at once.")
    if not target.known_after:
        asked.append("Which columns do not exist yet when the prediction is needed? [target] known_after names none.")
    decision = brief.decision
    if decision.capacity is None and decision.threshold is None and decision.value is None:
        asked.append("What is done with the prediction? [decision] gives no capacity, no threshold and no value.")
    if not brief.features.protected:
        asked.append("Who may be treated worse? [features] protected names nobody.")
    if not brief.data.key:
        asked.append("Which columns identify a row? [data] key names none, so a row is known by its position.")
    times = [column.name for column in schema.columns if column.kind == "time"] if schema else []
    if not brief.data.time:
        about = f" ({', '.join(times)} could be it)" if times else ""
        asked.append(
            f"When was each row known? [data] time names no column{about}, so the rows are taken as unordered."
        )
    if not brief.data.group:
        asked.append("Do several rows belong to one person or thing? [data] group names no column.")
    if not brief.accept:
        asked.append("What is good enough? [accept] states no requirement.")
    return tuple(asked)
