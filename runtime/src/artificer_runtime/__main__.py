"""Predict the rows of a file: ``python -m artificer_runtime PACKAGE ROWS.csv`` prints one JSON document a row.

``python -m artificer_runtime --verify PACKAGE`` predicts the rows that travel in it and says whether they are as they should.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from artificer_runtime import RowsError, RuntimeInputError, load

USAGE = "usage: python -m artificer_runtime PACKAGE ROWS.csv|ROWS.jsonl, or --verify PACKAGE"


def main(arguments: Sequence[str]) -> int:
    """Print predictions; 0 when done, 2 on bad input."""
    if len(arguments) != 2:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        for line in (
            _verified(Path(arguments[1])) if arguments[0] == "--verify" else _predictions(*map(Path, arguments))
        ):
            print(line)
    except (RuntimeInputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _verified(package: Path) -> Iterator[str]:
    from artificer_runtime.verification import verify

    found = verify(package)
    yield json.dumps({"n_rows": found.n_rows, "largest_difference": dict(found.ways)})


def _predictions(package: Path, path: Path) -> Iterator[str]:
    predictor = load(package)
    full = predictor.predict_full(_rows(path))
    for row, value in enumerate(full.values.tolist()):
        found: dict[str, Any] = {"prediction": value}
        if full.probabilities is not None:
            found["probabilities"] = dict(
                zip(predictor.contents.classes, full.probabilities[row].tolist(), strict=True)
            )
        if full.intervals is not None:
            found["interval"] = [end if math.isfinite(end) else None for end in full.intervals[row].tolist()]
        found["odd"] = [name for name, flag in full.flags.items() if flag[row]]
        yield json.dumps(found, ensure_ascii=False)


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix not in (".csv", ".jsonl"):
        raise RowsError(f"'{path}' is neither .csv nor .jsonl; write the rows as one of these")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _separated(file) if path.suffix == ".csv" else [json.loads(line) for line in file if line.strip()]
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
