"""What folds dealt anew bring on small sets: iterations and weights of the blend chosen over one repeat of the folds or more.

`python bench/study/repeats.py DATA PLACE [--sets …] [--splits 5]` trains the candidates of `bags.py` on every fold of each
repeat. What ships are refits on all rows with two seeds in every arm; arms differ in how many iterations these learn, the
mean of the repeats' joint iterations, and in the blend's weights, which the product's own choice finds over the rows of all
repeats. It prints the mean over sets of the logarithm of the test error against one repeat's, with its standard error over
sets. What was found is kept under PLACE.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from bags import WORKERS, OutOfFold, chosen, out_of_fold, refitted, study
from peers import split

from artificer.core.tasks import run_all
from artificer.line.choose import folds
from artificer.line.refine.blend import Measured
from artificer.line.refine.refit import BY_CHANCE

ARMS = (1, 2, 4)  # repeats


def main() -> None:
    """Print the table."""
    study(__doc__, of_split, "1 repeat")


def of_split(cut: split.Cut, place: Path) -> dict[str, float]:
    """Test error of each arm."""
    repeats = [_repeat(cut, place, number) for number in range(max(ARMS))]
    final = refitted(repeats[0], cut)
    weights = {arm: _weights(repeats[:arm]) for arm in ARMS}
    iterations = {arm: _iterations(repeats[:arm]) for arm in ARMS}
    learner = {one.name: one.learner for one in repeats[0].encoding.candidates}
    wanted = {
        (name, iterations[arm][name], seed)
        for arm in ARMS
        for name in set(weights[arm]) | set(weights[1])
        for seed in range(2 if learner[name] in BY_CHANCE else 1)
    }
    tests = dict(run_all(lambda one: final.predicted(one[0], one[2], one[1]), sorted(wanted), WORKERS))

    def error(by: int, arm: int) -> float:
        of_member = {
            name: np.mean([tests[one] for one in wanted if one[:2] == (name, iterations[arm][name])], axis=0)
            for name in weights[by]
        }
        return final.error(of_member, weights[by])

    errors = {f"{arm} repeat{'s' * (arm > 1)}": error(arm, arm) for arm in ARMS}
    return errors | {f"iterations of {arm}": error(1, arm) for arm in ARMS[1:]}


def _repeat(cut: split.Cut, place: Path, number: int) -> OutOfFold:
    """What folds dealt with another seed give."""
    first = folds._DRAW
    folds._DRAW = first + number
    try:
        return out_of_fold(cut, place / str(number))
    finally:
        folds._DRAW = first


def _weights(repeats: list[OutOfFold]) -> dict[str, float]:
    """The blend over the rows of all repeats."""
    each = [one.measured for one in repeats]
    rows = np.concatenate([one.rows for one in each])
    alike = rows if len(each) > 1 else None  # one row's predictions stay together
    stacked = Measured(rows, np.concatenate([one.y for one in each]), each[0].metric, each[0].task, group=alike)
    usable = {name: np.concatenate([one.usable[name] for one in repeats]) for name in repeats[0].usable}
    return chosen(stacked, usable, repeats[0].plan.max_members)


def _iterations(repeats: list[OutOfFold]) -> dict[str, int]:
    """The mean of the joint iterations, by candidate."""
    return {
        name: round(float(np.mean([one.joints[name].n_iterations for one in repeats]))) for name in repeats[0].joints
    }


if __name__ == "__main__":
    main()
