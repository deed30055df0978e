"""What each raw column adds to a prediction: contributions that add up to it, without any row of training.

- *Trees*: path-dependent TreeSHAP (see `contributions.trees`), exact Shapley values of the columns. Of a model of one
  member that reads each column as one feature they are SHAP's own values.
- *Linear models*: coefficients times what a row differs by from the means of training, exact.
- *Networks and kernels*: Shapley values over sampled orders of the columns, against the means of training; they add up
  exactly, each by itself is approximate (see `contributions.sampled`).

Three things are conventions. Features of one column enter and leave together, so that the players are columns. A feature
made of several columns is one player, whose share is split equally among them. And shares of members are carried from
their own scales to that of the blend by logarithmic means (see `contributions.carried`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np

from artificer_runtime import steps
from artificer_runtime.contributions import linear, sampled, trees
from artificer_runtime.contributions.carried import Carried, as_logs, as_values, blended_logs, blended_values, less_sure
from artificer_runtime.errors import RowsError
from artificer_runtime.members import Member
from artificer_runtime.members.linear import Linear
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees
from artificer_runtime.package import Contents
from artificer_runtime.schema import GROUPS, Encoded

CELLS_AT_ONCE = 1 << 20  # of contributions, before they are blended
MOST_ROWS_AT_ONCE = 8192

Scale = Literal["log-odds", "log-probabilities", "value", "log1p"]


@dataclass(frozen=True, slots=True)
class Explanations:
    """What raw columns add to predictions; base and contributions of all columns add up to the totals.

    Attributes
    ----------
    columns : tuple of str
        Raw columns that the model knows; one that no member reads adds 0.
    contributions : array of float64, (n_rows, n_columns, n_out)
    base : array of float64, (n_out,)
        What is predicted while nothing is known of a row.
    totals : array of float64, (n_rows, n_out)
        Predictions on `scale`.
    scale : str
        "log-odds" of the last of two classes (n_out is 1), "log-probabilities" of more classes, "value" of a number, or
        "log1p", log(1 + value), where members predict that.
    """

    columns: tuple[str, ...]
    contributions: np.ndarray
    base: np.ndarray
    totals: np.ndarray
    scale: Scale


class Shares(Protocol):
    """What groups of a member's features add to its raw scores."""

    @property
    def base(self) -> np.ndarray:
        """Raw scores while nothing is known: float64 (n_out,)."""
        ...

    def of(self, X: np.ndarray) -> np.ndarray:
        """What each group adds: float64 (n_rows, n_groups, n_out); with the base they add up to raw scores."""
        ...


@dataclass(frozen=True, slots=True)
class ByColumn:
    """Which parts of which groups' shares are a column's.

    Attributes
    ----------
    group : array of int64, (n_parts,)
        Column by column.
    part : array of float64, (n_parts, 1)
    columns, starts : array of int64
        Columns that have parts, and where these begin.
    """

    group: np.ndarray
    part: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    n_columns: int

    @classmethod
    def of(cls, groups: Sequence[tuple[int, ...]], n_columns: int) -> ByColumn:
        """Each group's share is split equally among its columns."""
        parts = [(column, place, 1 / len(own)) for place, own in enumerate(groups) for column in own]
        column, group, part = np.array(sorted(parts)).reshape(-1, 3).T
        columns, starts = np.unique(column.astype(np.int64), return_index=True)
        return cls(group.astype(np.int64), part[:, None], columns, starts, n_columns)

    def summed(self, shares: np.ndarray) -> np.ndarray:
        """Float64 (n_rows, n_groups, n_out) → (n_rows, n_columns, n_out)."""
        by_column = np.zeros((len(shares), self.n_columns, shares.shape[2]))
        if len(self.columns):
            by_column[:, self.columns] = np.add.reduceat(shares[:, self.group] * self.part, self.starts, axis=1)
        return by_column


@dataclass(frozen=True)
class Explainer:
    """Explains the predictions of one package."""

    contents: Contents
    columns: tuple[str, ...]
    members: tuple[tuple[Shares, ByColumn], ...]

    @classmethod
    def of(cls, contents: Contents) -> Explainer:
        """Prepare the members of a package.

        Raises
        ------
        RowsError
            When trees of an earlier version do not say how many training rows came to each node.
        """
        columns = tuple(column.name for column in contents.recipe.schema.columns if column.kind in GROUPS)
        made_of = _made_of(contents, columns)
        prepared = []
        for one in contents.members:
            sources = [source for name in one.blocks for source in made_of[name]]
            groups = {source: place for place, source in enumerate(dict.fromkeys(sources))}
            group = np.array([groups[source] for source in sources], np.int64)
            prepared.append((_shares(one.member, group, len(groups)), ByColumn.of(tuple(groups), len(columns))))
        return cls(contents, columns, tuple(prepared))

    def explain(self, encoded: Encoded) -> Explanations:
        """Explain encoded rows."""
        needed = frozenset(block for one in self.contents.members for block in one.blocks)
        n_out = max(len(self.contents.classes), 1)
        at_once = max(1, min(MOST_ROWS_AT_ONCE, CELLS_AT_ONCE // max(len(self.columns) * n_out, 1)))
        starts = range(0, max(encoded.n_rows, 1), at_once)
        some = (encoded.take(slice(start, start + at_once)) for start in starts)
        return self.told([self.contents.recipe.apply(part, needed) for part in some])

    def told(self, blocks: Iterable[Mapping[str, np.ndarray]]) -> Explanations:
        """Explain rows from the blocks that members need, part by part."""
        parts = [self._carried(part) for part in blocks]
        return Explanations(
            self.columns,
            np.concatenate([part.shares for part in parts]),
            parts[0].base,
            np.concatenate([part.totals for part in parts]),
            self._scale,
        )

    @property
    def _scale(self) -> Scale:
        if self.contents.classes:
            return "log-odds" if len(self.contents.classes) == 2 else "log-probabilities"
        return "log1p" if self.contents.transform == "log1p" else "value"

    def _carried(self, blocks: Mapping[str, np.ndarray]) -> Carried:
        contents, scale = self.contents, self._scale
        to_scale = as_values if not contents.classes else partial(as_logs, n_out=len(contents.classes))
        parts = []
        for one, (shares, by_column) in zip(contents.members, self.members, strict=True):
            X = np.concatenate([blocks[name] for name in one.blocks], axis=1)
            raw = Carried.of(by_column.summed(shares.of(X)), shares.base)
            parts.append(to_scale(raw, one.member.link))
        weights = [one.weight for one in contents.members]
        if scale == "value":
            return blended_values(parts, weights)
        blend = blended_logs(parts, weights)
        return blend if scale == "log1p" else less_sure(blend, contents.temperature)


def counted(contents: Contents) -> bool:
    """Whether every member holds what contributions need: trees of early packages lack the counts of training rows."""
    return all(getattr(one.member, "cover", 0) is not None for one in contents.members)


def _shares(member: Member, group: np.ndarray, n_groups: int) -> Shares:
    if isinstance(member, Oblivious):
        if member.cover is None:
            raise RowsError(NO_COUNTS)
        return trees.Shares.of_symmetric(member, group, n_groups)
    if isinstance(member, Trees):
        if member.cover is None:
            raise RowsError(NO_COUNTS)
        return trees.Shares.of_trees(member, group, n_groups)
    if isinstance(member, Linear):
        return linear.Shares.of_member(member, group, n_groups)
    return sampled.Shares.of_member(member, group, n_groups)


NO_COUNTS = (
    "this package does not say how many training rows came to each node of its trees, so it tells no contributions; train "
    "it again with this version"
)


def _made_of(contents: Contents, columns: Sequence[str]) -> Mapping[str, list[tuple[int, ...]]]:
    """For each feature of each block, positions of the raw columns that it is made of."""
    place = {name: at for at, name in enumerate(columns)}
    made = {}
    for block in contents.recipe.recipe.blocks:
        sources = steps.load(block.step).sources(contents.recipe.states[block.name], len(block.columns))
        made[block.name] = [tuple(sorted({place[block.columns[one]] for one in source})) for source in sources]
    return made
