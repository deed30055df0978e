"""The portfolio: which learners are tried with which settings, in which order, at this size of data.

Settings of the boosters follow the tuned defaults of Holzmüller, Grinsztajn and Steinwart (2024, arXiv 2407.04491) and
the portfolio order that AutoGluon published (2025-12), with higher learning rates where rows are many: a fit that ends
by itself beats a finer one that the clock cuts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from artificer.core.brief import Task
from artificer.core.stages import Candidate

# LightGBM grows one tree a class and iteration: beyond this, time and the size of the package run away.
MOST_CLASSES_FOR_TREES = 30
# From here on a network comes before more boosters.
MANY_CLASSES = 5
# Names by which a learner may be asked for or excluded.
LEARNERS = ("catboost", "discriminant", "extra_trees", "kernel", "lightgbm", "linear", "network")
# In which order candidates are tried: see bench/study.
ORDER = (
    *("lightgbm", "linear", "catboost", "lightgbm_extra_trees", "catboost_engineered", "lightgbm_engineered"),
    *("lightgbm_log", "lightgbm_target_means", "lightgbm_fine", "lightgbm_shallow", "kernel", "network"),
    *("extra_trees", "discriminant"),
)
MANY_CLASSES_ORDER = (
    *("linear", "network", "extra_trees", "catboost", "discriminant", "kernel", "lightgbm", "lightgbm_extra_trees"),
    *("catboost_engineered", "lightgbm_engineered", "lightgbm_target_means"),
)
# What `fit` may make of LightGBM, beside the plan, for where the others err.
MENDING = ("lightgbm_trusting", "lightgbm_more_rows")
# Rows up to which a kernel and drawn trees are tried.
MOST_FOR_KERNEL, MOST_FOR_DRAWN = 20_000, 60_000
# Drawn trees of several classes, and the leaves of all of them, were each row one of its own: about 12 bytes each.
FEWEST_TREES, MOST_TREES, MOST_ENDS = 50, 200, 1.5e6
# Variants that are drawn, of which learner each, in turns: of two classes or of numbers, and of several classes.
TURNS = ("lightgbm", "catboost", "network", "lightgbm")
TURNS_OF_CLASSES = ("extra_trees", "lightgbm", "catboost", "network")
FEWEST_FOR_PAIRS = 3_000
# Rows that a network sees in all its epochs, each counted as often as it is seen; an epoch of fewer rows than stand in a batch
# counts as one batch, for it takes a step all the same: of two rows there would be 50,000.
FEWEST_SEEN, MOST_SEEN, BATCH = 100_000, 300_000, 256


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
    loss: str = ""
    quick: bool = False
    personal: bool = False


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
        return (_quick(size), linear), {
            "more candidates": "few rows are fitted in about a second where little time is given"
        }
    made = _made(size)
    untried = _untried(size)
    order = MANY_CLASSES_ORDER if size.n_classes > MANY_CLASSES else ORDER
    return tuple(made[name] for name in order if name in made), untried


def _made(size: Size) -> dict[str, Candidate]:
    """Every candidate that these rows allow."""
    made = [Candidate("linear", "linear", {})]
    if size.n_classes <= MOST_CLASSES_FOR_TREES:
        made += [_lightgbm(size), _extra(size), _shallow(size), _fine(size)]
        made += [_means(size)] if size.most_levels > 15 else []
        made += [_catboost(size)] if size.has_catboost else []
        made += [one for one in _engineered(size) if size.has_catboost or one.learner != "catboost"]
        made += [_log(size)] if size.task == "regression" and not size.loss else []
    elif not size.monotone:
        made += [_lightgbm(size)]
    if size.monotone:
        return _by_name(one for one in made if one.learner != "network")
    made += [_network(size)]
    if size.n_classes > 2:
        made += [Candidate("discriminant", "discriminant", {})]
    if not size.loss:
        made += [_drawn_trees(size)] if size.n_rows <= MOST_FOR_DRAWN else []
        made += [Candidate("kernel", "kernel", {})] if size.n_rows <= MOST_FOR_KERNEL and not size.personal else []
    return _by_name(made)


def _by_name(candidates: Iterable[Candidate]) -> dict[str, Candidate]:
    """Candidates by name."""
    return {one.name: one for one in candidates}


def _untried(size: Size) -> dict[str, str]:
    untried = {}
    if not size.has_catboost:
        untried["catboost"] = "it is not installed (the extra 'catboost')"
    if size.n_classes > MOST_CLASSES_FOR_TREES:
        untried["more boosters"] = f"{size.n_classes} classes make each of them {size.n_classes} times as large"
    if size.monotone:
        # A linear model that must not bend is refused by its own hinges; its plain form may still break the direction.
        untried["all but boosters in the product"] = "only they can promise the effects that the brief demands"
    if size.personal:
        untried["kernel"] = "it keeps training rows, and the brief declares personal data"
    if size.loss:
        untried["kernel and drawn trees"] = "they lower squared errors only"
    elif size.n_rows > MOST_FOR_KERNEL:
        untried["kernel"] = f"it is for {MOST_FOR_KERNEL:,} rows at most"
    if size.n_classes <= 2:
        untried["discriminant"] = "it is for three classes or more"
    return untried


def _iterations(size: Size) -> dict[str, Any]:
    per_class = max(size.n_classes, 1) if size.n_classes > 2 else 1
    # Trees × classes stay below 5,000 so that one row is predicted within a millisecond.
    return {"max_iterations": max(20, min(1000, 3000 // per_class)), "patience": 30 if size.n_rows > 15_000 else 60}


def _rate(size: Size, small: float) -> float:
    """The rate that is best with time enough; the race raises it where there is less."""
    return max(small, 0.06) if size.n_rows > 50_000 else small


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
        "learning_rate": 0.02 if size.n_rows <= 15_000 else 0.04,
        "num_leaves": 64,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.9,
        "max_iterations": round(1.5 * limits["max_iterations"]),
        "lambda_l2": 1.0,
    }
    return Candidate("lightgbm_fine", "lightgbm", settings)


def _log(size: Size) -> Candidate:
    """With a logarithmic link: its trees multiply, and the mean is still what is learned."""
    return Candidate("lightgbm_log", "lightgbm", _lightgbm(size).settings | {"loss": "poisson"})


def _catboost(size: Size) -> Candidate:
    limits = _iterations(size)
    settings = {
        "learning_rate": 0.1 if size.n_rows > 15_000 else 0.08,
        "depth": 6,
        "max_iterations": min(800, limits["max_iterations"]),
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


def _drawn_trees(size: Size) -> Candidate:
    """Of several classes, trees that part every row, fewer where rows are many; else more and smaller ones."""
    if size.n_classes > 2:
        trees = int(min(max(MOST_ENDS / size.n_rows, FEWEST_TREES), MOST_TREES)) // 10 * 10
        settings: dict[str, Any] = {"max_features": 0.5, "min_samples_leaf": 1, "trees": trees}
    elif size.n_classes:
        settings = {"max_features": 0.5, "min_samples_leaf": 5, "most_leaves": 700}
    else:
        settings = {"max_features": 1.0, "most_leaves": 1000}
    return Candidate("extra_trees", "extra_trees", settings)


def _network(size: Size) -> Candidate:
    few = size.n_rows <= 5_000
    seen = min(max(60 * size.n_rows, FEWEST_SEEN), MOST_SEEN)
    settings = {
        "epochs": max(4, round(seen / max(size.n_rows, BATCH))),
        "batch": BATCH if size.n_rows <= 20_000 else 512,
        "learning_rate": (0.1 if few else 0.2) if size.task == "regression" else 0.02 if few else 0.04,
    }
    return Candidate("network", "network", settings)


def variants(size: Size, n_variants: int) -> tuple[Candidate, ...]:
    """Draw more settings of boosters, networks and, of several classes, extra trees, for what time is left.

    They are the same for all data of a size, and the first of more are the same as those of fewer.

    The ranges are about those of the search spaces of TabArena (Erickson et al. 2025, arXiv 2506.16791).
    """
    if size.interpretable_only or size.quick or size.n_classes > MOST_CLASSES_FOR_TREES:
        return ()
    rng = np.random.default_rng(0)
    turns = TURNS_OF_CLASSES if size.n_classes > 2 else TURNS
    made = [_drawn(turns[number % len(turns)], number + 1, size, rng) for number in range(n_variants)]
    absent = {"network", "extra_trees"} if size.monotone else set()
    absent |= {"extra_trees"} if size.loss or size.n_rows > MOST_FOR_DRAWN else set()
    absent |= set() if size.has_catboost else {"catboost"}
    return tuple(one for one in made if one.learner not in absent)


def _drawn(learner: str, number: int, size: Size, rng: np.random.Generator) -> Candidate:
    name = f"{learner}_{number}"
    if learner == "lightgbm":
        settings = _lightgbm(size).settings | {
            "learning_rate": _rate(size, 0.03),
            "num_leaves": int(rng.choice([8, 16, 31, 64, 96])),
            "feature_fraction": round(float(rng.uniform(0.3, 0.9)), 2),
            "bagging_fraction": round(float(rng.uniform(0.6, 1.0)), 2),
            "min_data_in_leaf": int(rng.choice([3, 10, 20, 50])),
            "lambda_l2": round(float(10 ** rng.uniform(-2, 1)), 3),
            "extra_trees": bool(rng.random() < 0.5),
        }
        return Candidate(name, learner, settings)
    if learner == "catboost":
        settings = _catboost(size).settings | {
            "learning_rate": 0.1 if size.n_rows > 15_000 else round(float(10 ** rng.uniform(-1.5, -1)), 3),
            "depth": int(rng.choice([4, 5, 7, 8])),
            "l2_leaf_reg": round(float(10 ** rng.uniform(-1, 1.2)), 2),
            "subsample": round(float(rng.uniform(0.6, 1.0)), 2),
            "random_strength": round(float(rng.uniform(0, 2)), 2),
        }
        return Candidate(name, learner, settings)
    if learner == "extra_trees":
        return Candidate(name, learner, _drawn_trees(size).settings | {"max_features": float(rng.choice([0.25, 1.0]))})
    plain = _network(size).settings
    settings = plain | {
        "learning_rate": round(plain["learning_rate"] * float(2 ** rng.uniform(-1, 1)), 4),
        "hidden": int(rng.choice([128, 192, 320])),
        "dropout": round(float(rng.uniform(0, 0.3)), 2),
        "layers": int(rng.choice([2, 3])),
    }
    return Candidate(name, learner, settings)
