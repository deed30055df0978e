"""Tests of few rows by permutation: how often chance alone would make two columns go together as much.

Known distributions hold for many rows. Of four in perfect order Student's t says p = 0, where 2 of their 24 orders are as
good; of rare levels that meet once chi-square is far too sure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import permutations

import numpy as np
import scipy

MOST_ROWS = 50  # of more rows the known distributions hold, see tests/measure/test_permutations.py
ALL_ORDERS = 7  # rows whose 5,040 orders are all tried
N_ORDERS = 4_999
# Draws that go together as much, below which the known distribution tells how fast chances fall.
FEWEST_HITS = 10


def permuted(a: np.ndarray, b: np.ndarray, tail: Callable[[float], float] | None = None) -> float:
    """Chance that rows of `b` in any other order go together with those of `a` as much as they do.

    All orders of seven rows are tried, else 4,999 (Phipson and Smyth 2010, Statistical Applications in Genetics 9), the same
    for all columns. Where fewer than ten of them go together as much, chances fall as `tail` says from the tenth on.

    Parameters
    ----------
    a, b : array of float64, (n_rows, n_a) and (n_rows, n_b)
        Their statistic is the sum of squares of a'b: a squared correlation, or what a table of counts has.
    tail : callable, optional
        From a statistic to its chance, by a known distribution.
    """
    a, b = (a, b) if b.shape[1] <= a.shape[1] else (b, a)  # the columns of `b` are walked one by one
    orders = _orders(len(a))
    told = float(np.square(a.T @ b).sum())
    drawn = sum(np.square(column[orders] @ a).sum(axis=1) for column in b.T)
    hits = int((drawn >= told * (1 - 1e-9)).sum())
    if len(a) <= ALL_ORDERS:
        return hits / len(orders)
    if hits >= FEWEST_HITS or tail is None:
        return (hits + 1) / (len(orders) + 1)
    tenth = float(np.partition(drawn, -FEWEST_HITS)[-FEWEST_HITS])
    fallen = tail(told) / max(tail(tenth), 1e-300)
    return max(FEWEST_HITS * min(fallen, 1.0) / len(orders), 2.0 * chance_of(a, b))


def chance_of(a: np.ndarray, b: np.ndarray, worth: float = 1.0) -> float:
    """Share of all orders that leave each row of `a` with the same of `b`: no test of them can tell less.

    Parameters
    ----------
    a, b : array, (n_rows,) or (n_rows, n_columns)
    worth : float
        How many independent rows a row is worth.
    """
    left, right = (np.unique(one, axis=0, return_inverse=True)[1].reshape(-1) for one in (a, b))
    both = np.bincount(left * (int(right.max()) + 1) + right)
    logs = [scipy.special.gammaln(worth * counts + 1).sum() for counts in (np.bincount(left), np.bincount(right), both)]
    return float(np.exp(min(logs[0] + logs[1] - logs[2] - scipy.special.gammaln(worth * len(a) + 1), 0.0)))


@lru_cache(maxsize=8)
def _orders(n_rows: int) -> np.ndarray:
    if n_rows <= ALL_ORDERS:
        return np.array(list(permutations(range(n_rows))))
    rng = np.random.default_rng(0)
    return rng.permuted(np.tile(np.arange(n_rows), (N_ORDERS, 1)), axis=1)
