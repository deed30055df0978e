"""The data sheet (Gebru et al. 2021, CACM 64), section by section."""

from __future__ import annotations

from collections.abc import Iterable

from artificer.core.figures import counted, figure, with_interval
from artificer.core.report.card_lines import (
    CONDUCT,
    FAIRNESS,
    Section,
    asked_for,
    carded,
    chosen,
    personal,
    rows,
    stated,
    told,
)
from artificer.core.report.page import ReportPage

MOST_COLUMNS = 60


def data_sheet(page: ReportPage) -> Iterable[Section]:
    """Give its seven sections, and what the audit found."""
    brief = page.brief
    yield "Motivation", (carded(page, "data_origin"),)
    yield (
        "Composition",
        (*_instances(page), *rows(page), *chosen(page, ("choose",)), *_columns(page), *_unread(page), *personal(page)),
    )
    yield "Collection process", (*_collected(page), carded(page, "data_collected"))
    yield (
        "Preprocessing, cleaning and labelling",
        (
            *chosen(page, ("ask", "encode")),
            *_label(page),
            carded(page, "labels_made"),
            "The source is read and never changed: what is done to its rows is done on the way in",
        ),
    )
    yield (
        "Uses",
        (stated("Here", brief.purpose, "purpose", "what the data is used for"), carded(page, "data_not_for")),
    )
    yield "Distribution", (carded(page, "data_shared"),)
    yield "Maintenance", (*_kept(page), carded(page, "data_keeper"))
    judged = {*page.verdict.findings, *(one for test in page.verdict.tests for one in test.findings)}
    of_data = [one for one in page.findings if one not in judged and one.code not in (*FAIRNESS, *CONDUCT)]
    yield "Findings about the data", told(of_data)


def _instances(page: ReportPage) -> Iterable[str]:
    data = page.brief.data
    if data.key:
        yield f"A row is identified by {', '.join(data.key)}"
    else:
        yield asked_for("what identifies a row", "[data] key")
    if data.group:
        yield f"Rows of one {data.group} belong together, and stay on one side of every split"
    yield from (
        f"Two rows of one {one.column} correlate by {with_interval(one.alike)} in the label"
        for one in page.described.clusters
    )


def _columns(page: ReportPage) -> Iterable[str]:
    meaning = page.brief.data.columns
    for one in page.described.columns[:MOST_COLUMNS]:
        said = f", {meaning[one.name]}" if one.name in meaning else ""
        yield f"`{one.name}`: {one.kind}{said}; {one.share_missing:.1%} missing, {figure(one.n_distinct)} different values"
    if len(page.described.columns) > MOST_COLUMNS:
        yield f"and {len(page.described.columns) - MOST_COLUMNS:,} more columns, in the report"
    if len(meaning) < len(page.described.columns):
        yield asked_for("what the columns mean", "[data] columns")


def _unread(page: ReportPage) -> Iterable[str]:
    """Values that are there and say nothing."""
    for counts, why in (
        (page.asked.n_disguised, "say in words that the value is missing"),
        (page.asked.n_stray, "are not of their column's kind"),
    ):
        named = ", ".join(f"`{name}` {count:,}" for name, count in counts.items() if count)
        if named:
            yield f"Values that {why}, and are read as missing: {named}"


def _collected(page: ReportPage) -> Iterable[str]:
    data = page.brief.data
    times = [name for name, _ in page.described.target_over_time]
    if data.source and "://" not in data.source:
        yield f"Source as named in the brief: {data.source}"
    elif data.url_env:
        yield f"Source: a database, whose address stands in the environment variable {data.url_env}"
    else:
        yield asked_for("where the rows come from", "[data] source")
    if data.tables:
        yield f"Joined to it: {', '.join(data.tables)}"
    yield (
        f"Rows lie in time between {times[0]} and {times[-1]}"
        if times
        else asked_for("when the rows were collected", "[data] time")
    )


def _label(page: ReportPage) -> Iterable[str]:
    target = page.brief.target
    yield f"Label: {target.column}" + (f", known {target.horizon} after the row" if target.horizon != "0d" else "")
    if page.asked.n_unlabelled:
        yield (
            f"{counted(page.asked.n_unlabelled, 'row without a label was', 'rows without a label were')} counted "
            "and not learned from"
        )
    if target.known_after:
        yield f"Known only after the moment of prediction, and not learned from: {', '.join(target.known_after)}"


def _kept(page: ReportPage) -> Iterable[str]:
    keep = page.brief.legal.keep
    yield f"Fingerprint of what was read: {page.asked.fingerprint[:16]}"
    yield (
        f"What the system keeps of later rows: predictions and labels {_how_long(keep.predictions)}, values of rows that were "
        f"answered {_how_long(keep.rows)}, packages {_how_long(keep.models)}"
    )


def _how_long(kept: str) -> str:
    if not kept:
        return "for ever"
    return f"for {kept}" if kept.strip("0 smindhwy") else "not at all"  # "0d"
