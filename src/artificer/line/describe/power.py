"""Power: the smallest difference that the sealed rows can show."""

from __future__ import annotations

import math

import numpy as np

from artificer.core.records import Fact
from artificer.core.stages import Asked

# 1.96 standard errors to be significant at 5%, 0.84 more to be so in four of five repetitions.
STANDARD_ERRORS = 2.80
TYPICAL_AUC = 0.75


def power(asked: Asked, y: np.ndarray) -> tuple[Fact, ...]:
    """Say which distance from a bound the test rows show in four cases of five.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Training labels; the sealed rows, which stay shut, are taken to have the same shares.

    Returns
    -------
    tuple of Fact
        In AUC for two classes (standard error by Hanley & McNeil 1982, at an AUC of 0.75), in accuracy at worst for
        more, and as a share of the root mean squared error in regression (normal errors).
    """
    n_rows = asked.sealed.rows.n_rows if asked.sealed else len(y)
    where = "sealed rows" if asked.sealed else "rows, out of fold"
    if asked.task == "binary":
        share = float(np.mean(y == max(asked.positive, 0)))
        error, what = hanley_mcneil(TYPICAL_AUC, share * n_rows, (1 - share) * n_rows), "AUC"
    elif asked.task == "multiclass":
        error, what = 0.5 / math.sqrt(n_rows), "accuracy"
    else:
        error, what = 1 / math.sqrt(2 * n_rows), "share of the root mean squared error"
    smallest = Fact("smallest_difference", STANDARD_ERRORS * error, f"{what}, shown in 4 of 5 cases")
    return smallest, Fact("n_test", float(n_rows), where)


def hanley_mcneil(auc: float, n_positive: float, n_negative: float) -> float:
    """Return the standard error of an AUC.

    >>> round(hanley_mcneil(0.75, 100, 100), 3)
    0.034
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return math.sqrt(spread / (n_positive * n_negative))
