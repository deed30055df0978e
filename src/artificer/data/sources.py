"""A brief's rows, wherever they are: files, object stores and databases, with more tables joined by named keys.

`gather` reads what a model is trained on, `incoming` what comes in later, `rows_of` any other rows of the same shape.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from artificer.core.brief import Brief, Data, Joined
from artificer.core.errors import BriefError, DataError, NoRowsError, closest
from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.data.broken_keys import broken_keys
from artificer.data.databases import iter_hosts, query_rows, shown, url_of
from artificer.data.keys import key_texts
from artificer.data.nested import left_out, of_table
from artificer.data.readers import Loaded, joined, read

UNMATCHED = 0.2
_KEY = "artificer:key"


def gather(data: Data, folder: Path) -> Loaded:
    """Read the rows to learn from, with the columns of more tables beside them.

    Parameters
    ----------
    folder : Path
        Where relative paths start.

    Raises
    ------
    BriefError
        When no source is named, or two are.
    DataError
        When one cannot be read, is empty, or lacks a key; when a table has two rows of one key.
    """
    return _with_tables(_main(data.source, data.url_env, data.query, folder, "data"), data, folder)


def incoming(brief: Brief, folder: Path) -> Loaded | None:
    """Read what has come in: the rows of `[track]`, in the shape of the brief's own, and their labels where they come apart.

    Returns
    -------
    Loaded or None
        None when no file is there yet, or no row.

    Raises
    ------
    BriefError, DataError
        As for `gather`.
    """
    track = brief.track
    if not (track.new or track.url_env):
        raise BriefError('the brief does not say where new rows come in; add [track] new = "new_*.parquet"')
    loaded = _new_rows(brief, folder)
    if loaded is None:
        return None
    findings = [*loaded.findings, *_double_keys(loaded, brief.data.key)]
    loaded = replace(_with_tables(loaded, brief.data, folder), findings=())
    if track.labels:
        loaded, more = _labelled(loaded, brief, folder)
        findings += more
    return replace(loaded, findings=tuple(findings))


def rows_of(source: str | Path, brief: Brief, folder: Path) -> Loaded:
    """Read other rows in the shape of the brief's own, with its tables joined.

    Raises
    ------
    BriefError, DataError
        As for `gather`.
    """
    return _with_tables(read(source, folder=folder), brief.data, folder)


def labels_of(brief: Brief, folder: Path) -> Loaded | None:
    """Read the labels that come apart: key and target; what else their files hold may differ from file to file.

    Returns
    -------
    Loaded or None
        None when no file is there yet, or no row.

    Raises
    ------
    BriefError
        When the brief names no key.
    DataError
        When a file cannot be read, or lacks one of these columns.
    """
    named, wanted = brief.track.labels, (*brief.data.key, brief.target.column)
    if not brief.data.key:
        raise BriefError("[track] labels needs [data] key: without it no label finds its row")
    if "://" in named:
        return _of_columns(read(named, folder=folder), wanted)
    paths = sorted(path for path in glob.glob(str(folder / named), recursive=True) if os.path.isfile(path))
    if len(paths) > 1:
        return _of_full_files(paths, only=wanted)
    if not paths and not os.path.exists(folder / named.partition("#")[0]):
        return None
    try:
        return _of_columns(read(named, folder=folder), wanted)
    except NoRowsError:
        return None


def contacts(brief: Brief) -> tuple[str, ...]:
    """What would be contacted beyond this machine to read the brief's rows."""
    data = brief.data
    named = [(data.url_env, "data.url_env"), *((one.url_env, "data.tables.url_env") for one in data.tables.values())]
    hosts = iter_hosts([url_of(name, place) for name, place in named if name])
    stores = (one for one in (data.source, *(one.source for one in data.tables.values())) if "://" in one)
    return tuple(dict.fromkeys((*hosts, *(shown(one).rpartition("/")[0] for one in stores if "sqlite:" not in one))))


def _main(source: str, url_env: str, query: str, folder: Path, place: str) -> Loaded:
    file = "new" if place == "track" else "source"
    if source and url_env:
        raise BriefError(f"[{place}] names both {file} and url_env; rows come from one of them: remove the other")
    if bool(query) != bool(url_env):
        has, lacks = ("query", "url_env") if query else ("url_env", "query")
        raise BriefError(
            f"[{place}] has {has} and no {lacks}: a database is read by both, url_env = the name of an environment variable "
            'that holds its URL, and query = "select …"'
        )
    if url_env:
        frame = query_rows(url_of(url_env, f"{place}.url_env"), query, place)
        if frame.height == 0:
            raise DataError(f"the query of [{place}] gives no row; see that it selects what is meant")
        return read_frame(frame, place)
    if not source:
        raise BriefError(
            f"the brief lacks [{place}] {file}: a file or glob, relative to the brief; or url_env and query"
        )
    return read(source, folder=folder)


def read_frame(frame: pl.DataFrame, name: str) -> Loaded:
    """Rows that a database gave, checked like those of a file."""
    return replace(read(frame), parts=((name, frame.height),))


def _new_rows(brief: Brief, folder: Path) -> Loaded | None:
    track = brief.track
    if track.url_env or track.query:
        if track.new or not (track.url_env and track.query):
            _main(track.new, track.url_env, track.query, folder, "track")  # says what is wrong
        frame = query_rows(url_of(track.url_env, "track.url_env"), track.query, "track")
        return read_frame(frame, "track") if frame.height else None
    late = (brief.target.column, *brief.target.known_after)
    if "://" in track.new:
        return read(track.new, folder=folder, late=late)
    found = sorted(glob.glob(str(folder / track.new), recursive=True))
    if not found and not os.path.exists(folder / track.new.partition("#")[0]):
        return None
    try:
        return read(track.new, folder=folder, late=late)
    except NoRowsError:
        return _of_full_files(found, late)


def _of_full_files(paths: Sequence[str], late: Sequence[str] = (), only: Sequence[str] = ()) -> Loaded | None:
    """What some of many files hold, where others hold no row."""
    full = []
    for path in paths:
        try:
            full.append(_of_columns(read(path), only))
        except NoRowsError:
            continue
    return joined(full, late) if full else None


def _of_columns(loaded: Loaded, names: Sequence[str]) -> Loaded:
    """The rows of a file without its other columns, where any are named."""
    columns, file = loaded.frame.columns, loaded.parts[0][0]
    for name in names:
        if name not in columns:
            raise DataError(f"'{file}' lacks the column '{name}'{closest(name, columns)}")
    return replace(loaded, frame=loaded.frame.select(list(dict.fromkeys(names)))) if names else loaded


def _with_tables(loaded: Loaded, data: Data, folder: Path) -> Loaded:
    findings = list(loaded.findings)
    frame = loaded.frame
    for name, table in data.tables.items():
        frame, found = _joined(frame, name, table, folder, left_out(loaded.findings))
        findings += found
    return replace(loaded, frame=frame, findings=tuple(findings))


def _joined(
    frame: pl.DataFrame, name: str, table: Joined, folder: Path, nested: Mapping[str, str]
) -> tuple[pl.DataFrame, list[Finding]]:
    place = f"data.tables.{name}"
    if not table.key:
        raise BriefError(f"[{place}] names no key; key = the columns, in both tables, by which rows find each other")
    other = _main(table.source, table.url_env, table.query, folder, place)
    theirs = left_out(other.findings)
    _check_key(place, table.key, frame.columns, nested, "the source")
    _check_key(place, table.key, other.frame.columns, theirs, f"the table '{name}'")
    keys = key_texts(other.frame, table.key, ()).alias(_KEY)
    double = int((keys.drop_nulls().is_duplicated()).sum())
    if double:
        raise DataError(
            f"the table '{name}' has {counted(double, 'row')} that share their key ({', '.join(table.key)}): each row "
            "of the source can take one; add them up first, for instance by a query with group by"
        )
    right = other.frame.drop(table.key).rename(lambda column: f"{name}.{column}").with_columns(keys)
    clash = [column for column in right.columns if column in frame.columns]
    if clash:
        raise DataError(
            f"the source has a column '{clash[0]}' already, which the table '{name}' would bring; rename it"
        )
    left = frame.with_columns(key_texts(frame, table.key, ()).alias(_KEY))
    matched = left[_KEY].is_in(keys.drop_nulls().implode()).fill_null(False)
    whole = left.join(right.filter(pl.col(_KEY).is_not_null()), on=_KEY, how="left", maintain_order="left").drop(_KEY)
    named = {*other.frame.columns, *theirs} - {*table.key}
    told = [of_table(one, name) if one.where in named else one for one in other.findings]
    findings = [*_unmatched(name, table.key, int(matched.sum()), frame.height)]
    return whole, [*told, *findings, *broken_keys(name, table.key, left[_KEY], keys)]


def _check_key(place: str, key: Sequence[str], columns: Sequence[str], nested: Mapping[str, str], where: str) -> None:
    for wanted in key:
        if wanted in nested:
            raise DataError(f"[{place}] key names a column of {where} that cannot be one: {nested[wanted]}")
        if wanted not in columns:
            raise DataError(f"[{place}] key names '{wanted}', which {where} lacks{closest(wanted, columns)}")


def _unmatched(name: str, key: tuple[str, ...], n_matched: int, n_rows: int) -> Iterator[Finding]:
    if not n_matched:
        raise DataError(
            f"no row of the source finds its row in the table '{name}' by {', '.join(key)}; see that both spell the key alike"
        )
    share = 1 - n_matched / n_rows
    if share:
        yield Finding(
            "unmatched",
            "warning" if share > UNMATCHED else "note",
            name,
            f"{counted(n_rows - n_matched, f'of {n_rows:,} rows finds', f'of {n_rows:,} rows find')} no row in the "
            f"table '{name}'; its columns are missing there",
            "see that the table is complete and that both spell the key alike",
            (Fact("share", share, "share of rows"),),
        )


def _double_keys(loaded: Loaded, key: tuple[str, ...]) -> Iterator[Finding]:
    if not key:
        return
    n_double = int(key_texts(loaded.frame, key, loaded.parts).drop_nulls().is_duplicated().sum())
    if n_double:
        yield Finding(
            "double_keys",
            "warning",
            ", ".join(key),
            f"{counted(n_double, 'new row shares its', 'new rows share their')} key with another",
            "see whether rows came in twice; the ledger keeps one label a key",
            (Fact("rows", float(n_double), "rows"),),
        )


def _labelled(loaded: Loaded, brief: Brief, folder: Path) -> tuple[Loaded, list[Finding]]:
    """Put labels that came apart beside their rows."""
    key, target = brief.data.key, brief.target.column
    come = labels_of(brief, folder)
    if come is None:
        return loaded, [_none_yet(brief.track.labels)]
    labels = come.frame
    held = pl.DataFrame([key_texts(labels, key, ()).alias(_KEY), labels[target]]).drop_nulls(_KEY)
    known = held.unique(maintain_order=True)
    torn = known.filter(pl.col(_KEY).is_duplicated())[_KEY].unique()
    single = known.filter(~pl.col(_KEY).is_in(torn.implode()))
    rows = loaded.frame.drop(target, strict=False).with_columns(key_texts(loaded.frame, key, loaded.parts).alias(_KEY))
    strangers = single.height - int(single[_KEY].is_in(rows[_KEY].drop_nulls().implode()).sum())
    frame = rows.join(single, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    findings = list(_label_findings(target, len(torn), strangers))
    return replace(loaded, frame=frame), findings


def _none_yet(named: str) -> Finding:
    return Finding(
        "labels_absent",
        "note",
        "labels",
        f"no label has come in where [track] labels says: '{named}'",
        "nothing to do until the first are due; then see that the name in the brief is that of the files",
    )


def _label_findings(target: str, n_torn: int, n_strangers: int) -> Iterator[Finding]:
    if n_torn:
        yield Finding(
            "double_labels",
            "warning",
            target,
            f"{counted(n_torn, 'key has', 'keys have')} two labels that differ; "
            f"{'it counts' if n_torn == 1 else 'they count'} as not labelled",
            "keep one label a key",
            (Fact("keys", float(n_torn), "keys"),),
        )
    if n_strangers:
        yield Finding(
            "labels_without_rows",
            "note",
            target,
            f"{counted(n_strangers, 'label belongs', 'labels belong')} to no row that came in",
            "see that labels and rows spell their keys alike, and that all rows came in",
            (Fact("labels", float(n_strangers), "labels"),),
        )
