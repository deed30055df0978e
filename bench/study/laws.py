"""The laws of cost: seconds of a fold for each candidate, as a power of rows, features and classes, from the bank.

`python bench/study/laws.py BANK` fits log seconds = candidate + a·log rows + b·log features + c·log classes, with the slopes
of a learner shared by its candidates and drawn a little to those of a plain guess, prints how far the law errs on sets
that were left out, and writes `src/artificer/line/fit/prices.json`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from artificer.line.design.portfolio import ORDER
from artificer.line.fit.prices import OTHERS
from study.simulate import Known

TABLE = Path(__file__).parents[2] / "src" / "artificer" / "line" / "fit" / "prices.json"
# Slopes of rows and features; and of classes by learner, about as `classes.py` measured them, for no set of the bank has many:
# extra trees took less time with more classes; what the step from two classes to three costs LightGBM was not measured.
GUESS = (0.7, 0.4)
OF_CLASSES = {
    **{"linear": 0.55, "lightgbm": 0.35, "catboost": 0.4, "kernel": 0.15},
    **{"network": 0.0, "extra_trees": 0.0, "discriminant": 0.4},
}
# Rows of the bank that the guess of each slope counts for.
STRENGTH = 4.0


def rows_of(bank: Path) -> list[tuple[str, str, str, np.ndarray, float]]:
    """Set, learner, candidate, logarithms of rows, features and classes, and log seconds, of each candidate of each set."""
    found = []
    for folder in sorted(path.parent for path in bank.glob("*/set.json")):
        known = Known(folder)
        about = known.about
        classes = about["n_classes"] if about["n_classes"] > 2 else 1
        for name, one in known.candidates.items():
            width = sum(about["widths"].get(block, 0) for block in one["blocks"])
            size = np.log([about["n_train"], max(width, 1), classes])
            family = name.rstrip("0123456789_") if name[-1].isdigit() else name
            found.append((folder.name, one["learner"], family, size, math.log(max(np.median(one["fold_s"]), 1e-3))))
    return found


def fitted(rows: list[tuple[str, str, str, np.ndarray, float]]) -> dict[str, list[float]]:
    """The law of each candidate: intercept and three slopes."""
    laws: dict[str, list[float]] = {}
    for learner in sorted({row[1] for row in rows}):
        own = [row for row in rows if row[1] == learner]
        names = sorted({row[2] for row in own})
        X = np.zeros((len(own), len(names) + 3))
        for place, row in enumerate(own):
            X[place, names.index(row[2])] = 1.0
            X[place, len(names) :] = row[3] - MIDDLE
        y = np.array([row[4] for row in own])
        penalty = np.diag([1e-3] * len(names) + [STRENGTH] * 3)
        pull = np.concatenate([np.zeros(len(names)), STRENGTH * np.array([*GUESS, OF_CLASSES[learner]])])
        solved = np.linalg.solve(X.T @ X + penalty, X.T @ y + pull)
        slopes = solved[len(names) :]
        for name, middle in zip(names, solved, strict=False):
            laws[name] = [round(float(middle - slopes @ MIDDLE), 3), *(round(float(one), 3) for one in slopes)]
        laws.setdefault(learner, laws[names[0]])
    return laws


MIDDLE = np.log([5000.0, 30.0, 1.0])


def told(laws: dict[str, list[float]], row: tuple[str, str, str, np.ndarray, float]) -> float:
    """Log seconds by the law."""
    law = laws.get(row[2]) or laws[row[1]]
    return float(law[0] + np.array(law[1:]) @ row[3])


def foretold(rows: list[tuple[str, str, str, np.ndarray, float]], others: float) -> list[float]:
    """Log errors of a learner's next candidate on sets left out, its earlier ones known, beside `others` at the pace of all.

    Each earlier candidate counts as the fits of two folds.
    """
    found: list[float] = []
    for left_out in sorted({row[0] for row in rows}):
        laws = fitted([row for row in rows if row[0] != left_out])
        own = [row for row in rows if row[0] == left_out and row[1] in laws]
        paces: dict[str, list[float]] = {}
        for row in sorted(own, key=lambda one: ORDER.index(one[2]) if one[2] in ORDER else len(ORDER)):
            pace, mine = row[4] - told(laws, row), paces.setdefault(row[1], [])
            if mine:
                everyone = float(np.median([one for several in paces.values() for one in several]))
                found.append(pace - (sum(mine) + others * everyone) / (len(mine) + others))
            mine += [pace, pace]
    return found


def main() -> None:
    """Fit, check on sets left out, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    rows = rows_of(parser.parse_args().bank)
    errors: dict[str, list[float]] = {}
    for left_out in sorted({row[0] for row in rows}):
        laws = fitted([row for row in rows if row[0] != left_out])
        for row in rows:
            if row[0] == left_out and row[1] in laws:
                errors.setdefault(row[1], []).append(row[4] - told(laws, row))
    for others in (0.0, OTHERS, 2.0):
        found = foretold(rows, others)
        spread, worst = np.sqrt(np.mean(np.square(found))), np.exp(max(found))
        print(
            f"own fits beside {others:g} of all: errs by e^{spread:.3f}, at worst {worst:.1f} times what was foretold"
        )
    for learner, found in sorted(errors.items()):
        spread = float(np.exp(np.sqrt(np.mean(np.square(found)))))
        print(f"{learner}: errs by a factor of {spread:.2f} on sets left out ({len(found)} fits)")
    TABLE.write_text(json.dumps({"log_seconds": fitted(rows)}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
