"""Members that differ by their seed alone, made one: their raw outputs are averaged, so a row is walked through once.

A mean of log odds is as good a blend of seeds as a mean of probabilities, and one form instead of several answers a single
row several times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from artificer_runtime.members import Member
from artificer_runtime.members.links import Link, linked
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import IN_SET, Trees


def together(members: Sequence[Member]) -> list[Member]:
    """One member in place of several of one candidate, where their form allows; else they themselves."""
    if len(members) > 1 and all(isinstance(one, Trees) for one in members):
        return [_trees([one for one in members if isinstance(one, Trees)])]
    if len(members) > 1 and all(isinstance(one, Oblivious) for one in members):
        return [_oblivious([one for one in members if isinstance(one, Oblivious)])]
    return list(members)


def averaged(predictions: Sequence[np.ndarray], link: Link) -> np.ndarray:
    """What `together` predicts, from what each seed does: (n_rows, n_out) each, after the link."""
    with np.errstate(divide="ignore"):
        if link == "identity":
            return np.asarray(np.mean(predictions, axis=0))
        logs = np.mean([np.log(one) for one in predictions], axis=0)
    return linked(logs[:, 1:] - logs[:, :1] if link == "logit" else logs, link)


def _trees(members: Sequence[Trees]) -> Trees:
    slots = sorted({slot for one in members for slot in _slots(one)}, key=lambda slot: (slot[1] == IN_SET, *slot))
    place = {slot: number for number, slot in enumerate(slots)}
    starts = np.cumsum([0, *(len(one.child) for one in members)])
    rows = np.cumsum([0, *(len(one.value) for one in members)])
    sets = [np.frombuffer(inside, bool) for _, _, inside in slots]
    return Trees(
        slot=np.concatenate(
            [np.array([place[slot] for slot in _slots(one)], np.int32)[one.slot] for one in members]
        ).astype(np.int32),
        child=np.concatenate([one.child + start for one, start in zip(members, starts, strict=False)]).astype(np.int32),
        threshold=np.concatenate([one.threshold for one in members]),
        leaf=np.concatenate(
            [np.where(one.leaves, one.leaf + row, 0) for one, row in zip(members, rows, strict=False)]
        ).astype(np.int32),
        value=np.concatenate([one.value / len(members) for one in members]),
        root=np.concatenate([one.root + start for one, start in zip(members, starts, strict=False)]).astype(np.int32),
        depth=np.concatenate([one.depth for one in members]),
        slot_feature=np.array([feature for feature, _, _ in slots], np.int32),
        slot_kind=np.array([kind for _, kind, _ in slots], np.uint8),
        slot_set=np.cumsum([0, *map(len, sets)], dtype=np.int32),
        members=np.concatenate([np.zeros(0, bool), *sets]),
        n_out=members[0].n_out,
        link=members[0].link,
        cover=_all([one.cover for one in members]),
    )


def _slots(one: Trees) -> list[tuple[int, int, bytes]]:
    """A member's slots by what they see: feature, kind, and the set of categories."""
    return [
        (int(feature), int(kind), one.members[start:end].tobytes())
        for feature, kind, (start, end) in zip(
            one.slot_feature, one.slot_kind, pairwise(one.slot_set.tolist()), strict=True
        )
    ]


def _oblivious(members: Sequence[Oblivious]) -> Oblivious:
    depth = max(one.feature.shape[1] for one in members)

    def deeper(one: Oblivious) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        n_trees, own = one.feature.shape
        feature = np.zeros((n_trees, depth), np.int32)
        border = np.full((n_trees, depth), np.inf, np.float32)
        values = np.zeros((n_trees, 2**depth, one.values.shape[2]))
        feature[:, :own], border[:, :own] = one.feature, one.border
        values[:, : 2**own] = one.values * (one.scale / len(members))
        if one.cover is None:
            return feature, border, values, None
        cover = np.zeros((n_trees, 2**depth), np.float32)
        cover[:, : 2**own] = one.cover
        return feature, border, values, cover

    features, borders, values, covers = zip(*map(deeper, members), strict=True)
    bias = np.mean([one.bias for one in members], axis=0)
    trees = (np.concatenate(features), np.concatenate(borders), np.concatenate(values))
    return Oblivious(*trees, 1.0, bias, members[0].link, _all(covers))


def _all(covers: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Counts of rows of all members, where each has them."""
    known = [one for one in covers if one is not None]
    return np.concatenate(known) if len(known) == len(covers) else None
