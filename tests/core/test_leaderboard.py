"""The leaderboard: the best first, failures last, a table that lines up."""

from __future__ import annotations

from artificer.core.leaderboard import leaderboard, table
from artificer.core.records import Chances, Estimate
from artificer.core.stages import Candidate, FoldFit, Part, RunnerUp, Trained, Trial
from artificer.told import told


def trial(name: str, value: float | None, dropped: str = "") -> Trial:
    score = Estimate(value, value - 0.01, value + 0.01, "DeLong", 900) if value is not None else None
    fits = tuple(FoldFit(name, fold, "f", 80, 1.0, False, 0.4) for fold in range(3 if score else 1))
    return Trial(Candidate(name, name, {}), fits, score, 80 if score else 0, 12.5, 3.25, 0.5, dropped)


TRAINED = Trained(
    (
        trial("linear", 0.81),
        trial("broken", None, "failed: ValueError: a feature is infinite, and nothing could be done about it"),
        trial("lightgbm", 0.83),
    ),
    "p.npz",
    3,
    False,
    metric="roc_auc",
    runner_up=RunnerUp("lightgbm", "linear", Chances(0.83, 0.169, 0.001, 0.01, "correlated t over 3 folds")),
)


def test_the_best_comes_first_and_what_failed_is_listed_with_why() -> None:
    found = leaderboard(TRAINED, (Part("lightgbm", "f", 0.7, 80, 0.0),), larger_is_better=True)
    assert [one.candidate for one in found] == ["lightgbm", "linear", "broken"]
    assert [one.weight for one in found] == [0.7, 0.0, 0.0]
    assert [one.n_folds for one in found] == [3, 3, 1]
    assert found[-1].dropped.startswith("failed: ValueError")
    assert leaderboard(TRAINED, larger_is_better=False)[0].candidate == "linear"


def test_a_row_of_a_table_has_the_ends_of_its_score() -> None:
    found = [one.plain() for one in leaderboard(TRAINED, larger_is_better=True)]
    assert found[0]["low"] == 0.83 - 0.01
    assert found[-1]["score"] is None
    assert list(found[0]) == list(found[-1])


def test_the_table_lines_up() -> None:
    lines = list(told("fit", TRAINED))
    assert lines == [
        "2 of 3 candidates finished 3 folds",
        "candidate  roc_auc                 seconds  µs a row     MB  folds",
        "lightgbm   0.830 (0.820 to 0.840)     12.5      3.25  0.500      3",
        "linear     0.810 (0.800 to 0.820)     12.5      3.25  0.500      3",
        "broken     –                          12.5         –      –      1  failed: ValueError: a feature is infini…",
        "lightgbm against linear, the next: better with a chance of 83%, as good within 0.010 with 17%, worse with 0.1%",
    ]


def test_at_most_ten_are_shown() -> None:
    many = Trained(tuple(trial(f"c{k}", 0.5 + k / 100) for k in range(13)), "p.npz", 3, False)
    lines = list(table(leaderboard(many, larger_is_better=True), "roc_auc"))
    assert len(lines) == 12
    assert lines[1].startswith("c12 ")
    assert lines[-1] == "and 3 more"
    assert list(table((), "roc_auc")) == []
