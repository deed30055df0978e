"""A model that somebody else wrote may raise anything: it is told as the model's, and not as a fault of Artificer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import polars as pl

from artificer.core.errors import ArtificerError, DataError
from artificer_runtime.errors import RuntimeInputError

LONGEST = 300
Answer = TypeVar("Answer")


class ModelRaisedError(DataError):
    """The model itself raised an error."""


def asked(call: Callable[[], Answer], what: str, frame: pl.DataFrame) -> Answer:
    """Call a model of unknown make.

    Parameters
    ----------
    what : str
        "predict" or "train".
    frame : DataFrame
        Its rows, to say what may be wrong with them.

    Raises
    ------
    ModelRaisedError
        When it raises; the cause is kept.
    """
    try:
        return call()
    except (ArtificerError, RuntimeInputError):
        raise
    except Exception as error:  # whatever it raises is the model's
        says = f"{type(error).__name__}: {_harmless(error, frame)}" if str(error) else type(error).__name__
        raise ModelRaisedError(
            f"the model raised an error when it was asked to {what} {frame.height:,} rows ({says}); {_mend(frame)}"
        ) from error


def fit_weights(model: Any, weight: np.ndarray | None) -> dict[str, np.ndarray]:
    """Row weights under the name by which an estimator's `fit` takes them; empty without weights, and where it takes none.

    Parameters
    ----------
    model : estimator, or pipeline of scikit-learn
        Of a pipeline, the last step takes them.
    weight : array of float64, (n_rows,), or None
    """
    from sklearn.utils.validation import has_fit_parameter

    name = "sample_weight"
    while hasattr(model, "steps"):
        step, model = model.steps[-1]
        name = name.replace("sample_weight", f"{step}__sample_weight")
    if weight is None or not hasattr(model, "fit") or not has_fit_parameter(model, "sample_weight"):
        return {}
    return {name: weight}


def _harmless(error: Exception, frame: pl.DataFrame) -> str:
    """The first line of an error, without what it quotes: that may be a value of the rows. Names of columns stay."""
    line = str(error).splitlines()[0][:LONGEST]
    return re.sub(r"'([^']*)'", lambda found: found[0] if found[1] in frame.columns else "'…'", line)


def _mend(frame: pl.DataFrame) -> str:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    if texts:
        names = ", ".join(f"'{name}'" for name in texts[:3]) + (" and others" if len(texts) > 3 else "")
        held = "holds texts" if len(texts) == 1 else "hold texts"
        return f"give it the columns that trained it, in their order and kinds: {names} {held} here"
    return "give it the columns that trained it, in their order and kinds"
