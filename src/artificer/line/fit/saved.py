"""Members in a folder of the workspace: arrays as npz, the rest as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from artificer_runtime import members
from artificer_runtime.members import Member
from artificer_runtime.package import npz

ARRAYS, META = "member.npz", "member.json"


def save_member(folder: Path, member: Member) -> None:
    """Write a member into an existing folder."""
    (folder / ARRAYS).write_bytes(npz(member.arrays()))
    (folder / META).write_text(json.dumps({"form": member.form, "meta": dict(member.meta())}), encoding="utf-8")


def load_member(folder: Path) -> Member:
    """Read the member that `save_member` wrote."""
    written = json.loads((folder / META).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        return members.load(written["form"], dict(arrays), written["meta"])


def at_iteration(folder: Path, n_iterations: int) -> Member:
    """Read a member as it was after so many iterations; 0 for one that has none."""
    member = load_member(folder)
    return member.truncated(n_iterations) if n_iterations else member  # type: ignore[attr-defined]
