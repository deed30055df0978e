"""Rows that travel in a package with the predictions that they must give, so that any reader can check his copy.

The rows are synthetic: made of the schema's ranges and levels, nobody's. They are predicted in each way there is to run a
package here: together, one by one, and without compiled code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artificer_runtime import walk
from artificer_runtime.errors import PackageError
from artificer_runtime.package import read
from artificer_runtime.predictor import Predictor, load
from artificer_runtime.signature import Key

NAME = "verification.json"
# What another machine's exponentials and order of adding up explain; on one machine each way gives the same bits.
TOLERANCE = 1e-6
SAYS = "Rows made from the schema's ranges and levels, which are nobody's, and what the package predicts of them."


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that predicts what it should.

    Attributes
    ----------
    ways : dict of str to float
        Ways to run it, and the largest difference from the predictions in the file, relative above one.
    """

    n_rows: int
    ways: Mapping[str, float]


def verify(path: str | Path, *, require_signed: Key | None = None) -> Verified:
    """Predict a package's verification rows in each way there is here.

    Parameters
    ----------
    require_signed
        As for `load`.

    Raises
    ------
    PackageError
        When it cannot be read, holds no such rows, or predicts anything else.
    """
    contents, manifest, files = read(path, require_signed=require_signed)
    if NAME not in files:
        raise PackageError(
            f"the package '{path}' holds no {NAME}: it was made before packages carried rows to verify with"
        )
    rows, wanted, tolerance = _read(path, files[NAME])
    predictor = Predictor(contents, str(manifest["model_hash"]))
    ways = {}
    for way, found in _predicted(path, predictor, rows, require_signed).items():
        ways[way] = difference(found, wanted)
        if not ways[way] <= tolerance:
            raise PackageError(
                f"the package '{path}' predicts its verification rows wrongly ({way}): the largest difference is "
                f"{ways[way]:.2g}, {tolerance:g} is allowed; do not use it here, and report it with this machine's kind"
            )
    return Verified(len(rows), ways)


def written(predictor: Predictor, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The file: rows of JSON values and their predictions."""
    raw = predictor.raw(predictor.schema.encode(list(rows)))
    document = {
        "says": SAYS,
        "tolerance": TOLERANCE,
        "rows": list(rows),
        "predictions": list(map(_plain, raw.tolist())),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode()


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference of predictions, relative above one; infinite where one is a number and the other is none."""
    if found.shape != wanted.shape:
        return math.inf
    with np.errstate(invalid="ignore"):
        far = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)
    alike = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    return float(np.where(alike, 0.0, np.nan_to_num(far, nan=math.inf)).max(initial=0.0))


def _predicted(
    path: str | Path, predictor: Predictor, rows: list[dict[str, Any]], require_signed: Key | None
) -> dict[str, np.ndarray]:
    schema = predictor.schema
    found = {"rows together": predictor.raw(schema.encode(rows)), "one row at a time": one_by_one(predictor, rows)}
    if walk.KERNEL is not None:
        with walk.by_numpy():
            found["numpy walk"] = load(path, require_signed=require_signed).raw(schema.encode(rows))
    return found


def one_by_one(predictor: Predictor, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Predict each row by itself: float64 (n_rows, n_out)."""
    return np.concatenate([predictor.raw(predictor.schema.encode(row)) for row in rows])


def _read(path: str | Path, data: bytes) -> tuple[list[dict[str, Any]], np.ndarray, float]:
    try:
        document = json.loads(data)
        wanted = np.array([[_number(one) for one in row] for row in document["predictions"]])
        return list(document["rows"]), wanted, float(document["tolerance"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackageError(f"the package '{path}' has a damaged {NAME}; make or copy it again") from error


def _plain(row: list[float]) -> list[float | str]:
    return [one if math.isfinite(one) else str(one) for one in row]


def _number(value: float | str) -> float:
    return float(value)
