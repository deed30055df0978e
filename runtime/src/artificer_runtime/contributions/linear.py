"""Contributions of a linear model: coefficients times what a row's features differ by from their means in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer_runtime.members.linear import Linear

CELLS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Shares:
    """A linear model whose features stand group by group.

    Attributes
    ----------
    order : array of int64, (n_features,)
        Features, group by group.
    starts : array of int64, (n_groups,)
        Where each group begins.
    """

    member: Linear
    typical: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    base: np.ndarray

    @classmethod
    def of_member(cls, member: Linear, group: np.ndarray, n_groups: int) -> Shares:
        """Groups are numbered from 0, and each has a feature. Where means were not kept, what a gap is read as is typical."""
        typical = np.asarray(member.fill if member.typical is None else member.typical, np.float64)
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(n_groups))
        base = np.array([np.add.reduce(typical * one) for one in member.coefficients]) + member.intercept
        return cls(member, typical, order, starts, base)

    def of(self, X: np.ndarray) -> np.ndarray:
        """Float32 (n_rows, n_features) → float64 (n_rows, n_groups, n_out)."""
        at_once = max(1, CELLS_AT_ONCE // max(X.shape[1], 1))
        shares = np.empty((len(X), len(self.starts), len(self.base)))
        for start in range(0, len(X) if len(self.starts) else 0, at_once):
            part = X[start : start + at_once]
            apart = np.where(np.isnan(part), self.member.fill, part) - self.typical
            for out, coefficients in enumerate(self.member.coefficients):
                added = np.ascontiguousarray((apart * coefficients)[:, self.order])
                shares[start : start + at_once, :, out] = np.add.reduceat(added, self.starts, axis=1)
        return shares
