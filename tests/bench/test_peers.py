"""Beside peers: the split follows its rules, what was measured is not run again, and tables fill no gap."""

from __future__ import annotations

import json
import math
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

sys.path.append(str(Path(__file__).parents[2] / "bench"))  # scripts beside the package, not a part of it

import accuracy
from peers import compare, lines
from peers.aims import aims
from peers.environments import SYSTEMS, requirements
from peers.lines import Fit, Line
from peers.process import Asked, measure, plain, resident_mb
from peers.split import TARGET, Cut, split
from peers.table import section
from peers.worker import TARGET as WORKER_TARGET
from peers.worker import median_ms

CLASSES = {"task": "binary", "target": "won", "metric": "roc_auc"}


def frame(n_rows: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "n": rng.normal(size=n_rows),
            "flag": rng.random(n_rows) < 0.5,
            "city": rng.choice(["Oslo", "Rome"], n_rows),
            "day": pd.date_range("2024-01-01", periods=n_rows),
            "won": np.where(np.arange(n_rows) % 3 == 0, "yes", "no"),
        }
    )


def test_classes_are_split_in_proportion_and_rare_ones_are_dropped() -> None:
    rows = frame()
    rows.loc[:4, "won"] = "rare"
    rows.loc[5:6, "won"] = None
    cut = split(rows, CLASSES, seed=1)
    assert len(cut.train) + len(cut.test) == 73
    assert set(cut.y) == {"yes", "no"}
    kept = rows[rows["won"].isin(["yes", "no"])]
    *_, expected = train_test_split(kept["n"], kept["won"], test_size=0.25, random_state=1, stratify=kept["won"])
    assert cut.y_test.tolist() == expected.tolist()


def test_booleans_become_text_and_every_other_column_stays() -> None:
    cut = split(frame(), CLASSES, seed=0)
    assert set(cut.train["flag"]) == {"True", "False"}
    assert cut.train.columns.tolist() == ["n", "flag", "city", "day"]
    assert cut.train["day"].dtype.kind == "M"


def test_numbers_scored_by_their_logarithm_are_fitted_in_it() -> None:
    rows = frame().assign(won=np.arange(80.0))
    about = {"task": "regression", "target": "won", "metric": "rmsle"}
    logarithms, plainly = split(rows, about, seed=0), split(rows, about | {"metric": "mae"}, seed=0)
    assert logarithms.y_test.tolist() == np.log1p(plainly.y_test).tolist()
    assert sorted([*plainly.y, *plainly.y_test]) == np.arange(80.0).tolist()


def test_a_system_sees_the_rows_as_they_were_and_no_test_label(tmp_path: Path) -> None:
    cut = split(frame(), CLASSES, seed=0)
    cut.write(tmp_path)
    assert TARGET == WORKER_TARGET
    read = pd.read_parquet(tmp_path / "train.parquet")
    pd.testing.assert_frame_equal(read.drop(columns=TARGET), cut.train.reset_index(drop=True))
    assert pd.read_parquet(tmp_path / "test.parquet").columns.tolist() == ["n", "flag", "city", "day"]


def cut_of(task: str, y: list[Any]) -> Cut:
    empty = pd.DataFrame(index=range(len(y)))
    return Cut(task, empty, empty, pd.Series(y), pd.Series(y))


def test_errors_are_those_of_the_rules() -> None:
    binary = cut_of("binary", ["no", "no", "yes", "yes"])
    right = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.1, 0.9]])
    assert binary.error(right, ["no", "yes"]) == pytest.approx(0.25)
    assert binary.error(right[:, ::-1], ["yes", "no"]) == pytest.approx(0.25)
    many = cut_of("multiclass", ["a", "b", "c"])
    assert many.error(np.full((3, 3), 1 / 3), ["c", "a", "b"]) == pytest.approx(math.log(3))
    assert cut_of("regression", [1.0, 2.0]).error(np.array([1.0, 4.0]), []) == pytest.approx(math.sqrt(2))
    with pytest.raises(ValueError, match="finite"):
        cut_of("regression", [1.0]).error(np.array([np.nan]), [])


def line(name: str, system: str, error: float | None, **figures: Any) -> Line:
    told = {"error": error} if error is not None else {"failed": "exit 124"}
    made = {"budget": 60.0, "seed": 0, "version": "1", "commit": "abc", "machine": "2 cores", **told, **figures}
    return {"name": name, "system": system, **made}


def known(*found: Line) -> dict[Fit, Line]:
    return {Fit.of(one): one for one in found}


def test_a_fit_that_has_a_line_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tmp_path / "accuracy.jsonl"
    monkeypatch.setattr(lines, "PEERS", tmp_path / "peers.jsonl")
    lines.PEERS.write_text(json.dumps(line("adult", "lightgbm", 0.07)) + "\n")
    lines.append(line("adult", "artificer", 0.06, when="2026-11-01T00:00Z"), ours)
    fits = [Fit("adult", system, 60.0, seed) for system in ("artificer", "lightgbm", "flaml") for seed in (0, 1)]
    left = [(fit.system, fit.seed) for fit in lines.wanted(fits, lines.measured(ours))]
    assert left == [("artificer", 1), ("lightgbm", 1), ("flaml", 0), ("flaml", 1)]
    assert lines.wanted(fits, lines.measured(ours, "2026-11-02T00:00Z")) == fits
    lines.append(line("adult", "artificer", 0.05, when="2026-11-03T00:00Z"), ours)
    assert lines.measured(ours)[fits[0]]["error"] == 0.05


def test_small_sets_have_three_seeds_and_sets_of_the_final_table_can_be_left_out() -> None:
    about = {"small": {"rows": 1999}, "large": {"rows": 2000}, "hidden": {"rows": 9000, "report_only": True}}
    asked = Namespace(sets=list(about), seeds=(), systems=["artificer"], budget=60.0, tune_only=True)
    made = [(fit.name, fit.seed) for fit in accuracy.fits(asked, about)]
    assert made == [("small", 0), ("small", 1), ("small", 2), ("large", 0)]
    asked.sets = ["none such"]
    with pytest.raises(SystemExit, match="none such"):
        accuracy.fits(asked, about)


def test_earlier_scores_are_taken_as_they_are_and_marked() -> None:
    theirs = {"name": "adult", "system": "ag_best", "budget": 60, "seed": 0, "error": 0.07, "size_mb": 0.0, "cpu_s": 9}
    assert lines.taken(theirs, report_only=True) == {
        "name": "adult",
        "system": "autogluon_best",
        "budget": 60.0,
        "seed": 0,
        "report_only": True,
        "error": 0.07,
        "earlier": lines.EARLIER,
    }


def test_two_systems_are_compared_on_the_seeds_that_both_have() -> None:
    figures = known(
        line("a", "artificer", 1.0),
        line("a", "artificer", 9.0, seed=1),
        line("a", "flaml", 2.0),
        line("b", "artificer", 4.0),
        line("b", "flaml", 1.0),
        line("c", "artificer", 1.0),
        line("c", "flaml", None),
    )
    found = compare.pair(figures, ("artificer", 60.0), ("flaml", 60.0))
    assert found.ratios == pytest.approx({"a": -math.log(2), "b": math.log(4)})
    assert (found.wins, found.mean) == (1, pytest.approx(math.log(2) / 2))
    low, high = found.interval() or (0, 0)
    assert (low + high) / 2 == pytest.approx(found.mean)
    assert high - low == pytest.approx(2 * 12.7062 * 1.5 * math.log(2), rel=1e-4)  # t with one degree of freedom
    assert compare.Pair({"a": 0.1}).interval() is None


def test_ranks_are_over_sets_that_all_who_are_ranked_have() -> None:
    fits = [line(name, system, error) for name in "abcd" for system, error in (("artificer", 1.0), ("flaml", 2.0))]
    ranks, n_sets = compare.mean_ranks(known(*fits, line("a", "lightgbm", 0.5)), 60.0)
    assert (ranks, n_sets) == ({("artificer", 60.0): 1.0, ("flaml", 60.0): 2.0}, 4)


@pytest.mark.parametrize(
    ("budget", "took", "late"), [(60, 63.1, True), (60, 62.9, False), (5, 6.9, False), (5, 7.1, True)]
)
def test_late_is_more_than_5_percent_and_2_seconds(budget: float, took: float, late: bool) -> None:
    assert compare.is_late({"budget": budget, "all_s": took}) is late
    assert not compare.is_late({"budget": budget})


def test_tables_mark_sets_of_the_final_table_and_leave_empty_what_was_not_measured() -> None:
    earlier = {"earlier": lines.EARLIER}
    figures = known(
        line("a", "artificer", 1.0, one_row_ms=0.5, all_s=61.0, fit_s=60.0, report_only=True),
        line("b", "artificer", 2.0, one_row_ms=1.5, all_s=70.0, fit_s=60.0),
        line("a", "autogluon_best", 2.0, report_only=True, **earlier),
        line("b", "autogluon_best", None, **earlier),
    )
    text = "\n".join(section(figures))
    assert "| a † | 0 | 1 | 2 |" in text
    assert "| b | 0 | 2 | no model |" in text
    assert "- autogluon_best, 60 s, b, seed 0: exit 124" in text
    assert "| artificer, 60 s | autogluon_best, 60 s ‡ | 1 | -0.693 |  |  | 1 | 1 | -0.693 | 1 |" in text
    verdicts = {aim.says: (aim.n_met, aim.n, aim.verdict) for aim in aims(figures)}
    assert verdicts["one row from a frame, at most 1 ms"] == (1, 2, "not met")
    assert verdicts["one row from a dict, at most 1 ms"] == (0, 0, "not measured")
    assert verdicts["import, fit, save and load within the budget and 5% or 2 s, whichever is more"][0] == 1
    assert section({}) == []


def test_every_system_has_a_file_and_what_it_is_made_of() -> None:
    folder = Path(accuracy.__file__).parent / "peers" / "systems"
    for system in SYSTEMS.values():
        assert (folder / f"{system.module}.py").exists()
    assert requirements("autogluon")[0] == "torch==2.13.0"
    assert not [one for one in requirements("autogluon") if "ray" in one]


def test_a_reason_holds_no_path_of_the_machine() -> None:
    reason = "FileNotFoundError: /tmp/fit-x/work/a.pkl\nis not in /home/me/env/lib/b.py"
    assert plain(reason, Path("/tmp/fit-x")) == "FileNotFoundError: a.pkl is not in b.py"


def test_the_median_leaves_out_the_first_call() -> None:
    called: list[int] = []
    assert median_ms(called.append, [7, 8, 9]) >= 0
    assert called == [7, 7, 8, 9]


@pytest.mark.slow
def test_lightgbm_is_measured_in_a_process_of_its_own_and_a_failure_says_why() -> None:
    cut = split(frame(400), CLASSES, seed=0)
    found = measure(Asked("lightgbm", sys.executable, 5, 0), cut)
    assert "failed" not in found
    assert {"error", "import_s", "fit_s", "save_s", "load_s", "all_s", "one_row_ms", "rows_per_s", "version"} <= set(
        found
    )
    assert found["peak_mb"] > 50
    assert found["size_mb"] > 0
    broken = Cut("binary", cut.train, cut.test.drop(columns="n"), cut.y, cut.y_test)
    failed = measure(Asked("lightgbm", sys.executable, 5, 0), broken)
    assert "error" not in failed
    assert failed["failed"].startswith("LightGBMError")


def test_memory_is_that_of_a_whole_session() -> None:
    assert resident_mb(os.getsid(0)) > 10
    assert resident_mb(2**30) == 0
