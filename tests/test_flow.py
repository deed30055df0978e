"""The line from Python: what a run gives, what it tells, and what it leaves behind."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import artificer
from artificer import flow, forecast, runs
from artificer.core.brief import Accept, Brief, Data, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.errors import WorkspaceError
from artificer.core.stages import RunLock
from artificer.core.store import load, save
from artificer.line.ask import begin

pytestmark = pytest.mark.slow

BRIEF = Brief(
    target=Target(column="won", positive="yes"),
    data=Data(key=("id",)),
    accept={"roc_auc": Accept(at_least=0.5)},
    run=RunPart(limit_s=60, learners=("lightgbm", "linear")),
)


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.normal(size=600)
    won = np.where(x + rng.normal(size=600) > 0, "yes", "no")
    return pl.DataFrame({"id": [f"r{place}" for place in range(600)], "x": x.round(3), "won": won})


class Heard(list[tuple[str, str]]):
    """Keeps what a run tells of its progress."""

    def __call__(self, stage: str, text: str) -> None:
        self.append((stage, text))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def done(work: Path, heard: Heard) -> flow.Done:
    return artificer.run(BRIEF, workspace=work, frame=rows(), progress=heard)


def test_a_run_gives_its_verdict_and_where_everything_is(done: flow.Done, work: Path) -> None:
    assert done.code == 0
    assert [line.outcome for line in done.verdict.lines] == ["met"]
    assert done.package == work / "packages" / done.shipped.version
    for path in (done.package / "manifest.json", done.report, done.lock, work / "runs" / done.run_id / "run.json"):
        assert path.is_file()
    assert artificer.load(done.package).predict({"x": 3.0}) == ["yes"]


def test_each_stage_tells_what_it_found_in_the_order_of_the_line(done: flow.Done, heard: Heard) -> None:
    assert list(dict.fromkeys(stage for stage, _ in heard)) == list(flow.STAGES)
    assert all(text and "\n" not in text for _, text in heard)


def test_the_ledger_keeps_the_run_its_end_and_its_decisions(done: flow.Done, work: Path) -> None:
    with closing(sqlite3.connect(work / "ledger.db")) as ledger:
        ((code, model_hash),) = ledger.execute("select code, model_hash from runs where id = ?", (done.run_id,))
        ((n_decisions,),) = ledger.execute("select count(*) from decisions where run_id = ?", (done.run_id,))
    assert (code, model_hash) == (0, done.shipped.model_hash)
    assert n_decisions == len(done.decisions) > 5


def test_what_a_run_leaves_is_read_back_as_it_was(done: flow.Done, work: Path) -> None:
    ((folder, summary),) = [found for found in runs.summaries(work) if found[1].run_id == done.run_id]
    assert folder == done.report.parent
    assert (summary.code, summary.page.verdict, summary.page.findings) == (0, done.verdict, done.findings)
    assert {f"tasks/{key}" for key in summary.tasks} >= {summary.page.model.folder.rpartition("/model")[0]}


def test_the_same_run_again_reuses_every_stage(done: flow.Done, work: Path) -> None:
    told = Heard()
    again = flow.run(BRIEF, workspace=work, frame=rows(), progress=told)
    assert again.shipped == done.shipped
    assert not [text for stage, text in told if "fold 1" in text]
    assert {stage for stage, text in told if text.endswith("(as before)")} >= {"ask", "audit", "fit", "refine"}


def test_an_unmet_line_ends_with_3_and_one_not_shown_with_4(done: flow.Done, work: Path) -> None:
    for bound, code in ((0.99, 3), (done.verdict.score.value, 4)):
        brief = replace(BRIEF, accept={"roc_auc": Accept(at_least=bound)})
        assert flow.run(brief, workspace=work, frame=rows()).code == code


def test_judge_alone_gives_the_same_verdict(done: flow.Done, work: Path) -> None:
    assert artificer.judge(BRIEF, workspace=work, frame=rows()).score == done.verdict.score


@pytest.mark.parametrize(("over_s", "says"), [(-1.0, ""), (2.0, ""), (5.0, "65.0 s, and the limit was 60 s")])
def test_a_run_that_ends_late_says_by_how_much(tmp_path: Path, over_s: float, says: str) -> None:
    state = begin(BRIEF, workspace=tmp_path, frame=rows())
    state.clock = Clock(60.0, now=lambda: 60.0 + over_s)
    state.seconds = {"judge": 4.0, "fit": 50.0}
    told = flow._late(state)
    assert told.startswith(says)
    assert ("longest: fit 50.0 s, judge 4.0 s" in told) == bool(says)


def test_a_plan_trains_nothing_and_contacts_nobody(tmp_path: Path) -> None:
    planned = forecast.plan(BRIEF, workspace=tmp_path, frame=rows())
    assert {name for name, _ in planned.tasks} >= {"linear", "lightgbm"}
    assert 0 < planned.seconds <= planned.limit_s == 60
    assert planned.contacts == ()
    assert not list(tmp_path.glob("tasks/fit-*"))


class TestReplay:
    @pytest.fixture
    def lock(self, tmp_path: Path) -> Path:
        rows().write_parquet(tmp_path / "rows.parquet")
        text = (
            '[data]\nsource = "rows.parquet"\nkey = ["id"]\n[target]\ncolumn = "won"\n'
            '[run]\nlimit_s = 60\nlearners = ["lightgbm", "linear"]\n'
        )
        (tmp_path / "brief.toml").write_text(text)
        return flow.run(tmp_path / "brief.toml").lock

    def test_it_works_in_a_fresh_place_each_time_and_keeps_the_seal_closed(self, lock: Path) -> None:
        first, locked = flow.replay(lock)
        heard = Heard()
        second, _ = flow.replay(lock, progress=heard)
        assert first.shipped.model_hash == second.shipped.model_hash == locked.model_hash
        assert first.package.parent != second.package.parent
        assert not [text for _, text in heard if "as before" in text]
        assert (first.verdict.on, first.verdict.n_openings) == ("out of fold", 0)

    def test_its_verdict_out_of_fold_is_that_of_the_run(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(1)
        x, z, noise = rng.normal(size=(3, 400))  # one part for the linear model, one for trees
        won = np.where(x + 0.7 * np.sign(x * z) + noise > 0, "yes", "no")
        few = rows().head(400).with_columns(x=x, z=z, won=won)
        few.write_parquet(tmp_path / "rows.parquet")
        (tmp_path / "brief.toml").write_text(
            '[data]\nsource = "rows.parquet"\nkey = ["id"]\n[target]\ncolumn = "won"\n'
            '[run]\nlimit_s = 60\nlearners = ["lightgbm", "linear"]\n'
        )
        done = flow.run(tmp_path / "brief.toml")
        again, locked = flow.replay(done.lock)
        assert len(locked.weights) > 1
        assert done.verdict.on == again.verdict.on == "out of fold"
        assert again.verdict.score == done.verdict.score

    def test_changed_data_are_refused(self, lock: Path) -> None:
        folder = lock.parents[3]
        rows().head(599).write_parquet(folder / "rows.parquet")
        with pytest.raises(WorkspaceError, match="the data has changed"):
            flow.replay(lock)

    def test_versions_that_changed_are_named(self, lock: Path) -> None:
        locked = load(lock, RunLock)
        assert flow.changed_versions(locked) == []
        old = replace(locked, versions={**locked.versions, "numpy": "0.9", "other": "1"})
        changes = flow.changed_versions(old)
        assert [change.partition(" ")[0] for change in changes] == ["numpy", "other"]
        assert changes[1] == "other 1 → absent"

    def test_a_lock_of_a_newer_version_is_refused(self, lock: Path) -> None:
        lock.write_text(lock.read_text().replace('"version": 1', '"version": 9', 1))
        with pytest.raises(WorkspaceError, match="version 9"):
            flow.replay(lock)


class TestLeftovers:
    def test_only_what_the_latest_run_rests_on_is_kept(self, work: Path, done: flow.Done) -> None:
        latest = flow.run(BRIEF, workspace=work, frame=rows())
        stray = work / "tasks" / "fit-stray"
        stray.mkdir()
        (stray / "x").write_bytes(b"0" * 1_000_000)
        folders, size_mb = runs.removable(work)
        needed = {summary.run_id: summary for _, summary in runs.summaries(work)}[latest.run_id].tasks
        assert stray in folders
        assert size_mb >= 1
        assert not {folder.name for folder in folders} & set(needed)
        everything, _ = runs.removable(work, everything=True)
        assert {folder.parent.name for folder in everything} == {"tasks", "runs"}

    def test_a_folder_that_is_no_workspace_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="is no workspace"):
            runs.removable(tmp_path)

    def test_a_report_is_of_the_brief_as_it_stands(self, tmp_path: Path) -> None:
        rows().write_parquet(tmp_path / "rows.parquet")
        brief = tmp_path / "brief.toml"
        text = (
            '[data]\nsource = "rows.parquet"\n[target]\ncolumn = "won"\n'
            '[run]\nlimit_s = 50\nlearners = ["lightgbm", "linear"]\n'
        )
        brief.write_text(text)
        done = flow.run(brief)
        before = done.report.read_bytes()
        brief.write_text(text.replace("50", "40"))
        assert runs.report_again(brief) == done.report
        assert done.report.read_bytes() == before
        written = runs.cards_again(brief, tmp_path / "cards")
        assert [path.name for path in written] == ["model-card.md", "data-sheet.md", "annex-iv.md", "ml-test-score.md"]
        assert all(path.read_text(encoding="utf-8").startswith("# ") for path in written)
        assert "(`[card] licence`)" in written[0].read_text(encoding="utf-8")
        brief.write_text(text + '[card]\nlicence = "for the bank alone"\n')  # what a person adds later needs no new run
        assert "Licence: for the bank alone" in runs.cards_again(brief, tmp_path / "cards")[0].read_text(
            encoding="utf-8"
        )
        brief.write_text(text + '[features]\nexclude = ["id"]\n')
        with pytest.raises(WorkspaceError, match="as it stands"):
            runs.report_again(brief)


def test_a_record_with_infinities_in_a_summary_comes_back(tmp_path: Path, work: Path, done: flow.Done) -> None:
    _, summary = next(runs.summaries(work))
    wide = replace(summary.page.verdict.score, low=float("-inf"))
    page = replace(summary.page, verdict=replace(summary.page.verdict, score=wide))
    save(tmp_path / "run.json", replace(summary, page=page))
    assert load(tmp_path / "run.json", runs.Summary).page.verdict.score == wide


def test_a_second_run_of_the_name_is_refused_while_the_first_is_at_work(tmp_path: Path) -> None:
    told: list[str] = []

    def meanwhile(stage: str, text: str) -> None:
        if stage == "fit" and not told:
            with pytest.raises(WorkspaceError, match=r"another run of '.*' is at work in .*--workspace") as refused:
                artificer.run(BRIEF, workspace=tmp_path, frame=rows())
            told.append(str(refused.value))

    first = artificer.run(BRIEF, workspace=tmp_path, frame=rows(), progress=meanwhile)
    assert told
    assert first.package.is_dir()


def test_a_model_that_is_judged_on_other_rows_has_a_package_of_its_own(tmp_path: Path) -> None:
    frame, test = rows(), rows().with_columns(pl.col("x") * 1.0)
    path = tmp_path / "test.csv"
    brief = replace(BRIEF, data=replace(BRIEF.data, test=str(path)))
    test.head(300).write_csv(path)
    first = artificer.run(brief, workspace=tmp_path / "work", frame=frame)
    test.head(300).with_columns(won=pl.col("won").reverse()).write_csv(path)
    second = artificer.run(brief, workspace=tmp_path / "work", frame=frame)
    assert first.shipped.model_hash == second.shipped.model_hash
    assert first.package != second.package
    told = json.loads((second.package / "verdict.json").read_text())
    assert told["score"]["value"] == second.verdict.score.value != first.verdict.score.value
