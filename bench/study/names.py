"""What it is worth to read names of several words by their words, where levels are more than are kept.

`python bench/study/names.py` makes 8,000 sales of cars, whose name holds a make, a model and a trim, and prints the root of the
squared errors of the logarithmic price on 2,000 of them: with the name as a category, and as a text. No set that studies
may open has such a column.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from artificer import Regressor
from artificer.data import kinds

ROWS, TRAINED, MODELS, MAKES, BUDGET_S = 8_000, 6_000, 400, 20, 15.0
TRIMS = ("LXI", "VXI", "ZXI", "VDI", "ZDI", "SX", "Base", "Plus")


def main() -> None:
    """Print both errors."""
    X, y = sales(np.random.default_rng(0))
    print(f"{X['name'][:TRAINED].nunique()} names in {TRAINED} rows")
    for kind, least in (("category", np.inf), ("text", kinds.MANY_NAMES)):
        kinds.MANY_NAMES = least
        model = Regressor(budget_s=BUDGET_S).fit(X[:TRAINED], y[:TRAINED])
        error = float(np.sqrt(np.mean((model.predict(X[TRAINED:]) - y[TRAINED:]) ** 2)))
        print(f"name as a {kind}: {error:.3f}", flush=True)


def sales(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Sales, some models sold far more often than others, and the logarithms of their prices; 0.15 of the spread is chance."""
    often = 1 / np.arange(1, MODELS + 1) ** 0.8
    make_of, model = rng.integers(0, MAKES, MODELS), rng.choice(MODELS, ROWS, p=often / often.sum())
    trim, year, km = rng.integers(0, len(TRIMS), ROWS), rng.integers(2000, 2020, ROWS), rng.gamma(3, 20_000, ROWS)
    worth = rng.normal(0, 0.4, MAKES)[make_of] + rng.normal(0, 0.25, MODELS)
    y = 11 + worth[model] + np.linspace(-0.3, 0.3, len(TRIMS))[trim] + 0.08 * (year - 2010) - km / 4e5
    names = [f"Make{make_of[one]} Model{one} {TRIMS[which]}" for one, which in zip(model, trim, strict=True)]
    return pd.DataFrame({"name": names, "year": year, "km": km}), y + rng.normal(0, 0.15, ROWS)


if __name__ == "__main__":
    main()
