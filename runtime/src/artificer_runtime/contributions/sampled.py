"""Contributions of any member, by trying: Shapley values over sampled orders of its groups of features.

In each order the groups of a typical row become those of the row to explain, one after another, and what the raw score
moves by is the share of the one that moved it (Štrumbelj and Kononenko 2014, KAIS 41). Each order is tried backwards too
(Mitchell et al. 2022, JMLR 23). The orders are the same for each row. Shares add up exactly; each by itself has the error
of sampling, about a tenth of a strong interaction's size with eight pairs of orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer_runtime.members import Member

PAIRS = 8  # of orders
CELLS_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True)
class Shares:
    """A member, and which features are the explained row's at each step of each order.

    Attributes
    ----------
    typical : array of float32, (n_features,)
        Means in training; NaN, which such members read as the middle of training, where they are not kept.
    own : array of bool, (n_orders, n_groups + 1, n_features)
    rank : array of int64, (n_orders, n_groups)
        When each group's turn is.
    """

    member: Member
    typical: np.ndarray
    own: np.ndarray
    rank: np.ndarray
    base: np.ndarray

    @classmethod
    def of_member(cls, member: Member, group: np.ndarray, n_groups: int) -> Shares:
        """Groups are numbered from 0."""
        known = getattr(member, "typical", None)
        typical = np.full(len(group), np.nan, np.float32) if known is None else known
        rng = np.random.default_rng(0)
        orders = np.stack([rng.permutation(n_groups) for _ in range(PAIRS)])
        rank = np.argsort(np.concatenate([orders, orders[:, ::-1]]), axis=1)
        own = rank[:, None, group] < np.arange(n_groups + 1)[:, None]
        return cls(member, typical, own, rank, member.raw(typical[None, :])[0])

    def of(self, X: np.ndarray) -> np.ndarray:
        """Float32 (n_rows, n_features) → float64 (n_rows, n_groups, n_out)."""
        at_once = max(1, CELLS_AT_ONCE // max(self.own.size, 1))
        parts = [self._of(X[start : start + at_once]) for start in range(0, max(len(X), 1), at_once)]
        return np.concatenate(parts)

    def _of(self, X: np.ndarray) -> np.ndarray:
        asked = np.where(self.own, X[:, None, None, :], self.typical)
        raw = self.member.raw(asked.reshape(-1, X.shape[1]))
        added = np.diff(raw.reshape(len(X), *self.own.shape[:2], raw.shape[1]), axis=2)
        return np.asarray(np.take_along_axis(added, self.rank[None, :, :, None], axis=2).mean(axis=1))
