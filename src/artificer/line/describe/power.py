"""Power: the smallest difference that the rows can show, and how many rows would show a stated one."""

from __future__ import annotations

import math

import numpy as np

from artificer.core.brief import Task
from artificer.core.records import Fact
from artificer.core.stages import Asked

# 1.96 standard errors to be significant at 5%, 0.84 more to be so in four of five repetitions.
STANDARD_ERRORS = 2.80
TYPICAL_AUC = 0.75
# From such an area to 1; of accuracy, from nothing to all; of an error, all of it.
LARGEST: dict[Task, float] = {"binary": 1 - TYPICAL_AUC, "multiclass": 1.0, "regression": 1.0}
# Differences that are often asked about.
STATED: dict[Task, tuple[float, str]] = {
    "binary": (0.02, "a difference of 0.02 in AUC"),
    "multiclass": (0.02, "a difference of 0.02 in accuracy"),
    "regression": (0.05, "a difference of 5% in the root mean squared error"),
}


def power(asked: Asked, y: np.ndarray, *, in_groups: bool = False) -> tuple[Fact, ...]:
    """Say which distance from a bound the test rows show in four cases of five.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Training labels; the sealed rows, which stay shut, are taken to have the same shares.
    in_groups : bool
        Whether several rows are of one thing: how alike a model's errors are within one is not known yet, and it is said.

    Returns
    -------
    tuple of Fact
        In AUC for two classes (standard error by Hanley & McNeil 1982, at an AUC of 0.75), in accuracy at worst for
        more, and as a share of the root mean squared error in regression (normal errors).
    """
    n_rows = asked.sealed.rows.n_rows if asked.sealed else len(y)
    where = "sealed rows" if asked.sealed else "rows, out of fold"
    error, what = _error(asked, y, n_rows)
    stated, in_words = STATED[asked.task]
    to_show = math.ceil(n_rows * (STANDARD_ERRORS * error / stated) ** 2)
    alike = "; more where rows of one group are alike" if in_groups else ""
    smallest = STANDARD_ERRORS * error
    none = "; so few rows show none that there can be" if smallest >= LARGEST[asked.task] else ""
    return (
        Fact("smallest_difference", smallest, f"{what}, shown in 4 of 5 cases{alike}{none}"),
        Fact("n_test", float(n_rows), where),
        Fact("n_to_show", float(to_show), f"test rows would show {in_words} in 4 of 5 cases{alike}"),
        Fact(
            "smallest_correlation",
            smallest_correlation(len(y)),
            f"of a column with the target, shown in 4 of 5 cases{alike}",
        ),
    )


def smallest_correlation(n_rows: int) -> float:
    """Correlation that so many rows tell from none in four cases of five, by Fisher's z.

    >>> round(smallest_correlation(787), 2)
    0.1
    """
    return math.tanh(STANDARD_ERRORS / math.sqrt(max(n_rows - 3, 1)))


def _error(asked: Asked, y: np.ndarray, n_rows: int) -> tuple[float, str]:
    """Standard error of a score on `n_rows` test rows, and its unit; it falls with the root of their number."""
    if asked.task == "binary":
        share = float(np.mean(y == max(asked.positive, 0)))
        return hanley_mcneil(TYPICAL_AUC, share * n_rows, (1 - share) * n_rows), "AUC"
    if asked.task == "multiclass":
        return 0.5 / math.sqrt(n_rows), "accuracy"
    return 1 / math.sqrt(2 * n_rows), "share of the root mean squared error"


def hanley_mcneil(auc: float, n_positive: float, n_negative: float) -> float:
    """Return the standard error of an AUC.

    >>> round(hanley_mcneil(0.75, 100, 100), 3)
    0.034
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return math.sqrt(spread / (n_positive * n_negative))
