"""Folds of one's own, rows that only measure, draws of many rows, and features that memory holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.run import Run
from artificer.core.stages import Candidate
from artificer.core.store import Workspace
from artificer.line.ask import ask
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.attempt import Trainer, joint_iteration
from artificer.line.fit.course import MEASURED_PART, Course, as_served, course, side_by_side

N = 240
BRIEF = Brief(target=Target(column="y"), run=RunPart(limit_s=5, learners=("lightgbm", "linear")))


def run_of(folder: Path, **changes: object) -> Run:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] > 0, "yes", "no")})
    plain = {"brief": BRIEF, "folder": folder, "workspace": Workspace(folder), "frame": frame, "n_workers": 1}
    return Run(**{**plain, "effects": False, "seal": False, "judged": False, **changes})  # type: ignore[arg-type]


def course_of(run: Run) -> Course:
    return course(run, ask(run), choose(run), design(run), encode(run))


def test_folds_of_ones_own_train_and_measure_what_they_say(tmp_path: Path) -> None:
    of_row, trains = np.full(N, -1, np.int8), np.zeros((2, N), bool)
    of_row[100:150], of_row[150:200] = 0, 1
    trains[0, :100], trains[1, :150] = True, True
    made = course_of(run_of(tmp_path, folds=(of_row, trains)))
    assert made.encodings(0).train_rows.tolist() == list(range(100))
    assert made.encodings(0).valid_rows.tolist() == list(range(100, 150))
    assert made.encodings(1).train_rows.tolist() == list(range(150))
    assert made.encodings(None).train_rows.tolist() == list(range(N)), "the final fit reads all rows"


def test_a_fit_is_made_anew_where_its_columns_are_read_otherwise_or_its_blocks_differ(tmp_path: Path) -> None:
    made = course_of(run_of(tmp_path))
    one = next(candidate for candidate in made.encoding.candidates if candidate.name == "linear")
    columns = tuple(replace(column, gaps=(-1.0,)) for column in made.schema.columns)
    other = replace(made, schema=replace(made.schema, columns=columns))
    assert len(made.reads(one)) == len(one.blocks)
    assert made.reads(one) == course_of(run_of(tmp_path)).reads(one)
    assert set(made.reads(one)).isdisjoint(other.reads(one))


@pytest.mark.parametrize(("trained_on", "last"), [(True, N), (False, N - 40)])
def test_rows_to_validate_on_are_kept_out_of_the_final_fit_if_so_asked(
    tmp_path: Path, trained_on: bool, last: int
) -> None:
    made = course_of(run_of(tmp_path, n_valid=40, train_on_valid=trained_on))
    assert made.encodings(None).train_rows.tolist() == list(range(last))
    assert made.encodings(0).train_rows.tolist() == list(range(N - 40))


def test_a_search_on_many_rows_draws_them_and_the_final_fit_reads_all(tmp_path: Path) -> None:
    made = course_of(run_of(tmp_path))
    fewer = replace(made, plan=replace(made.plan, search_rows=60))
    drawn = fewer.encodings(0)
    assert len(drawn.train_rows) == fewer.n_train(0) == 60
    assert len(drawn.valid_rows) <= 60 // MEASURED_PART
    assert set(drawn.train_rows) < set(made.encodings(0).train_rows)
    assert set(drawn.train_rows).isdisjoint(drawn.valid_rows)
    assert len(fewer.encodings(None).train_rows) == N
    assert fewer.identity != made.identity
    np.testing.assert_array_equal(fewer.encodings(0).train_rows, drawn.train_rows)


def test_features_that_memory_does_not_hold_are_made_again_the_same(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    roomy, tight = Trainer(run, course_of(run)), Trainer(run, course_of(run), memory_gb=1e-9)
    for fold in (0, 1, 0):
        for name, block in roomy.of_fold(fold).train.items():
            np.testing.assert_array_equal(block, tight.of_fold(fold).train[name])
    assert (len(roomy.made), len(tight.made)) == (2, 1)
    np.testing.assert_array_equal(roomy.valid_rows(1), tight.valid_rows(1))


def test_features_that_no_one_will_read_again_are_let_go_and_made_again_for_who_does(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    track = course_of(run)
    held, free = Trainer(run, track), Trainer(run, track)
    linear, trees = (
        Candidate(name, name, {}, blocks) for name, blocks in (("linear", ("scaled",)), ("lightgbm", ("numbers",)))
    )
    fits = [free.attempt(linear, fold, Clock()) for fold in (0, 1)]
    free.expect([trees])
    assert [set(one.train) for one in free.made.values()] == [{"numbers"}, {"numbers"}]
    assert "scaled" not in free.made[1].valid
    np.testing.assert_array_equal(free.of_fold(1, linear).train["scaled"], held.of_fold(1).train["scaled"])
    again = [held.attempt(linear, fold, Clock()) for fold in (0, 1)]
    np.testing.assert_array_equal(free.joint(linear, fits).prediction, held.joint(linear, again).prediction)


def test_words_are_held_without_their_zeros_and_joined_to_what_is_read_beside_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    words = np.array([f"word{number} of a longer text" for number in range(60)])
    texts = [" ".join(words[rng.integers(60, size=3)]) for _ in range(N)]
    numbers = rng.normal(size=N)
    frame = pl.DataFrame({"a": numbers, "note": texts, "y": np.where(numbers > 0, "yes", "no")})
    track = course_of(run_of(tmp_path, frame=frame))
    made = track.encodings(0)
    (linear,) = (one for one in track.encoding.candidates if one.name == "linear")
    assert {name for name, block in made.train.items() if sparse.issparse(block)} == {"words", "letters"}
    given, whole = track.fold(linear, made), {name: as_served(block) for name, block in made.valid.items()}
    assert sparse.issparse(given.X)
    np.testing.assert_array_equal(as_served(given.X_valid), side_by_side(whole, linear.blocks))
    assert (
        made.size_gb
        < 0.5 * sum(block.nbytes for block in (*whole.values(), *map(as_served, made.train.values()))) / 1e9
    )


def test_folds_are_read_where_their_mean_curve_is_lowest() -> None:
    early, late = np.array([3.0, 2.0, 2.5]), np.array([3.0, 2.9, 2.8, 1.0])
    assert joint_iteration([early, late]) == 4
    assert joint_iteration([early, np.empty(0)]) == 2
    assert joint_iteration([]) == 0
