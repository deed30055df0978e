"""The form of the page that predicts: one field a column, its usual value, and what was written in it → a row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from artificer.core.figures import figure
from artificer.line.ship.server.pages.material import Material
from artificer.line.ship.server.served import Model
from artificer_runtime.schema import Column
from artificer_runtime.values import lacks_zone, number_of, seconds_of

FIRST = 6  # of the strongest drivers
SELECT_LEVELS, DATALIST_LEVELS = 40, 1000
STEPS = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One column in the form.

    Attributes
    ----------
    form : str
        "select", "list" (levels to choose from, others may be written), "text", "date", "moment" or "number".
    low, high, step : str
        Of a slider, as HTML wants them; "" where there is none.
    hint : str
        What training held.
    """

    name: str
    meaning: str
    form: str
    value: str
    levels: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    step: str = ""
    hint: str = ""


def groups(model: Model, told: Material, written: Mapping[str, str]) -> list[tuple[str, list[Field]]]:
    """Fields in groups with titles: what drives the prediction most, then all else."""
    meaning = model.scorer.brief.data.columns
    fields = {one.name: _field(one, meaning.get(one.name, ""), _value(one, model, written)) for one in model.asked}
    strong = [one.column for one in told.verdict.drivers if one.column in fields] if told.verdict else []
    if len(fields) <= FIRST + 2 or len(strong) < FIRST:
        return [("The row", list(fields.values()))]
    first = strong[:FIRST]
    rest = [field for name, field in fields.items() if name not in first]
    return [("What drives it most", [fields[name] for name in first]), ("All else", rest)]


def row_of(model: Model, written: Mapping[str, str]) -> dict[str, Any]:
    """What was written, as a row: an empty field is missing."""
    return {column.name: _sent(written.get(column.name, "").strip(), column) for column in model.asked}


def typed(row: dict[str, Any], model: Model) -> dict[str, Any]:
    """A row whose fields have been checked, with numbers as numbers."""
    forms, spellings = {one.name: one.form for one in model.asked if one.kind == "number"}, model.fields.spellings
    numbers = {name: number_of(row[name], spellings, form) for name, form in forms.items() if row[name] is not None}
    return row | {name: None if math.isnan(number) else number for name, number in numbers.items()}


def _sent(text: str, column: Column) -> str | None:
    """A field as a row holds it: a browser's field for moments knows no zone, and its moments are in UTC."""
    return f"{text}+00:00" if text and column.kind == "time" and column.zone and lacks_zone(text) else text or None


def _value(column: Column, model: Model, written: Mapping[str, str]) -> str:
    usual = model.typical.get(column.name)
    text = written.get(column.name, "" if usual is None else str(usual))
    return _moment(text, column) if column.kind == "time" else text


def _moment(text: str, column: Column) -> str:
    """A moment as a browser's field takes it, whatever form the data write it in; any other is left as it is."""
    try:
        moment = datetime.fromtimestamp(seconds_of(text, column.form), UTC)
    except (ValueError, OverflowError, OSError):  # none, missing, or of a year that no field takes
        return text
    return moment.isoformat()[: 10 if _whole_days(column) else 19]


def _field(column: Column, meaning: str, value: str) -> Field:
    if column.kind == "number":
        return _number(column, meaning, value)
    if column.kind == "time":
        hint = ""
        if column.low is not None and column.high is not None:
            hint = " to ".join(_day(one) for one in (column.low, column.high)) + " in training"
        hint += ", in UTC" * bool(hint and column.zone)
        return Field(column.name, meaning, "date" if _whole_days(column) else "moment", value, hint=hint)
    if column.kind == "text":
        return Field(column.name, meaning, "text", value)
    if 0 < len(column.levels) <= SELECT_LEVELS:
        return Field(column.name, meaning, "select", value, column.levels)
    hint = f"{len(column.levels):,} levels in training" if column.levels else ""
    return Field(column.name, meaning, "list", value, column.levels[:DATALIST_LEVELS], hint=hint)


def _number(column: Column, meaning: str, value: str) -> Field:
    low, high = column.low, column.high
    if low is None or high is None or not low < high:
        return Field(column.name, meaning, "number", value)
    whole = "int" in column.dtype.lower()
    step = max(1.0, round((high - low) / STEPS)) if whole else (high - low) / STEPS
    ends = (f"{low:.15g}", f"{high:.15g}", f"{step:.6g}")
    return Field(column.name, meaning, "number", value, (), *ends, f"{figure(low)} to {figure(high)} in training")


def _whole_days(column: Column) -> bool:
    return column.kind == "time" and column.dtype == "Date"


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return figure(seconds)
