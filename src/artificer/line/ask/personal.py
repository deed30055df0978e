"""Personal data leaves at the door: nothing after `ask` sees the values of a column that the brief calls personal.

Such a column is dropped; one that is key or group keeps its role with pseudonyms in place of values. Where the brief names
any, the rows are about persons: of every category, values of fewer than ten training rows become one, which no level is.
So neither model nor package, report, contract or log can hold them, whatever a later stage writes down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, DataError
from artificer.core.figures import counted
from artificer.core.records import Decision
from artificer.data.kinds import infer_schema
from artificer.data.table import normal_column
from artificer.line.ask.labels import Labels
from artificer_runtime.schema import Column, Schema, canonical_text

FEWEST_ROWS = 10
RARE = "(rare)"  # what stands in the rows for a value of too few of them


def fewest_rows(brief: Brief) -> int:
    """How many training rows must hold what leaves them: ten where the brief declares personal data, else one."""
    return FEWEST_ROWS if brief.legal.personal else 1


def check_personal(brief: Brief) -> None:
    """Refuse a personal column in a role that would write its values down.

    Raises
    ------
    BriefError
        When it is the target, or a column whose groups or values reports name.
    """
    features, target = brief.features, brief.target
    roles = {
        "target.column": (target.column,),
        "target.known_after": target.known_after,  # audit prices such a column, and so would have to read it
        "data.time": (brief.data.time,),
        "data.weight": (brief.data.weight,),
        "features.protected": features.protected,
        "features.changeable": features.changeable,
        "features.effect": tuple(features.effect),
        **{f"accept.{name}.by": line.by for name, line in brief.accept.items() if isinstance(line.by, tuple)},
    }
    for place, names in roles.items():
        for name in names:
            if name in brief.legal.personal:
                raise BriefError(
                    f"'{name}' is in [legal] personal and in [{place}], which would have its values read and written "
                    "down; remove it from one of them"
                )


def check_classes(brief: Brief, labels: Labels, counts: list[int]) -> None:
    """Refuse a class of fewer than ten training rows where the brief declares personal data: its name leaves in the package.

    Raises
    ------
    DataError
        When there is one; it is counted and not named.
    """
    rare = sum(0 < n < FEWEST_ROWS for n in counts) if brief.legal.personal and labels.classes else 0
    if rare:
        raise DataError(
            f"'{brief.target.column}' has {counted(rare, 'class', 'classes')} of fewer than {FEWEST_ROWS} training "
            "rows, and the brief declares "
            "personal data: their names would leave in the package; join them with others, or leave such rows out"
        )


def set_aside(frame: pl.DataFrame, brief: Brief, secret: str) -> pl.DataFrame:
    """Drop personal columns; keys and groups become pseudonyms, the same for the same value.

    Parameters
    ----------
    secret : str
        What pseudonyms are keyed with: the data's own fingerprint, which only who has the data can make.
    """
    kept = {*brief.data.key, brief.data.group}
    for name in brief.legal.personal:
        if name not in frame.columns:
            continue
        frame = frame.with_columns(_pseudonyms(frame[name], secret)) if name in kept else frame.drop(name)
    return frame


def schema_of(train: pl.DataFrame, brief: Brief) -> Schema:
    """Kinds of the columns of training rows; a pseudonym is an identifier, without levels."""
    schema = infer_schema(train, missing=brief.data.missing, fewest_rows=fewest_rows(brief))
    columns = (
        Column(one.name, "identifier", dtype=one.dtype) if one.name in brief.legal.personal else one
        for one in schema.columns
    )
    return replace(schema, columns=tuple(columns))


def without_rare(frame: pl.DataFrame, schema: Schema, brief: Brief) -> pl.DataFrame:
    """Rows in which a category's value that is no level of the schema stands as "(rare)"."""
    if not brief.legal.personal:
        return frame
    hidden = [
        _hidden(frame[column.name], column, schema)
        for column in schema.columns
        if column.kind == "category" and column.name != brief.target.column
    ]
    return frame.with_columns(hidden)


def within_ranges(frame: pl.DataFrame, schema: Schema, brief: Brief) -> pl.DataFrame:
    """Normalised rows whose numbers and moments end where the schema's ranges do: what is told of them is nobody's alone."""
    if not brief.legal.personal:
        return frame
    ended = [
        pl.col(one.name).clip(one.low, one.high)
        if one.kind == "number"
        else pl.col(one.name).clip(
            *(pl.lit(round(end * 1e6)).cast(frame.schema[one.name]) for end in (one.low, one.high))
        )
        for one in schema.columns
        if one.kind in ("number", "time") and one.low is not None and one.high is not None and one.name in frame.columns
    ]
    return frame.with_columns(ended)


def personal_decisions(brief: Brief) -> Iterator[Decision]:
    """What becomes of each personal column."""
    for name in brief.legal.personal:
        role = "key" if name in brief.data.key else "group" if name == brief.data.group else ""
        yield Decision(
            "ask",
            f"May '{name}' be used to predict?",
            f"no; as {role} it stands under pseudonyms" if role else "no; nothing after this stage sees it",
            "[legal] personal names it: a model that read it would carry its values",
            ("yes, were it not named there",),
        )


def _pseudonyms(values: pl.Series, secret: str) -> pl.Series:
    key = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    known: dict[object, str | None] = {None: None}
    for value in values.unique().to_list():
        if value is not None:
            text = canonical_text(value).encode()
            known[value] = "p" + hashlib.blake2b(text, key=key, digest_size=8).hexdigest()
    return pl.Series(values.name, [known[value] for value in values.to_list()], pl.String)


def _hidden(values: pl.Series, column: Column, schema: Schema) -> pl.Series:
    text = normal_column(values, column, schema.missing)
    rare = text.is_not_null() & ~text.is_in(list(column.levels))
    return text.set(rare.fill_null(False), RARE) if rare.any() else text
