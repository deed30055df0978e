"""The portfolio: which learners are tried with which settings, in which order, at this size of data.

Settings of the boosters follow the tuned defaults of Holzmüller, Grinsztajn and Steinwart (2024, arXiv 2407.04491) and
the portfolio order that AutoGluon published (2025-12), with higher learning rates where rows are many: a fit that ends
by itself beats a finer one that the clock cuts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from artificer.core.brief import Task
from artificer.core.stages import Candidate

# LightGBM grows one tree a class and iteration: beyond this, time and the size of the package run away.
MOST_CLASSES_FOR_TREES = 30
# From here on a network comes before more boosters.
MANY_CLASSES = 5
FEWEST_FOR_PAIRS = 3_000
# Rows that a network sees in all its epochs, each counted as often as it is seen.
FEWEST_SEEN, MOST_SEEN = 100_000, 300_000


@dataclass(frozen=True, slots=True)
class Size:
    """What the portfolio depends on."""

    n_rows: int
    n_columns: int
    n_classes: int
    task: Task
    has_text: bool
    most_levels: int
    monotone: bool
    interpretable_only: bool
    has_catboost: bool
    quick: bool = False


def portfolio(size: Size) -> tuple[tuple[Candidate, ...], dict[str, str]]:
    """Choose candidates.

    Returns
    -------
    tuple of Candidate
        Without blocks: `encode` fills them in. In the order in which they are tried; the linear one always.
    dict of str to str
        What is not tried, and why.
    """
    linear = Candidate("linear", "linear", {})
    if size.interpretable_only:
        return (linear,), {"boosted trees": "the brief wants an interpretable model only"}
    if size.quick:
        return (_quick(size), linear), {"more candidates": "few rows are fitted in under a second"}
    tried, untried = [_lightgbm(size), linear], {}
    boosters, many = size.n_classes <= MOST_CLASSES_FOR_TREES, size.n_classes > MANY_CLASSES
    network = () if size.monotone else (_network(size),)
    if many:
        tried += network  # its cost does not grow with the classes
    if boosters:
        if size.has_catboost:
            tried.append(_catboost(size))
        else:
            untried["catboost"] = "it is not installed (the extra 'catboost')"
        tried += [_extra(size), *([_means(size)] if size.most_levels > 15 else []), *([] if many else [_shallow(size)])]
    else:
        untried["more boosters"] = f"{size.n_classes} classes make each of them {size.n_classes} times as large"
    if not many:
        tried += network
    if boosters:
        tried += [_fine(size), *_engineered(size)]
    if size.monotone:
        # A linear model that must not bend is refused by its own hinges; its plain form may still break the direction.
        untried["linear and network in the product"] = "only boosters can promise the effects that the brief demands"
    return tuple(tried), untried


def _iterations(size: Size) -> dict[str, Any]:
    per_class = max(size.n_classes, 1) if size.n_classes > 2 else 1
    # Trees × classes stay below 5,000 so that one row is predicted within a millisecond.
    return {"max_iterations": max(20, min(1000, 3000 // per_class)), "patience": 30 if size.n_rows > 15_000 else 60}


def _rate(size: Size, small: float) -> float:
    if size.n_rows > 50_000:
        return 0.15
    return 0.1 if size.n_rows > 15_000 else small


def _lightgbm(size: Size) -> Candidate:
    classify = size.n_classes > 0
    settings = {
        "learning_rate": _rate(size, 0.04 if classify else 0.05),
        "num_leaves": 31 if size.n_rows < 5_000 or size.n_classes > 2 else 50,
        "min_data_in_leaf": 20 if size.n_rows < 2_000 else 40 if classify else 10,
        "bagging_fraction": 0.75,
        "bagging_freq": 1,
        "feature_fraction": 0.8,
        "min_sum_hessian_in_leaf": 1e-3 if classify else 1e-7,
        **_iterations(size),
    }
    return Candidate("lightgbm", "lightgbm", settings)


def _quick(size: Size) -> Candidate:
    settings = _lightgbm(size).settings | {
        "learning_rate": 0.08,
        "num_leaves": 15,
        "max_iterations": 80,
        "patience": 20,
    }
    return Candidate("lightgbm", "lightgbm", settings)


def _extra(size: Size) -> Candidate:
    settings = {
        "learning_rate": _rate(size, 0.05),
        "num_leaves": 39,
        "min_data_in_leaf": 10,
        "extra_trees": True,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
        **_iterations(size),
    }
    return Candidate("lightgbm_extra_trees", "lightgbm", settings)


def _means(size: Size) -> Candidate:
    return Candidate("lightgbm_target_means", "lightgbm", _lightgbm(size).settings)


def _shallow(size: Size) -> Candidate:
    settings = _lightgbm(size).settings | {
        "learning_rate": max(_rate(size, 0.05), 0.06),
        "num_leaves": 8,
        "feature_fraction": 0.5,
        "min_data_in_leaf": 20,
    }
    return Candidate("lightgbm_shallow", "lightgbm", settings)


def _fine(size: Size) -> Candidate:
    limits = _iterations(size)
    settings = _lightgbm(size).settings | {
        "learning_rate": 0.02 if size.n_rows <= 15_000 else 0.03,
        "num_leaves": 64,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.9,
        "max_iterations": round(1.5 * limits["max_iterations"]),
        "lambda_l2": 1.0,
    }
    return Candidate("lightgbm_fine", "lightgbm", settings)


def _catboost(size: Size) -> Candidate:
    limits = _iterations(size)
    settings = {
        "learning_rate": 0.15 if size.n_rows > 15_000 else 0.08,
        "depth": 6,
        "max_iterations": min(400 if size.n_rows > 15_000 else 800, limits["max_iterations"]),
        "patience": limits["patience"],
    }
    return Candidate("catboost", "catboost", settings)


def _engineered(size: Size) -> list[Candidate]:
    # A pair of columns may break a direction that each keeps; on few rows, pairs are found by chance.
    if size.monotone or size.n_rows < FEWEST_FOR_PAIRS:
        return []
    pairs = [Candidate("lightgbm_engineered", "lightgbm", _lightgbm(size).settings)]
    if size.has_catboost:
        pairs.append(Candidate("catboost_engineered", "catboost", _catboost(size).settings))
    return pairs


def _network(size: Size) -> Candidate:
    few = size.n_rows <= 5_000
    seen = min(max(60 * size.n_rows, FEWEST_SEEN), MOST_SEEN)
    settings = {
        "epochs": max(4, round(seen / max(size.n_rows, 1))),
        "batch": 256 if size.n_rows <= 20_000 else 512,
        "learning_rate": (0.1 if few else 0.2) if size.task == "regression" else 0.02 if few else 0.04,
    }
    return Candidate("network", "network", settings)
