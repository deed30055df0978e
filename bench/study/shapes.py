"""What the looks of texts (`text_shape`) are worth: whole fits with that block and without it, on the same split and in turns.

`python bench/study/shapes.py DATA [--sets …] [--seeds 0 1 2] [--limit 60]` prints both test errors of each fit, and the mean
over sets of the logarithm of their ratio, with its standard error; below 0, the block helps.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from bank import METRICS
from peers import split

from artificer import Classifier, Regressor
from artificer.line import encode
from artificer_runtime.recipe import Block

SETS = ("sms_spam", "app_reviews", "airbnb_nyc", "titanic", "tech_mental_health")
WHOLE = encode.propose


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--limit", type=float, default=60)
    asked = parser.parse_args()
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    ratios: list[float] = []
    for name in asked.sets:
        if known[name].get("report_only"):
            raise SystemExit(f"'{name}' is for the final table only: no study opens it")
        logs = []
        for seed in asked.seeds:
            cut = split.load(asked.data, known[name], seed)
            without, with_it = (error(cut, proposed, asked.limit) for proposed in (plain, WHOLE))
            logs.append(np.log(with_it / without))
            print(f"{name}, seed {seed}: {without:.5g} without, {with_it:.5g} with", flush=True)
        ratios.append(float(np.mean(logs)))
    spread = np.std(ratios, ddof=1) / len(ratios) ** 0.5 if len(ratios) > 1 else np.nan
    each = ", ".join(f"{name} {ratio:+.4f}" for name, ratio in zip(asked.sets, ratios, strict=True))
    print(f"mean {np.mean(ratios):+.4f} ± {spread:.4f}: {each}")


def plain(*given: Any, **more: Any) -> list[Block]:
    """What is proposed, but for the looks of texts."""
    return [block for block in WHOLE(*given, **more) if block.name != "shape"]


def error(cut: split.Cut, proposed: Any, limit_s: float) -> float:
    """Test error of a fit."""
    encode.propose = proposed
    kind = Regressor if cut.task == "regression" else Classifier
    model = kind(budget_s=limit_s, random_state=0, metric=METRICS[cut.task])
    model.fit(cut.train.reset_index(drop=True), cut.y.to_numpy())
    told = model.predict(cut.test) if cut.task == "regression" else model.predict_proba(cut.test)
    return cut.error(np.asarray(told), [str(one) for one in getattr(model, "classes_", ())])


if __name__ == "__main__":
    main()
