"""How trees are written: one bit a node, and of each node what it alone can say.

Nodes stand tree by tree, and in a tree level by level. So one bit a node, whether it asks or is a leaf, tells how all of
them hang together: the children of a tree's k-th question are its nodes 2k + 1 and 2k + 2, and a tree ends where it has one
leaf more than it has questions (a tree's sequence of degrees; Jacobson 1989, "Space-efficient static trees and graphs", FOCS).
Questions have slots and thresholds, leaves have values and counts; whole numbers take as many bytes as the largest needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from artificer_runtime.errors import PackageError
from artificer_runtime.members.packed import Forest

if TYPE_CHECKING:
    from artificer_runtime.members.trees import Trees

SLOTS = ("slot_feature", "slot_kind", "slot_set", "members")
OF_1 = ("slot", "child", "threshold", "value", "root", "depth", *SLOTS)


def written(trees: Trees) -> dict[str, np.ndarray]:
    """What is saved of trees; `rebuilt` makes them of it, node by node in the order of levels."""
    forest = Forest.of(trees.child, trees.root)
    levels = np.concatenate([*forest.levels, np.zeros(0, np.int64)])
    order = levels[np.argsort(forest.tree[levels], kind="stable")]
    inner = (trees.child > np.arange(len(trees.child)))[order]
    asks, ends = order[inner], order[~inner]
    rows, leaf = np.unique(trees.leaf[ends], return_inverse=True)
    found = {name: getattr(trees, name) for name in SLOTS} | {
        "inner": np.packbits(inner),
        "slot": narrow(trees.slot[asks]),
        "threshold": trees.threshold[asks],
        "value": trees.value[rows],
    }
    if len(rows) < len(leaf) or (np.diff(leaf) < 0).any():
        found["leaf"] = narrow(leaf)
    if trees.cover is not None:
        place = np.cumsum(trees.child == np.arange(len(trees.child))) - 1
        found["cover"] = narrow(trees.cover[place[ends]])
    return found


def rebuilt(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What `Trees` is made of, from what `written` gave.

    Raises
    ------
    PackageError
        When the bits make no trees, or other numbers of questions and leaves than there are.
    """
    slots, value = arrays["slot"], arrays["value"]
    leaf = arrays["leaf"] if "leaf" in arrays else np.arange(len(value))
    place = np.arange(len(slots) + len(leaf))
    inner = np.unpackbits(arrays["inner"], count=len(place)).astype(bool)
    waiting = np.cumsum(np.where(inner, 1, -1))
    lowest = np.minimum.accumulate(np.minimum(waiting, 0))
    last = np.diff(lowest, prepend=0) < 0  # of a tree: no question waits for a child any more
    if inner.sum() != len(slots) or not last[-1:].all():
        raise PackageError("a member's trees are damaged (they do not end); make or copy the package again")
    root = np.append(0, np.flatnonzero(last) + 1)[:-1]
    tree: np.ndarray = np.cumsum(last) - last
    asked = np.cumsum(inner) - inner
    child = np.where(inner, root[tree] + 1 + 2 * (asked - asked[root][tree]), place)
    made = {name: arrays[name] for name in SLOTS} | {"value": value, "root": root.astype(np.int32)}
    made["depth"] = Forest.of(child, root).height.astype(np.int32)
    made["child"] = child.astype(np.int32)
    made["threshold"] = np.full(len(place), np.inf, np.float32)
    made["threshold"][inner] = arrays["threshold"]
    made |= {"slot": spread(slots, inner), "leaf": spread(leaf, ~inner)}
    return made | {"cover": arrays["cover"].astype(np.float32) if "cover" in arrays else None}


def rebuilt_of_1(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The same of version 1 of the form, which wrote every node in full."""
    made: dict[str, Any] = {name: arrays[name] for name in OF_1}
    leaves = made["child"] == np.arange(len(made["child"]))
    made["leaf"] = spread(np.arange(leaves.sum()), leaves)
    for name in ("value", "cover"):
        made[name] = arrays[name][leaves] if name in arrays else None
    return made


def spread(numbers: np.ndarray, where: np.ndarray) -> np.ndarray:
    """These at the places where a mask is true, elsewhere 0: int32."""
    found = np.zeros(len(where), np.int32)
    found[where] = numbers
    return found


def narrow(numbers: np.ndarray) -> np.ndarray:
    """Counts, in as few bytes as hold them; what are no whole numbers, as they are."""
    most = numbers.max(initial=0)
    if most >= 1 << 32 or (numbers.dtype.kind == "f" and (numbers != np.floor(numbers)).any()):
        return numbers
    return numbers.astype(np.min_scalar_type(int(most)))
