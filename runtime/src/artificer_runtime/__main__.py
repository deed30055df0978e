"""Predict the rows of a file: ``python -m artificer_runtime PACKAGE ROWS.csv`` prints one JSON document a row.

``python -m artificer_runtime --verify PACKAGE`` predicts the rows that travel in it and says whether they are as they should.
With ``--explain`` each says what every column adds to the prediction as well.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from artificer_runtime import Explanations, RowsError, RuntimeInputError, load
from artificer_runtime.predictor import ends_told

EXPLAIN, VERIFY = "--explain", "--verify"
USAGE = f"usage: python -m artificer_runtime [{EXPLAIN}] PACKAGE ROWS.csv|ROWS.jsonl, or {VERIFY} PACKAGE"


def main(arguments: Sequence[str]) -> int:
    """Print predictions; 0 when done, 2 on bad input."""
    named = [one for one in arguments if one not in (EXPLAIN, VERIFY)]
    verifies = VERIFY in arguments
    if len(named) != (1 if verifies else 2):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        paths = map(Path, named)
        for line in _verified(*paths) if verifies else _predictions(*paths, explain=EXPLAIN in arguments):
            print(line)
    except (RuntimeInputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _verified(package: Path) -> Iterator[str]:
    from artificer_runtime.verification import verify

    found = verify(package)
    yield json.dumps({"n_rows": found.n_rows, "largest_difference": dict(found.ways)})


def _predictions(package: Path, path: Path, *, explain: bool) -> Iterator[str]:
    predictor, rows = load(package), _rows(path)
    full = predictor.predict_full(rows)
    told = predictor.explain(rows) if explain else None
    for row, value in enumerate(full.values.tolist()):
        found: dict[str, Any] = {"prediction": value}
        if full.probabilities is not None:
            found["probabilities"] = dict(
                zip(predictor.contents.classes, full.probabilities[row].tolist(), strict=True)
            )
        if full.intervals is not None:
            found["interval"] = ends_told(full.intervals[row].tolist())
        found["odd"] = [name for name, flag in full.flags.items() if flag[row]]
        if told is not None:
            found["explanation"] = _explanation(told, row, predictor.contents.classes)
        yield json.dumps(found, ensure_ascii=False)


def _explanation(told: Explanations, row: int, classes: Sequence[str]) -> dict[str, Any]:
    """One row's contributions, the largest first; of more than two classes, those of each."""
    outputs = classes if len(classes) > 2 else classes[-1:] or ("",)
    parts: dict[str, Any] = {"scale": told.scale}
    for place, name in enumerate(outputs):
        added = dict(zip(told.columns, told.contributions[row, :, place].tolist(), strict=True))
        ordered = dict(sorted(added.items(), key=lambda one: -abs(one[1])))
        part = {"base": float(told.base[place]), "contributions": ordered, "total": float(told.totals[row, place])}
        parts |= {name: part} if name else part
    return parts


def _rows(path: Path) -> list[dict[str, Any]]:
    ending = path.suffix.lower()
    if ending not in (".csv", ".jsonl"):
        raise RowsError(f"'{path}' is neither .csv nor .jsonl; write the rows as one of these")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _separated(file) if ending == ".csv" else [json.loads(line) for line in file if line.strip()]
    except (ValueError, csv.Error) as error:  # the text of a parser's error may hold a person's values
        raise RowsError(
            f"'{path}' cannot be read ({type(error).__name__}); write it as UTF-8, one row a line"
        ) from error


def _separated(file: Any) -> list[dict[str, Any]]:
    reader = csv.reader(file)
    names = next(reader, [])
    rows = []
    for cells in reader:
        if cells and len(cells) != len(names):
            raise RowsError(
                f"line {reader.line_num} of the rows has {len(cells)} cells, the first line {len(names)}; quote cells "
                "that hold commas"
            )
        if cells:
            rows.append(dict(zip(names, cells, strict=True)))
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
