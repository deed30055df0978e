"""Each stage's record matters: change it, and a later stage acts differently."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, RunPart, Target
from artificer.core.records import Finding
from artificer.core.run import Run
from artificer.core.stages import Line, Trained
from artificer.line.ask import begin
from artificer.line.choose import choose
from artificer.line.describe import describe
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.judge.drivers import read_columns
from artificer.line.judge.lines import test_lines as judged_lines
from artificer.line.judge.seen import Seen
from artificer.line.refine import limits, refine
from artificer.line.ship import ship
from artificer.report import write_report
from artificer.sklearn import Classifier
from artificer_runtime import load
from artificer_runtime.package import read

pytestmark = pytest.mark.slow

ORDER = ("ask", "audit", "choose", "describe", "design", "encode", "fit", "refine", "judge", "ship")
BRIEF = Brief(
    target=Target(column="won", positive="yes"),
    accept={"roc_auc": Accept(at_least=0.6), "latency_ms": Accept(p99_at_most=50.0, where="package")},
    run=RunPart(limit_s=60, learners=("lightgbm", "linear")),
)


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=(2, 800))
    city = rng.choice(["Oslo", "Rome", "Lima"], 800)
    won = np.sin(2 * x) + 0.5 * (city == "Rome") + 0.7 * rng.normal(size=800) > 0.2
    return pl.DataFrame({"x": x.round(4), "z": z.round(4), "city": city, "won": np.where(won, "yes", "no")})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose stages have all ended."""
    run = begin(BRIEF, workspace=tmp_path_factory.mktemp("work"), frame=rows())
    ship(run)
    return run


def changed(whole: Run, stage: str, **fields: Any) -> Run:
    """A run that has the records up to `stage`, that one changed."""
    kept = {name: whole.results[name] for name in ORDER[: ORDER.index(stage) + 1]}
    return Run(
        brief=whole.brief,
        folder=whole.folder,
        workspace=whole.workspace,
        clock=whole.clock.after(60),
        frame=whole.frame,
        results={**kept, stage: replace(kept[stage], **fields)},
    )


def test_without_a_change_nothing_changes(whole: Run) -> None:
    assert ship(changed(whole, "ask")) == whole.results["ship"]


def test_ask(whole: Run) -> None:
    run = changed(whole, "ask", features=("x", "city"))
    assert choose(run).features == ("x", "city") != whole.results["choose"].features


def test_audit(whole: Run) -> None:
    empty = Finding("constant", "note", "z", "'z' never varies", "drop it")
    run = changed(whole, "audit", findings=(empty,))
    assert choose(run).features == ("x", "city")


def test_choose(whole: Run) -> None:
    run = changed(whole, "choose", features=("x", "z"))
    assert {name for block in encode(run).blocks for name in block.columns} == {"x", "z"}


def test_describe(whole: Run) -> None:
    told = whole.results["describe"].columns
    run = changed(whole, "describe", columns=tuple(replace(one, association=None) for one in told))
    seen = SimpleNamespace(predictor=load(whole.path(whole.results["ship"].package)))
    assert read_columns(seen, describe(run)) != read_columns(seen, describe(whole))  # type: ignore[arg-type]


def test_who_asks_for_a_model_alone_has_no_columns_described() -> None:
    model = Classifier(budget_s=10, learners=("linear",)).fit(rows().drop("won"), rows()["won"].to_numpy())
    assert {"audit", "encode"} <= model._run.results.keys()
    assert "describe" not in model._run.results


def test_design(whole: Run) -> None:
    plan = whole.results["design"]
    run = changed(whole, "design", candidates=tuple(one for one in plan.candidates if one.name == "linear"))
    assert [trial.candidate.name for trial in fit(run).trials] == ["linear"]


def test_encode(whole: Run) -> None:
    encoding = whole.results["encode"]
    poorer = tuple(replace(one, blocks=one.blocks[1:]) for one in encoding.candidates)
    run = changed(whole, "encode", candidates=poorer)
    assert _first_losses(fit(run)) != _first_losses(whole.results["fit"])


def _first_losses(trained: Trained) -> list[float]:
    return [trial.fits[0].loss for trial in trained.trials]


def test_fit(whole: Run, tmp_path: Path) -> None:
    trained = whole.results["fit"]
    with np.load(whole.path(trained.predictions)) as stored:
        arrays = dict(stored)
    truth = np.stack([1 - arrays["y"], arrays["y"]], axis=1) * 0.98 + 0.01
    place = whole.path("tasks/changed predictions.npz")
    np.savez(place, **{**arrays, "linear": truth})
    run = changed(whole, "fit", predictions="tasks/changed predictions.npz")
    assert [part.candidate for part in refine(run).parts] == ["linear"]
    assert [part.candidate for part in whole.results["refine"].parts] != ["linear"]


def test_refine(whole: Run) -> None:
    model = whole.results["refine"]
    run = changed(whole, "refine", folder=model.reference, parts=model.parts[:1], model_hash="another")
    assert ship(run).model_hash == "another"
    place = run.path(ship(run).package)
    assert load(place).contents.members[0].member.form == "linear@1"


def test_judge_s_own_measure_makes_refine_drop_what_is_too_slow(whole: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = whole.results["refine"]
    measured: list[tuple[str, ...]] = []

    def too_slow(seen: Seen) -> tuple[Line, ...]:
        measured.append(tuple(one.id for one in seen.asked.requirements))
        lines = judged_lines(seen)
        return tuple(replace(line, outcome="unmet") for line in lines) if len(measured) == 1 else lines

    monkeypatch.setattr(limits, "test_lines", too_slow)
    run = changed(whole, "fit")
    for stored in run.workspace.root.glob("tasks/refine-*"):
        shutil.rmtree(stored)
    if len(model.parts) == 1:
        pytest.fail("the blend must have two members for this test: change its rows")
    assert len(refine(run).parts) < len(model.parts)
    assert set(measured) == {("latency_ms",)}


def test_judge_on_the_sealed_rows_is_what_the_package_says(whole: Run) -> None:
    verdict = whole.results["judge"]
    run = changed(whole, "judge", lines=tuple(replace(line, outcome="unmet") for line in verdict.lines))
    run.brief = replace(run.brief, owner="somebody else")
    card = read(run.path(ship(run).package))[2]["card.json"].decode()
    assert '"roc_auc": "unmet"' in card


def test_ship(whole: Run, tmp_path: Path) -> None:
    before = write_report(whole, tmp_path / "a").read_text()
    after = write_report(changed(whole, "ship", version="another"), tmp_path / "b").read_text()
    assert "another" in after
    assert before != after
