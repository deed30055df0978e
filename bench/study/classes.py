"""What classes cost: seconds of a fold for each candidate, with the letters of a set merged into fewer and fewer classes.

`python bench/study/classes.py DATA` draws 6,000 rows of letter_recognition and trains each learner's candidates on 2 to 26
classes, one fit at a time, and prints the slope of log seconds over log classes, which `laws.py` holds as `OF_CLASSES`, since
no set of the bank has many classes. A slope is told with iterations as the portfolio limits them, so that it is near 0
for boosters: more classes mean fewer rounds of more trees.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from peers import split

from artificer import Classifier
from artificer.line.design.portfolio import LEARNERS

SET, N_ROWS, CLASSES = "letter_recognition", 6_000, (2, 3, 6, 13, 26)
MOST_S = 120.0


def main() -> None:
    """Train every learner on every number of classes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    listed = tomllib.loads((data / "manifest.toml").read_text(encoding="utf-8"))["dataset"]
    case = split.load(data, next(one for one in listed if one["name"] == SET), 0)
    rows = np.random.default_rng(0).permutation(len(case.y))[:N_ROWS]
    code = np.unique(np.asarray(case.y)[rows], return_inverse=True)[1]
    X = case.train.iloc[rows]
    for learner in LEARNERS:
        took: dict[str, list[tuple[int, float]]] = {}
        for n in CLASSES[learner == "discriminant" :]:  # which two classes have no use for
            model = Classifier(budget_s=MOST_S, n_jobs=1, metric="log_loss", learners=[learner])
            model.fit(X, np.array([f"class {one % n}" for one in code]))
            for trial in model.trials_:
                if trial.fits and trial.candidate.learner == learner:
                    seconds = float(np.median([fit.seconds for fit in trial.fits]))
                    took.setdefault(trial.candidate.name, []).append((n, seconds))
        for name, points in took.items():
            slope = np.polyfit(*np.log(points).T, 1)[0] if len(points) > 1 else np.nan
            print(name, " ".join(f"{n}: {seconds:.2f} s" for n, seconds in points), f"slope {slope:.2f}", flush=True)


if __name__ == "__main__":
    main()
