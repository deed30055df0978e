"""Why a prediction is what it is: what each column adds, as bars, in units that a person reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from artificer.core.figures import figure
from artificer.core.report import svg
from artificer.line.ship.server.served import Model

MOST = 8
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Why:
    """A prediction explained.

    Attributes
    ----------
    rows : tuple of (column, its value, what it adds in words, bar)
        The strongest first; the last may stand for all others.
    base : str
        What the prediction is before the row's columns are looked at.
    unit : str
        What a bar shows.
    """

    rows: tuple[tuple[str, str, str, Markup], ...]
    base: str
    unit: str


def why(model: Model, row: dict[str, Any]) -> Why:
    """Explain one row's prediction.

    Contributions add up to the prediction on the scale on which the model adds: log-odds of two classes, log-probabilities
    of more, the number or its logarithm. In words a logarithm's part is a factor.

    Raises
    ------
    RowsError
        When the package was made before members kept what this needs.
    """
    told = model.scorer.predictor.explain([row])
    place, sign = _place(model, row)
    added = sign * np.asarray(told.contributions[0, :, place], np.float64)
    base = sign * float(told.base[place])
    order = np.argsort(-np.abs(added), kind="stable")
    shown = [int(one) for one in order[:MOST] if abs(added[one]) > SMALLEST]
    rest = [int(one) for one in order if int(one) not in shown]
    most = float(np.abs(added).max(initial=0.0)) or 1.0
    rows = [_row(told.columns[one], _text(row.get(told.columns[one])), added[one], most, told.scale) for one in shown]
    others = float(added[rest].sum()) if rest else 0.0
    if rest and abs(others) > SMALLEST:
        rows.append(_row(f"{len(rest)} other columns", "", others, max(most, abs(others)), told.scale))
    return Why(tuple(rows), _base(base, told.scale), _unit(told.scale, model))


def _place(model: Model, row: dict[str, Any]) -> tuple[int, float]:
    """Which output is explained, and its sign: two classes have one output, of the last class."""
    classes = model.scorer.predictor.contents.classes
    if len(classes) == 2:
        return 0, -1.0 if model.scorer.positive == 0 else 1.0
    if not classes:
        return 0, 1.0
    probabilities = model.scorer.predictor.predict_proba([row])
    return int(np.argmax(probabilities[0])), 1.0


def _row(name: str, value: str, added: float, most: float, scale: str) -> tuple[str, str, str, Markup]:
    return name, value, _said(float(added), scale), Markup(svg.push(float(added), most))


def _said(added: float, scale: str) -> str:
    if scale == "value":
        return f"+{figure(added)}" if added > 0 else figure(added)
    return f"× {figure(math.exp(min(added, 700.0)))}"


def _base(base: float, scale: str) -> str:
    if scale == "log-odds":
        return f"{100 / (1 + math.exp(-min(max(base, -700.0), 700.0))):.1f}%"
    if scale == "log-probabilities":
        return f"{100 * math.exp(min(base, 0.0)):.1f}%"
    return figure(math.expm1(min(base, 700.0)) if scale == "log1p" else base)


def _unit(scale: str, model: Model) -> str:
    if scale == "log-odds":
        return "factor on the odds"
    if scale == "log-probabilities":
        return "factor on the probability"
    target = model.card.get("target", "the value")
    return f"factor on {target} + 1" if scale == "log1p" else f"part of {target}"


def _text(value: Any) -> str:
    if value is None:
        return "missing"
    return figure(value) if isinstance(value, float) else str(value).removesuffix("T00:00:00")[:60]
