"""What a fit will take, told from what the first candidate's took on the same rows."""

from __future__ import annotations

from artificer.core.stages import Candidate

# Seconds beside those of the first candidate, LightGBM: the median over bench/'s data sets, on two cores.
RELATIVE = {
    "catboost": 1.6,
    "lightgbm_extra_trees": 0.8,
    "lightgbm_target_means": 1.1,
    "lightgbm_shallow": 0.7,
    "lightgbm_fine": 4.0,
    "lightgbm_engineered": 1.3,
    "catboost_engineered": 1.9,
}
NETWORK_US = 13.0  # a row in an epoch, at three layers of 256


def expected_s(candidate: Candidate, first: Candidate, first_s: float, n_rows: int) -> float:
    """Seconds that one fold of the candidate will take.

    Parameters
    ----------
    first, first_s
        The candidate that ran first, and its seconds.
    """
    if candidate.learner == "network":
        return 1e-6 * NETWORK_US * n_rows * float(candidate.settings["epochs"])
    return first_s * RELATIVE.get(candidate.name, 1.5)
