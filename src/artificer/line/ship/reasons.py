"""Reasons of predictions: the columns that moved a row's score most, such as ``balance (1,200) +0.41``.

Explaining costs more than predicting, and needs the rows again: they are read once more, and of those that are wanted only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.errors import BriefError, DataError, closest
from artificer.core.figures import figure
from artificer.data.batches import CHANGED
from artificer.data.keys import key_texts
from artificer.line.ship.admitting import admitted
from artificer.line.ship.predicted import Batches, Predicted
from artificer.line.ship.scorer import Scorer
from artificer_runtime.contributions import Explanations, counted
from artificer_runtime.schema import GROUPS, Column, canonical_text

LONGEST = 40  # characters of a value
UNCOUNTED = "it was made before trees kept how many training rows came to each node"
SMALLEST = 0.005  # of a contribution in logs: less would be shown as 0.00


@dataclass(frozen=True, slots=True)
class Shown:
    """What reasons may say.

    Attributes
    ----------
    count : int
        Reasons of a row, at most.
    never : collection of str
        Columns that none names.
    hides : bool
        The rows are about persons: texts, and levels that training hardly had, are not shown.
    """

    count: int
    never: Collection[str]
    hides: bool


def shown_of(scorer: Scorer) -> Shown:
    """What the brief wants reasons to say.

    Raises
    ------
    BriefError
        When it forbids a column that the data does not have, or the package cannot tell reasons.
    """
    asked, brief = scorer.brief.decision.reasons, scorer.brief
    if asked.count and not counted(scorer.predictor.contents):
        raise BriefError(
            f"[decision] reasons asks for what the package '{scorer.version}' cannot tell: {UNCOUNTED}. "
            "Nothing was predicted; train it again with `artificer run`, or take reasons out of the brief"
        )
    known = [column.name for column in scorer.schema.columns]
    for name in asked.never:
        if name not in known:
            raise BriefError(
                f"[decision.reasons] never names the column '{name}', which the data lacks{closest(name, known)}"
            )
    personal = brief.legal.personal
    return Shown(asked.count, {*asked.never, *personal}, hides=bool(personal))


def reasons_of(scorer: Scorer, batches: Batches, found: Predicted, wanted: np.ndarray) -> pl.Series:
    """Reasons of the wanted rows, joined by "; ": Series of String (n_rows,), "" of the others.

    Parameters
    ----------
    batches : callable
        Gives the rows once more.
    wanted : array of bool, (n_rows,)

    Raises
    ------
    DataError
        When the rows are others by now.
    """
    shown, texts, start = shown_of(scorer), [""], 0
    if wanted.any():
        for batch in batches():
            here = np.flatnonzero(wanted[start : start + batch.frame.height])
            if len(here):
                rows = batch.frame[here]
                _refuse_others(scorer, rows, found.key[start + here])
                texts += explained(scorer, rows, shown)
            start += batch.frame.height
        if start != len(wanted):
            raise DataError(CHANGED)
    place = np.zeros(len(wanted), np.int64)
    place[wanted] = np.arange(1, len(texts))
    return pl.Series("reasons", texts, pl.String)[place]


def explained(scorer: Scorer, rows: pl.DataFrame, shown: Shown) -> Iterator[str]:
    """The reasons of each row."""
    rows = admitted(scorer, rows)
    told = scorer.predictor.explain(rows)
    allowed = [place for place, name in enumerate(told.columns) if name not in shown.never]
    moved = _of_score(scorer, told)[:, allowed]
    names = [told.columns[place] for place in allowed]
    kinds = {column.name: column for column in scorer.predictor.schema.columns} if shown.hides else {}
    in_logs = told.scale.startswith("log")
    best = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, : shown.count]
    values = {name: rows[name] for name in names if name in rows.columns}
    for row in range(rows.height):
        said = []
        for place in best[row].tolist():
            by, name = float(moved[row, place]), names[place]
            if abs(by) < (SMALLEST if in_logs else np.finfo(float).tiny):
                break
            size = f"{abs(by):.2f}" if in_logs else _plain(figure(abs(by)))
            said.append(f"{name} ({_value(values[name][row], kinds.get(name))}) {'+' if by > 0 else '-'}{size}")
        yield "; ".join(said)


def _of_score(scorer: Scorer, told: Explanations) -> np.ndarray:
    """Contributions to the score that is shown: float64 (n_rows, n_columns)."""
    parts: np.ndarray = told.contributions
    if scorer.task == "multiclass":
        best = told.totals.argmax(axis=1)
        return np.asarray(parts[np.arange(len(parts)), :, best])
    of_last = parts[:, :, -1]
    return np.asarray(-of_last if scorer.positive == 0 else of_last)


def _value(value: object, column: Column | None) -> str:
    """A value as a person reads it; of a `column` of personal data only what training had often."""
    if value is None or value != value or value == "":
        return "missing"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _plain(figure(float(value)))
    text = " ".join(canonical_text(value).split())
    if column is not None and (GROUPS[column.kind] == "texts" or (column.levels and text not in column.levels)):
        return "not shown"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _plain(text: str) -> str:
    return text.replace("−", "-")  # a table is read by programs too


def _refuse_others(scorer: Scorer, rows: pl.DataFrame, key: pl.Series) -> None:
    columns = scorer.brief.data.key
    if columns and not (key_texts(rows, columns, ()) == key).all():
        raise DataError(CHANGED)
