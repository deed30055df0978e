"""How many drawn trees, and how deep, of several classes: many small ones, or such as part every row?

`python bench/study/drawn_trees.py DATA [--sets …] [--splits 2]` trains the product's extra trees with each of `WAYS` on codes
and numbers of the training rows, and prints the log loss on the test rows, megabytes as they are written and, as the mean over
sets, the loss's logarithm against the first way, with its standard error over sets.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from peers import split
from sklearn.metrics import log_loss

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners.extra_trees import ExtraTrees

SETS = ("wine_quality", "letter_recognition", "cnae9", "weight_lifting")
COMMON = {"max_features": 0.5, "min_samples_leaf": 1}
WAYS: dict[str, dict[str, float]] = {
    "200 trees of 350 leaves, of 5 rows or more": COMMON | {"trees": 200, "min_samples_leaf": 5, "most_leaves": 350},
    "200 trees, leaves of 2 rows or more": COMMON | {"trees": 200, "min_samples_leaf": 2},
    "50 trees": COMMON | {"trees": 50},
    "100 trees": COMMON | {"trees": 100},
    "200 trees": COMMON | {"trees": 200},
    "200 trees, all features at each question": COMMON | {"trees": 200, "max_features": 1.0},
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--splits", type=int, default=2)
    asked = parser.parse_args()
    about = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    logs = []
    for name in asked.sets:
        if about[name].get("report_only"):
            raise SystemExit(f"{name} is for final tables only; leave it out")
        told = np.array([losses(split.load(asked.data, about[name], seed)) for seed in range(asked.splits)])
        found, megabytes = told[..., 0], told[..., 1].mean(axis=0)
        print(
            name,
            *(f"{one:.4f} ({mb:.1f} MB)" for one, mb in zip(found.mean(axis=0), megabytes, strict=True)),
            flush=True,
        )
        logs.append(np.log(found / found[:, :1]).mean(axis=0))
    mean, error = np.mean(logs, axis=0), np.std(logs, axis=0, ddof=1) / len(logs) ** 0.5
    for way, value, spread in zip(WAYS, mean, error, strict=True):
        print(f"{way}: {value:+.3f} ± {spread:.3f}")


def losses(cut: split.Cut) -> list[tuple[float, float]]:
    """Log loss on the test rows, and megabytes, by way."""
    together, n = pd.concat([cut.train, cut.test]), len(cut.train)
    X = np.stack([_codes(together[name]) for name in together], axis=1).astype(np.float32)
    classes = sorted(cut.y.unique())
    y = cut.y.map({name: float(place) for place, name in enumerate(classes)}).to_numpy()
    fold = Fold(X[:n], y, "multiclass", len(classes), tuple(map(str, together)))
    members = [ExtraTrees().fit(fold, settings, Clock()).member for settings in WAYS.values()]
    return [
        (
            float(log_loss(cut.y_test, one.predict(X[n:]), labels=classes)),
            sum(a.nbytes for a in one.arrays().values()) / 1e6,
        )
        for one in members
    ]


def _codes(column: pd.Series) -> np.ndarray:
    return column.to_numpy(float) if column.dtype.kind in "iuf" else pd.factorize(column.astype(str))[0].astype(float)


if __name__ == "__main__":
    main()
