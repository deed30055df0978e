"""The covariance of areas under ROC curves that were measured on the same rows.

DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, by the fast ranks of Sun and Xu (2014), IEEE Signal Processing
Letters 21.
"""

from __future__ import annotations

import numpy as np


def auc_covariance(y: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas and their covariance.

    Parameters
    ----------
    y : array, (n_rows,)
        1 is success.
    scores : array of float64, (n_models, n_rows)

    Returns
    -------
    areas : array of float64, (n_models,)
    covariance : array of float64, (n_models, n_models)
        Zero where a class has fewer than two rows.
    """
    from scipy.stats import rankdata

    up, down = scores[:, y == 1], scores[:, y != 1]
    m, n = up.shape[1], down.shape[1]
    among_up = np.stack([rankdata(row) for row in up])
    among_down = np.stack([rankdata(row) for row in down])
    among_all = np.stack([rankdata(row) for row in np.concatenate([up, down], axis=1)])
    areas = among_all[:, :m].sum(axis=1) / (m * n) - (m + 1) / (2 * n)
    if min(m, n) < 2:
        return areas, np.zeros((len(scores), len(scores)))
    v_up = (among_all[:, :m] - among_up) / n
    v_down = 1 - (among_all[:, m:] - among_down) / m
    covariance = np.atleast_2d(np.cov(v_up)) / m + np.atleast_2d(np.cov(v_down)) / n
    return areas, covariance
