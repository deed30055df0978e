"""Pairs of features that go together: the strongest ones, with intervals."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from artificer.core.description import Pair
from artificer.line.describe.associations import Readings, between
from artificer.line.describe.matrix import Matrix
from artificer.measure.correct import benjamini_hochberg

N_PAIRS = 10
N_MEASURED = 30  # of the pairs that a coarse look found strong


def strongest_pairs(sample: Readings, looked: Matrix) -> tuple[Pair, ...]:
    """Find the ten strongest relations among the features of a coarse look.

    Those that the look found strong are measured. P-values are corrected for all pairs that were looked at: those not
    measured count with the look's own.
    """
    places = [place for place, name in enumerate(looked.names) if name in sample.values]
    pairs = sorted(combinations(places, 2), key=lambda pair: -looked.strengths[pair])
    if not pairs:
        return ()
    names = [(looked.names[a], looked.names[b]) for a, b in pairs]
    measured = [between(sample.values[a], sample.values[b], sample.group, sample.order) for a, b in names[:N_MEASURED]]
    p = [*(one.p for one in measured), *(float(looked.p[pair]) for pair in pairs[N_MEASURED:])]
    adjusted = benjamini_hochberg(np.array(p))
    found = [Pair(a, b, one.strength, float(q)) for (a, b), one, q in zip(names, measured, adjusted, strict=False)]
    return tuple(sorted(found, key=lambda pair: -pair.strength.value)[:N_PAIRS])
