"""Portable model forms, one a file: plain arrays that predict with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from artificer_runtime.errors import PackageError
from artificer_runtime.members.links import Link

BUILTIN = {
    "kernel@1": "artificer_runtime.members.kernel:Kernel",
    "linear@1": "artificer_runtime.members.linear:Linear",
    "network@1": "artificer_runtime.members.network:Network",
    "oblivious@1": "artificer_runtime.members.oblivious:Oblivious",
    "trees@1": "artificer_runtime.members.trees:Trees",
    "trees@2": "artificer_runtime.members.trees:Trees",
}


class Member(Protocol):
    """A trained model as plain arrays.

    `form` is the versioned name under which it is saved, such as ``"trees@1"``. One whose training has iterations has
    `truncated(n_iterations)` too.
    """

    @property
    def form(self) -> str:
        """Versioned name of the form."""
        ...

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict float32 rows (n_rows, n_features) → float64 (n_rows, n_out): class probabilities or values."""
        ...

    @property
    def link(self) -> Link:
        """From raw scores to predictions."""
        ...

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Raw scores, of which `predict` is the link: float64 (n_rows, n_out)."""
        ...

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What is saved as npz (no objects)."""
        ...

    def meta(self) -> Mapping[str, Any]:
        """What is saved as JSON."""
        ...


def load(form: str, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Member:
    """Rebuild a member from what was saved.

    Raises
    ------
    PackageError
        When this version knows no such form.
    """
    if form not in BUILTIN:
        raise PackageError(
            f"the model form '{form}' is not known here; known: {', '.join(BUILTIN)}. The package was made by another "
            "version: upgrade artificer-runtime"
        )
    module, _, name = BUILTIN[form].partition(":")
    member: Member = getattr(import_module(module), name).from_arrays(arrays, meta)
    return member
