"""How far weights should be drawn to the mean of the blend's members: test errors, and rows that did not choose weights.

`python bench/study/blending.py BANK` prints, for each part drawn, the mean over the bank's sets of the logarithm of the error
against the least part's, with its standard error: of the test rows, and of thirds of the out-of-fold rows, weights chosen
on the other two.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from simulate import Known

from artificer.line.ask.rows import oriented
from artificer.line.refine import blend
from artificer.line.refine.blend import Measured, Predictions, greedy, mixed
from artificer.measure.metrics import score

PARTS = (0.2, 0.35, 0.5, 0.6, 0.8, 1.0)
REPEATS, MEMBERS = 4, 6


def main() -> None:
    """Print the table."""
    found = [errors(Known(path.parent)) for path in sorted(Path(sys.argv[1]).glob("*/set.json"))]
    for part, *means in zip(PARTS, *(ratios(list(logs)) for logs in zip(*found, strict=True)), strict=True):
        told = [f"{mean:+.4f} ± {error:.4f}" for mean, error in means]
        print(f"{part:4.0%} to the mean: test {told[0]}, rows that did not choose {told[1]}, {len(found)} sets")


def errors(known: Known) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the errors at each of `PARTS`: of test rows, and the mean over thirds that chose nothing."""
    about, names = known.about, plain(known)
    y = known.rows["y"][known.rows["rows"]]
    told: Predictions = {name: known.arrays[name]["oof"] for name in names}
    test = {name: known.arrays[name]["test"].mean(axis=0) for name in names}
    whole = np.arange(len(y))
    of_test = [np.log(known.error(mixed(test, weights))) for weights in chosen(known, told, whole)]
    rng, held = np.random.default_rng(0), []
    for _ in range(REPEATS):
        for third in np.array_split(rng.permutation(len(y)), 3):
            others = np.setdiff1d(whole, third)
            kept = {name: values[third] for name, values in told.items()}
            held.append([np.log(error_of(about, y[third], mixed(kept, one))) for one in chosen(known, told, others)])
    return np.array(of_test), np.mean(held, axis=0)


def plain(known: Known) -> list[str]:
    """Candidates that are no variants; of those that predict the same, one."""
    names: list[str] = []
    for name in known.candidates:
        oof = known.arrays[name]["oof"]
        if not name.rpartition("_")[2].isdigit() and not any(
            np.allclose(oof, known.arrays[one]["oof"]) for one in names
        ):
            names.append(name)
    return names


def chosen(known: Known, told: Predictions, rows: np.ndarray) -> list[dict[str, float]]:
    """Weights chosen on these rows, at each of `PARTS`."""
    y, positive = known.rows["y"][known.rows["rows"]], known.about["positive"]
    usable = {name: oriented(y, values, positive)[1][rows] for name, values in told.items()}
    target = oriented(y, next(iter(told.values())), positive)[0][rows]
    measured = Measured(known.rows["rows"][rows], target, known.about["metric"], known.about["task"])
    found = []
    for part in PARTS:
        blend.TO_UNIFORM = part
        found.append(greedy(measured, usable, MEMBERS))
    return found


def error_of(about: dict[str, str], y: np.ndarray, prediction: np.ndarray) -> float:
    """1 − ROC AUC, log loss, or RMSE."""
    found = score(about["metric"], y, prediction)
    return 1 - found if about["metric"] == "roc_auc" else found


def ratios(logs: list[np.ndarray]) -> list[tuple[float, float]]:
    """Mean over sets, and its standard error, of each part's logarithms less the first part's."""
    gaps = np.array(logs) - np.array(logs)[:, :1]
    return [
        (float(mean), float(error))
        for mean, error in zip(gaps.mean(0), gaps.std(0, ddof=1) / len(gaps) ** 0.5, strict=True)
    ]


if __name__ == "__main__":
    main()
