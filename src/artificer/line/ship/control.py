"""The control share: rows drawn by their keys that are never acted on, so that the effect of acting stays measurable."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from artificer.core.brief import Brief
from artificer.data.row_key import hash_of, mixed

if TYPE_CHECKING:
    import polars as pl


def drawn(key: pl.Series, brief: Brief) -> np.ndarray:
    """Which rows are control: bool (n_rows,).

    A row's lot hangs on its key, the model's name and `[run] seed` alone: whatever its score, whichever version scores it
    and whatever else is in the table, it falls the same way.

    Parameters
    ----------
    key : Series of String, (n_rows,)
    """
    from artificer.data.hashes import mixed as mixed_all
    from artificer.data.hashes import text_hashes, texts_of

    share = brief.decision.control
    if not share:
        return np.zeros(len(key), bool)
    lots = mixed_all(text_hashes(texts_of(key)) ^ np.uint64(_seed(brief.run.seed, brief.name)))
    return np.asarray((lots >> np.uint64(11)) * 2.0**-53 < share)


def is_drawn(key: str, brief: Brief) -> bool:
    """Whether the row of one key is control, as `drawn` says it; without frames, 3 µs for a short key."""
    lot = mixed(hash_of(key) ^ _seed(brief.run.seed, brief.name))
    return (lot >> 11) * 2.0**-53 < brief.decision.control


@lru_cache(64)
def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "little")
