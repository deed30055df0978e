"""Proofs: what is sealed stays sealed, a replay is the same model, and the runtime needs numpy alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import artificer, document

import artificer_runtime
from artificer import flow
from artificer.core.brief import Accept, Brief, Capacity, Data, DecisionPart, Features, RunPart, Target
from artificer.core.stages import Model, RunLock
from artificer.core.store import load
from artificer.line.ask import ask
from artificer.line.ask.rows import labelled
from artificer.line.ask.start import begin
from artificer.line.ship import ship
from artificer_runtime.outcome import tempered

pytestmark = pytest.mark.slow


def rows(n_rows: int = 900, seed: int = 0) -> pl.DataFrame:
    """Rows with a time, so that the latest fifth is sealed."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n_rows))
    city = rng.choice(["Oslo", "Rome", "Lima", "Bern"], n_rows)
    day = np.datetime64("2024-01-01") + np.sort(rng.integers(0, 300, n_rows)).astype("timedelta64[D]")
    won = x + 0.5 * (city == "Rome") + rng.normal(size=n_rows) > 0.3
    return pl.DataFrame({"day": day, "x": x.round(4), "z": z.round(4), "city": city, "won": np.where(won, "yes", "no")})


BRIEF = Brief(
    target=Target(column="won", positive="yes"),
    data=Data(time="day"),
    decision=DecisionPart(capacity=Capacity(top=5, every="7d")),
    accept={"roc_auc": Accept(at_least=0.6), "list_precision": Accept(at_least=0.5)},
    run=RunPart(limit_s=60, learners=("lightgbm", "linear")),
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> flow.Done:
    """One run of the line."""
    return flow.run(BRIEF, workspace=tmp_path_factory.mktemp("work"), frame=rows())


def test_scrambling_the_sealed_labels_leaves_the_model_hash_unchanged(done: flow.Done, tmp_path: Path) -> None:
    frame = rows()
    asked = ask(begin(BRIEF, workspace=tmp_path / "a", frame=frame))
    assert asked.sealed is not None
    cut = frame["day"].sort()[-asked.sealed.rows.n_rows]
    sealed = (frame["day"] >= cut).to_numpy()
    assert sealed.sum() == asked.sealed.rows.n_rows
    won = frame["won"].to_numpy().copy()
    won[sealed] = np.random.default_rng(1).permutation(won[sealed])
    scrambled = flow.run(BRIEF, workspace=tmp_path / "b", frame=frame.with_columns(won=pl.Series(won)))
    assert scrambled.shipped.model_hash == done.shipped.model_hash
    assert scrambled.verdict.score != done.verdict.score


def test_changing_a_training_label_changes_the_model_hash(done: flow.Done, tmp_path: Path) -> None:
    frame = rows()
    won = ["yes" if frame["won"][0] == "no" else "no", *frame["won"].to_list()[1:]]
    changed = flow.run(BRIEF, workspace=tmp_path, frame=frame.with_columns(won=pl.Series(won)))
    assert changed.shipped.model_hash != done.shipped.model_hash


def test_a_replay_gives_the_same_model_and_opens_no_seal(tmp_path: Path, case_folder: Path) -> None:
    found = document("run", case_folder / "brief.toml", "--limit", 20)
    lock = Path(found["files"]["lock"])
    replayed = document("run", "--replay", lock)
    assert replayed["result"]["same"] is True
    assert replayed["result"]["is"] == found["result"]["shipped"]["model_hash"]


def test_a_replay_follows_a_run_that_the_clock_cut(tmp_path: Path) -> None:
    rows(60_000).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "brief.toml").write_text(
        '[data]\nsource = "rows.parquet"\ntime = "day"\n[target]\ncolumn = "won"\npositive = "yes"\n[run]\nlimit_s = 4\n'
    )
    found = document("run", tmp_path / "brief.toml")
    lock = load(Path(found["files"]["lock"]), RunLock)
    assert any("clock" in why for why in lock.dropped.values()) or len(lock.stops) < 12, "the clock cut nothing"
    assert document("run", "--replay", found["files"]["lock"])["result"]["same"] is True


def test_the_package_predicts_in_a_process_that_has_numpy_alone(done: flow.Done, tmp_path: Path) -> None:
    frame = rows(50, seed=5).drop("won")
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(frame.with_columns(pl.col("day").cast(pl.String)).to_dicts()))
    program = (
        "import json, sys\n"
        "import artificer_runtime\n"
        f"rows = json.load(open({str(path)!r}))\n"
        f"p = artificer_runtime.load({str(done.package)!r}).predict_proba(rows)\n"
        "other = sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))\n"
        "print(json.dumps({'modules': other, 'p': p.tolist()}))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout)
    ours = {name for name in found["modules"] if not name.startswith(("_", "__editable__"))}
    assert ours <= {"artificer_runtime", "numpy", "sitecustomize"}, ours
    np.testing.assert_array_equal(np.array(found["p"]), artificer_runtime.load(done.package).predict_proba(frame))


def test_the_verdict_does_not_hang_on_who_asks(done: flow.Done, tmp_path: Path) -> None:
    again = flow.run(BRIEF, workspace=tmp_path, frame=rows().sample(fraction=1.0, shuffle=False))
    assert again.verdict.score == done.verdict.score
    assert again.shipped.model_hash == done.shipped.model_hash


def test_a_second_model_on_the_same_sealed_rows_is_counted_and_widens_the_intervals(tmp_path: Path) -> None:
    first = flow.run(BRIEF, workspace=tmp_path, frame=rows())
    other = replace(BRIEF, features=Features(exclude=("z",)))
    second = flow.run(other, workspace=tmp_path, frame=rows())
    assert (first.verdict.n_openings, second.verdict.n_openings) == (1, 2)
    assert second.verdict.score.level > first.verdict.score.level


def test_the_demo_exits_0_whatever_the_verdict(tmp_path: Path) -> None:
    ended = artificer("demo", tmp_path / "demo", cwd=tmp_path, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert "✗" in ended.stdout
    assert "artificer predict" in ended.stdout
    assert "CC BY 4.0" in ended.stderr
    assert (tmp_path / "demo" / "SOURCE.md").exists()


def test_the_package_predicts_what_the_training_libraries_themselves_predict(tmp_path: Path) -> None:
    run = begin(BRIEF, workspace=tmp_path, frame=rows())
    shipped = ship(run)
    model: Model = run.results["refine"]
    weight, log_odds = dict[str, float](), dict[str, list[np.ndarray]]()
    for part in model.parts:  # seeds of one candidate are averaged as log odds
        native = np.load(run.path(part.folder) / "native.npy")
        weight[part.candidate] = weight.get(part.candidate, 0.0) + part.weight
        log_odds.setdefault(part.candidate, []).append(np.log(native[:, 1] / native[:, 0]))
    chance = sum(weight[name] / (1 + np.exp(-np.mean(odds, axis=0))) for name, odds in log_odds.items())
    chance = tempered(np.stack([1 - chance, chance], axis=1), model.outputs.temperature)[:, 1]
    trained_on = labelled(run, ask(run), ask(run).train).frame.drop("won")[: len(native)]
    ours = artificer_runtime.load(run.path(shipped.package)).predict_proba(trained_on)
    np.testing.assert_allclose(ours[:, 1], chance[: len(ours)], atol=1e-6)  # edge rows come after them
