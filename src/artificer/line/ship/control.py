"""The control share: rows drawn by their keys that are never acted on, so that the effect of acting stays measurable."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.data.hashes import text_hashes, texts_of
from artificer.data.table import mixed


def drawn(key: pl.Series, brief: Brief) -> np.ndarray:
    """Which rows are control: bool (n_rows,).

    A row's lot hangs on its key, the model's name and `[run] seed` alone: whatever its score, whichever version scores it
    and whatever else is in the table, it falls the same way.

    Parameters
    ----------
    key : Series of String, (n_rows,)
    """
    share = brief.decision.control
    if not share:
        return np.zeros(len(key), bool)
    seed = hashlib.blake2b(f"{brief.run.seed}:{brief.name}".encode(), digest_size=8).digest()
    lots = mixed(text_hashes(texts_of(key)) ^ np.uint64(int.from_bytes(seed, "little")))
    return np.asarray((lots >> np.uint64(11)) * 2.0**-53 < share)
