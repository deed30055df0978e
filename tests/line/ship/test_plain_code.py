"""Each plain function of a script gives what the step or the learner gives that it stands for."""

from __future__ import annotations

import runpy
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artificer.core.brief import Task
from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.core.stages import Candidate, Stop
from artificer.line.fit.learners import load
from artificer.line.ship.script.learners import CODE, GROUPED, IMPORTS, LINKED, LINKS
from artificer.line.ship.script.steps import call_of, code_of, imports_of
from artificer.line.ship.script.told import told
from artificer.line.ship.script.written import END
from artificer_runtime import steps
from artificer_runtime.recipe import Block

N = 400
CODES, NUMBERS, TEXTS = ("shop", "kind"), ("size", "price", "postcode"), ("said",)
BLOCKS = (
    Block("means", "target_mean@1", CODES, {"strength": 5.0}),
    Block("counts", "counts@1", CODES),
    Block("names", "number_means@1", ("size", "postcode")),
    Block("held", "level_numbers@1", ("kind",), {"numbers": [[1.0, None, 7.5]]}),
    Block("engineered", "engineered@1", (*NUMBERS, *CODES), {"n_codes": 2}),
    Block("words", "words@1", TEXTS, {"max_words": 12}),
    Block("letters", "words@1", TEXTS, {"max_words": 30, "min_rows": 3, "letters": [3, 4]}),
    Block("factors", "word_factors@1", TEXTS, {"n_factors": 3}),
    Block("says", "text_score@1", TEXTS, {"max_words": 12}),
    Block("shape", "text_shape@1", TEXTS),
)
CLASSES: dict[Task, list[str]] = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
LEARNED = {
    "linear": {"C": 1.0, "alpha": 10.0},
    "network": {"epochs": 2, "hidden": 16, "max_iterations": 3, "patience": 0},
    "discriminant": {},
    "kernel": {"rows": 150},
    "extra_trees": {"trees": 20, "most_leaves": 30, "min_samples_leaf": 1},
}


def plain(path: Path, task: Task, imports: set[str], *texts: str) -> dict[str, Any]:
    """Names of a script that holds these functions."""
    begin = ["import numpy as np", *sorted(imports), f"CLASSES, SEED, TEMPERATURE = {CLASSES[task]!r}, 3, 1.0"]
    path.write_text("\n".join([*begin, *texts]), encoding="utf-8")
    return runpy.run_path(str(path))


def columns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shop, kind = rng.integers(-1, 6, N), rng.integers(0, 4, N)
    size, price = rng.normal(50, 9, N), rng.lognormal(size=N)
    price[rng.random(N) < 0.1] = np.nan
    words = np.array(["late", "fine", "new", "cold", "i", "Again!", "3 €, ŽÉ?", "Ⓐ_²"])
    said = np.array([" ".join(words[rng.integers(0, len(words), rng.integers(0, 6))]) for _ in range(N)], object)
    return {
        "shop": shop,
        "kind": kind,
        "size": size,
        "price": price,
        "postcode": rng.integers(0, 90, N) * 1.0,
        "said": said,
    }


def outcome(task: Task, seen: dict[str, np.ndarray]) -> np.ndarray:
    told = np.nan_to_num(seen["price"] / seen["size"]) * 40 + (seen["shop"] == seen["kind"]) + seen["postcode"] % 3
    return (
        told
        if task == "regression"
        else np.digitize(told, np.quantile(told, [0.4, 0.7][: len(CLASSES[task]) - 1])) * 1.0
    )


@pytest.mark.parametrize("group", [None, np.arange(N) // 3], ids=["", "grouped"])
@pytest.mark.parametrize("task", CLASSES)
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_step_is_the_same_in_training_and_after_it(
    tmp_path: Path, block: Block, task: Task, group: np.ndarray | None
) -> None:
    seen, step = columns(), steps.load(block.step)
    values = np.stack([seen[name] for name in block.columns], axis=1)
    values = values.astype({"codes": np.int32, "texts": object}.get(step.READS, np.float64))
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    y = outcome(task, seen)
    state, train = steps.fit_apply(step, values, y, steps.Task(len(CLASSES[task]), weight, 3, group), block.settings)
    feature = f"def features(columns, known, y=None, weight=None, group=None):\n    return {call_of(block, state)}"
    made = plain(tmp_path / "plain.py", task, imports_of([block]), code_of([block]), feature)["features"]

    def read(kind: str, names: list[str]) -> np.ndarray:
        return np.stack([seen[name] for name in names], axis=1)

    known: dict[str, Any] = {}
    np.testing.assert_array_equal(made(read, known, y, weight, group), train)
    np.testing.assert_allclose(made(read, known), step.apply(state, values), rtol=1e-6, atol=1e-7)
    assert train.shape[1] > 0 or (block.name == "engineered" and task != "regression")  # no pair need tell enough


@pytest.mark.parametrize("group", [None, np.arange(N) // 3], ids=["", "grouped"])
@pytest.mark.parametrize(
    ("learner", "task"), [one for one in product(LEARNED, CLASSES) if one != ("discriminant", "regression")]
)
def test_a_learner_predicts_the_same(tmp_path: Path, learner: str, task: Task, group: np.ndarray | None) -> None:
    seen, rng = columns(), np.random.default_rng(2)
    one_hot = seen["shop"][:, None] == np.arange(4)
    X = np.column_stack([seen["size"] / 50, seen["price"], seen["postcode"], one_hot]).astype(np.float32)
    names = tuple(f"f{place}" for place in range(X.shape[1]))
    fold = Fold(
        X, outcome(task, seen), task, len(CLASSES[task]), names, weight=rng.uniform(0.5, 2, N), group=group, seed=5
    )
    fitted = load(learner).fit(fold, LEARNED[learner], Clock())
    stop = Stop(learner, -1, fitted.n_iterations, dict(fitted.facts))
    given = told(Candidate(learner, learner, LEARNED[learner], ("block",)), fold, [stop], fitted.member)
    made = plain(tmp_path / "plain.py", task, {*IMPORTS[learner]}, CODE[learner], END.partition("def main")[0])
    told_of = {"group": group} if learner in GROUPED else {}
    found = made[f"{learner}_predicts"](made[f"{learner}_fits"](X, fold.y, fold.weight, **given, **told_of), X)
    link = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}[task]
    found = found if learner in LINKED or link == "identity" else made[LINKS[link].partition("(")[0]](found)
    wanted = fitted.member.predict(X)
    assert len(np.unique(wanted[:, 0])) > 10
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
