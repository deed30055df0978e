"""The verdict on a model: which rows it reads, how often they were opened, and what it compares with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, Capacity, Data, DecisionPart, Features, RunPart, Target, Task, Value
from artificer.core.records import Estimate
from artificer.core.report.sections import value
from artificer.core.run import Run
from artificer.core.stages import Model, RunLock, Verdict
from artificer.core.store import decode, encode
from artificer.line.ask import ask, begin
from artificer.line.ask.rows import labelled
from artificer.line.judge import judge
from artificer.measure.correct import spent
from artificer.measure.metrics import METRICS, score
from artificer_runtime import load
from artificer_runtime.errors import RowsError
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

# Two learners are enough where the portfolio is not what is tested.
TWO = RunPart(learners=("lightgbm", "linear"))

N = 700
WELL, BADLY, REFERENCE = {"x": 2.0, "z": 0.0}, {"x": 0.2, "z": 1.0}, {"x": 1.0, "z": 1.0}


def rows(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, N)).round(3)
    days = np.datetime64("2024-01-01") + np.sort(rng.integers(0, 300, N)).astype("timedelta64[D]")
    won = np.where(x + 0.6 * rng.normal(size=N) > 0.2, "yes", "no")
    return pl.DataFrame({"day": days, "x": x, "z": z, "town": rng.choice(["n", "s"], N), "won": won})


BRIEF = Brief(
    target=Target(column="won", positive="yes"),
    data=Data(time="day"),
    decision=DecisionPart(capacity=Capacity(top=5, every="7d"), value=Value(currency="EUR", acted=-6, success=80)),
    features=Features(protected=("town",), effect={"x": "increasing"}),
    accept={"roc_auc": Accept(at_least=0.6), "list_precision": Accept(at_least=0.5), "size_mb": Accept(at_most=5)},
)


def begun(folder: Path, brief: Brief = BRIEF, frame: pl.DataFrame | None = None, **fields: Any) -> Run:
    run = begin(brief, workspace=folder, frame=rows() if frame is None else frame, limit_s=600)
    run.effects = False
    return replace(run, **fields)


def model(
    run: Run, coefficients: Mapping[str, float] = WELL, reference: Mapping[str, float] | None = REFERENCE
) -> Model:
    """A model as `refine` leaves it, with coefficients in place of training."""
    asked = ask(run)
    name = f"model {sorted(coefficients.items())}"
    model_hash = _written(run, f"{name}/model", coefficients)
    train = labelled(run, asked, asked.train)
    places = np.arange(100, train.n_rows)
    arrays = {"rows": places, "prediction": _raw(run, f"{name}/model", train.frame)[places]}
    if reference is not None:
        _written(run, f"{name}/reference", reference)
        arrays["linear"] = _raw(run, f"{name}/reference", train.frame)[places]
    np.savez(run.path(f"{name}/out_of_fold.npz"), **arrays)
    linear = f"{name}/reference" if reference is not None else ""
    unknown = Estimate(0.5, 0.4, 0.6, "", 1)
    return Model(f"{name}/model", (), linear, unknown, model_hash, f"{name}/out_of_fold.npz")


def _written(run: Run, name: str, coefficients: Mapping[str, float]) -> str:
    asked = ask(run)
    names = tuple(coefficients)
    schema = Schema(tuple(Column(name, "number") for name in names))
    recipe = FittedRecipe(Recipe((Block("numbers", "numbers@1", names),)), schema, {"numbers": {}})
    n_out = len(asked.classes) if asked.task == "multiclass" else 1
    weights = np.outer(np.linspace(-1, 1, n_out) if n_out > 1 else [1.0], list(coefficients.values()))
    link = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}[asked.task]
    member = Linear(weights, np.zeros(n_out), np.zeros(len(names), np.float32), link)  # type: ignore[arg-type]
    parts = (Weighted(member, 1.0, ("numbers",)),)
    place = run.path(name)
    if place.exists():
        return load(place).model_hash
    return write(place, Contents(asked.task, "won", asked.classes, "string", recipe, parts))


def _raw(run: Run, name: str, frame: pl.DataFrame) -> np.ndarray:
    predictor = load(run.path(name))
    return predictor.raw(predictor.schema.encode(frame))


def without_timings(verdict: Verdict) -> Verdict:
    return replace(verdict, facts=tuple(fact for fact in verdict.facts if not fact.name.startswith("latency")))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return begun(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def verdict(run: Run) -> Verdict:
    return judge(run, model(run))


def test_the_score_is_that_of_the_sealed_rows(run: Run, verdict: Verdict) -> None:
    asked = ask(run)
    assert asked.sealed is not None
    sealed = labelled(run, asked, asked.sealed.rows)
    truth = score("roc_auc", sealed.y, _raw(run, model(run).folder, sealed.frame))
    assert (verdict.on, verdict.n_rows, verdict.n_openings) == ("sealed rows", sealed.n_rows, 1)
    assert verdict.score.value == pytest.approx(truth)
    assert [line.requirement.id for line in verdict.lines] == ["roc_auc", "list_precision", "size_mb"]


def test_where_nothing_limits_a_list_no_period_is_told_of(tmp_path: Path) -> None:
    brief = replace(BRIEF, decision=DecisionPart(value=Value(currency="EUR", acted=-6, success=80)), accept={})
    run = begun(tmp_path, brief)
    verdict = judge(run, model(run))
    assert not {fact.name for fact in verdict.facts} & {"periods", "binding_periods", "rows_per_period"}
    assert verdict.curve
    assert value(brief, verdict)["over"] == ""
    assert "whole periods of 7d" in value(BRIEF, verdict)["over"]


def test_a_verdict_holds_all_that_the_report_shows(verdict: Verdict) -> None:
    assert {name for name, _ in verdict.scores} > {"roc_auc", "log_loss", "accuracy", "calibration_slope"}
    assert {name for name, _ in verdict.slices} == {"town = n", "town = s"}
    assert {fact.name for fact in verdict.facts} >= {"periods", "binding_periods", "rows_per_period", "latency_p99_ms"}
    assert (
        {"effect", "fairness"} <= {finding.code for finding in verdict.findings} <= {"effect", "fairness", "weak_slice"}
    )
    assert {one.which for one in verdict.explained} == {"highest", "lowest"}
    assert "x" in {one.column for one in verdict.shapes}
    assert verdict.tests == ()  # effects are off
    lengths = [length for length, _ in verdict.curve]
    assert lengths == sorted(set(lengths))
    assert 5 in lengths
    assert verdict.against_baseline is not None
    assert verdict.against_linear is not None
    assert verdict.against_baseline.is_gain
    assert verdict.against_linear.is_gain
    assert set(verdict.chances) == {"a constant", "a linear model"}
    assert verdict.chances["a linear model"].better > 0.97  # what the interval says too


def test_a_verdict_survives_the_store(verdict: Verdict) -> None:
    assert decode(encode(verdict), Verdict) == verdict


def test_the_worth_of_the_list_is_on_the_curve(run: Run) -> None:
    wanted = replace(BRIEF, accept={"value_per_week": Accept(at_least=1)})
    other = begun(run.workspace.root, wanted)
    found = judge(other, model(other))
    assert dict(found.curve)[5] == found.lines[0].estimate


def test_the_same_model_is_one_opening_and_another_widens_every_interval(tmp_path: Path) -> None:
    first, again, second = (begun(tmp_path) for _ in range(3))
    one, same = judge(first, model(first)), judge(again, model(again))
    assert without_timings(one) == without_timings(same)
    other = judge(second, model(second, BADLY))
    assert (one.n_openings, same.n_openings, other.n_openings) == (1, 1, 2)
    assert {estimate.level for _, estimate in (*other.scores, *other.slices, *other.curve)} == {spent(0.95, 2)}
    assert {line.estimate.level for line in other.lines if line.estimate} == {spent(0.95, 2)}


def test_two_models_in_one_run_have_a_verdict_each(run: Run) -> None:
    good, bad = judge(run, model(run)), judge(run, model(run, BADLY))
    assert bad.score.value < good.score.value - 0.1
    assert judge(run, model(run)) == good


def test_out_of_fold_opens_no_seal(tmp_path: Path) -> None:
    run = begun(tmp_path)
    sealed = ask(run).sealed
    assert sealed is not None
    run.path(sealed.rows.path).unlink()
    found = judge(run, model(run), sealed=False)
    assert (found.on, found.n_openings, found.n_rows) == ("out of fold", 0, ask(run).train.n_rows - 100)
    assert run.ledger.open_seal(sealed.rows.fingerprint, "another model", run.id) == 1


def test_a_replay_opens_no_seal(tmp_path: Path) -> None:
    lock = RunLock("", BRIEF, "", "", "", {}, (), {}, {})
    run = begun(tmp_path, replay=lock)
    assert judge(run, model(run)).on == "out of fold"


def test_few_rows_are_judged_out_of_fold(tmp_path: Path) -> None:
    run = begun(tmp_path, frame=rows().head(300))
    assert ask(run).sealed is None
    assert judge(run, model(run)).on == "out of fold"


def test_scrambled_sealed_labels_change_the_verdict_and_no_prediction(tmp_path: Path) -> None:
    frame = rows()
    plain = begun(tmp_path / "plain")
    n_sealed = judge(plain, model(plain)).n_rows
    won = frame["won"].to_numpy().copy()
    won[-n_sealed:] = np.random.default_rng(1).permutation(won[-n_sealed:])
    other = begun(tmp_path / "scrambled", frame=frame.with_columns(won=pl.Series(won)))
    assert ask(other).train.fingerprint == ask(plain).train.fingerprint
    before, after = (judge(one, model(one)) for one in (plain, other))
    assert after.score.value < before.score.value - 0.2
    assert after.limits[0].startswith("anything yet: it is not shown to be better than a constant")
    assert not before.limits[0].startswith("anything")
    predicted = [next(fact.value for fact in one.facts if fact.name == "predicted_share") for one in (before, after)]
    assert predicted[0] == predicted[1]


@pytest.mark.parametrize("positive", ["yes", "no"])
def test_success_is_what_the_brief_says(tmp_path: Path, positive: str) -> None:
    run = begun(tmp_path, replace(BRIEF, target=Target(column="won", positive=positive), features=Features()))
    found = judge(run, model(run))
    facts = {fact.name: float(fact.value) for fact in found.facts}
    asked = ask(run)
    assert asked.sealed is not None
    share = (labelled(run, asked, asked.sealed.rows).frame["won"] == positive).mean()
    assert facts["actual_share"] == pytest.approx(share)
    assert found.score.value > 0.8


def test_without_a_reference_there_is_no_comparison_with_it(tmp_path: Path) -> None:
    run = begun(tmp_path)
    plain = model(run, reference=None)
    assert judge(run, plain).against_linear is None
    assert judge(run, plain, sealed=False).against_linear is None


@pytest.mark.parametrize(("task", "metric"), [(task, name) for name, found in METRICS.items() for task in found.tasks])
def test_every_task_is_judged_in_every_metric(tmp_path: Path, task: Task, metric: str) -> None:
    frame = rows()
    x = frame["x"].to_numpy()
    labels: Any = {
        "binary": frame["won"],
        "multiclass": pl.Series(np.array(["a", "b", "c"])[np.digitize(x, [-0.5, 0.5])]),
        "regression": pl.Series(np.exp(x)),
    }[task]
    accept = Accept(at_least=0.1) if METRICS[metric].larger_is_better else Accept(at_most=1.0)
    brief = Brief(run=TWO, target=Target(column="won"), accept={metric: accept})
    run = begun(tmp_path, brief, frame.drop("day").with_columns(won=labels))
    found = judge(run, model(run))
    assert ask(run).task == task
    assert found.metric == metric
    assert np.isfinite([found.score.value, found.score.low]).all()
    assert found.against_baseline is not None
    assert np.isfinite(found.against_baseline.value)


@pytest.mark.parametrize(("metric", "best"), [("mae", np.median), ("rmse", np.mean)])
def test_the_constant_is_the_best_one_for_the_metric(tmp_path: Path, metric: str, best: Any) -> None:
    frame = rows().drop("day")
    frame = frame.with_columns(won=pl.Series(np.exp(frame["x"].to_numpy())))
    brief = Brief(run=TWO, target=Target(column="won"), accept={metric: Accept(at_most=1.0)})
    run = begun(tmp_path, brief, frame)
    found, asked = judge(run, model(run)), ask(run)
    assert asked.sealed is not None
    assert found.against_baseline is not None
    y = labelled(run, asked, asked.sealed.rows).y
    constant = np.full(len(y), best(labelled(run, asked, asked.train).y))
    assert found.against_baseline.value == pytest.approx(score(metric, y, constant) - found.score.value)


def test_a_constant_of_two_classes_has_success_where_the_labels_have_it(tmp_path: Path) -> None:
    frame = rows().with_columns(won=pl.when(pl.col("x") > 0.8).then(pl.lit("yes")).otherwise(pl.lit("no")))
    brief = Brief(run=TWO, target=Target(column="won", positive="no"), data=Data(time="day"))
    run = begun(tmp_path, replace(brief, accept={"log_loss": Accept(at_most=1.0)}), frame)
    found, asked = judge(run, model(run)), ask(run)
    assert asked.sealed is not None
    assert found.against_baseline is not None
    y, share = labelled(run, asked, asked.sealed.rows).y, labelled(run, asked, asked.train).y.mean()
    constant = score("log_loss", y, np.tile([1 - share, share], (len(y), 1)))
    assert found.against_baseline.value == pytest.approx(constant - found.score.value)


def test_a_model_that_reads_the_target_finds_it_absent(tmp_path: Path) -> None:
    frame = rows().with_columns(won=pl.col("x").exp())
    run = begun(tmp_path, Brief(run=TWO, target=Target(column="won")), frame)
    cheat = model(run, {"won": 1.0}, reference=None)
    with pytest.raises(RowsError, match="won"):
        judge(run, cheat)


def test_weights_and_groups_reach_every_score(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = rows().with_columns(w=pl.Series(rng.uniform(0.1, 3, N)), g=pl.Series(rng.integers(0, 200, N)))
    brief = replace(BRIEF, data=Data(group="g", weight="w"), decision=DecisionPart(), accept={})
    run = begun(tmp_path, brief, frame)
    found, asked = judge(run, model(run)), ask(run)
    assert asked.sealed is not None
    sealed = labelled(run, asked, asked.sealed.rows)
    p = _raw(run, model(run).folder, sealed.frame)
    assert found.score.value == pytest.approx(score("roc_auc", sealed.y, p, sealed.weight))
    assert found.score.n < found.n_rows
    assert "groups" in found.score.method
