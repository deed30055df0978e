"""The race, the blend and the certificate."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Brief, Features, MonotoneEffect, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.errors import FaultError
from artificer.core.records import Estimate
from artificer.core.run import Run
from artificer.core.stages import FoldFit, Trial
from artificer.data.edges import edge_rows
from artificer.line import refine as refining
from artificer.line.ask import begin
from artificer.line.fit import fit
from artificer.line.fit.course import Course, Encodings
from artificer.line.judge import judge
from artificer.line.refine import _gather, refine
from artificer.line.refine.blend import Measured, Predictions, best_single, cross_fitted, greedy, mixed
from artificer.line.refine.refit import Refits
from artificer.line.ship import ship
from artificer.line.ship.packing import ways_of
from artificer.measure.metrics import score
from artificer_runtime import load, walk
from artificer_runtime.verification import verify

pytestmark = pytest.mark.slow
FEW = RunPart(learners=("lightgbm", "linear", "catboost"))


def rows(n_rows: int = 1200, noise: float = 0.6) -> pl.DataFrame:
    rng = np.random.default_rng(8)
    x, z = rng.normal(size=(2, n_rows))
    won = np.sin(3 * x) * np.sign(z) + noise * rng.normal(size=n_rows) > 0
    return pl.DataFrame({"x": x, "z": z, "lot": rng.integers(0, 10**6, n_rows), "won": np.where(won, "yes", "no")})


def started(folder: Path, brief: Brief | None = None, **changes: object) -> Run:
    run = begin(brief or Brief(target=Target(column="won"), run=FEW), workspace=folder, frame=rows())
    run.effects = False
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def test_a_candidate_that_is_clearly_beaten_stops_and_the_linear_one_never_does(tmp_path: Path) -> None:
    trained = fit(started(tmp_path))
    by_name = {trial.candidate.name: trial for trial in trained.trials}
    assert by_name["linear"].score is not None
    assert by_name["linear"].score.value < max(trial.score.value for trial in trained.trials if trial.score)
    assert all("paired t" in trial.dropped for trial in trained.trials if trial.score is None)


def test_a_target_that_nothing_tells_scores_as_a_coin_out_of_fold(tmp_path: Path) -> None:
    coin = np.random.default_rng(3).choice(["no", "yes"], 1200)
    run = begin(
        Brief(target=Target(column="won"), run=FEW), workspace=tmp_path, frame=rows().with_columns(won=pl.Series(coin))
    )
    run.effects = False
    for trial in fit(run).trials:
        assert trial.score is None or trial.score.low < 0.53


def test_one_worker_and_two_give_the_same_model(tmp_path: Path) -> None:
    assert (
        refine(started(tmp_path / "a", n_workers=1)).model_hash
        == refine(started(tmp_path / "b", n_workers=2)).model_hash
    )


def test_what_was_trained_before_is_not_trained_again(tmp_path: Path) -> None:
    first = fit(started(tmp_path))
    again = started(tmp_path)
    assert fit(again) == first
    assert "fit" in again.reused


def test_a_clock_that_has_run_out_still_gives_a_model_and_says_what_it_left_out(tmp_path: Path) -> None:
    run = started(tmp_path, clock=Clock.after(0.0))
    model = refine(run)
    assert model.cut
    assert any("clock" in trial.dropped for trial in fit(run).trials)
    assert load(run.path(model.folder)).predict(rows().head(3)).shape == (3,)
    assert not run.workspace.done(f"blend-{model.folder.split('-')[-1]}")


@given(st.integers(0, 2**31), st.integers(2, 4))
def test_a_greedy_blend_is_at_most_as_far_from_the_best_single_as_its_members_are(seed: int, n_candidates: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 300).astype(float)
    y[:2] = [0, 1]
    measured = Measured(np.arange(300), y, "log_loss", "binary")
    chances = {f"c{k}": np.clip(rng.normal(0.5 + 0.2 * (y - 0.5), 0.2), 0.01, 0.99) for k in range(n_candidates)}
    predictions = {name: np.stack([1 - p, p], axis=1) for name, p in chances.items()}
    weights = greedy(measured, predictions, most=n_candidates)
    assert sum(weights.values()) == pytest.approx(1)
    single = best_single(measured, predictions)
    if min(weights.values()) >= 0.04:  # where nothing was rounded away
        # Log loss is convex, and half of each weight is drawn to the mean of the members.
        members = np.mean([score("log_loss", y, predictions[name]) for name in weights])
        most = (score("log_loss", y, predictions[single]) + members) / 2
        assert score("log_loss", y, mixed(predictions, weights)) <= most + 1e-9
    blend, alone = cross_fitted(measured, predictions, most=n_candidates)
    assert np.isfinite(blend).all()
    assert np.isfinite(alone).all()


@pytest.mark.parametrize(("high", "told"), [(0.001, "is not shown to lose"), (-0.001, "blending loses")])
def test_a_blend_is_left_only_where_it_is_shown_to_lose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, high: float, told: str
) -> None:
    run = started(tmp_path)
    fit(run)
    gain = Estimate(-0.002, -0.005, high, "paired", 100, 0.8)
    way = ({"lightgbm": 1.0}, {"lightgbm": 0.5, "catboost": 0.5})
    monkeypatch.setattr(refining, "path", lambda measured, predictions, most: way)
    monkeypatch.setattr(refining, "gain_of_blending", lambda measured, blend, single: gain)
    model = refine(run)
    why = next(one.because for one in model.decisions if one.question == "One candidate or a blend?")
    assert told in why
    assert (len({part.candidate for part in model.parts}) > 1) == (high > 0)


@pytest.mark.parametrize("high", [0.001, -0.001])
def test_what_ships_is_scored_by_weights_that_other_rows_chose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, high: float
) -> None:
    run, seen, drawn = started(tmp_path), list[float](), list[np.ndarray]()

    def unseen(measured: Measured, predictions: Predictions, most: int) -> tuple[np.ndarray, np.ndarray]:
        chances = np.random.default_rng(0).random((2, len(measured.y)))
        blend, single = np.stack([1 - chances, chances], axis=2)
        drawn.extend((blend, single))
        seen.extend(score(measured.metric, measured.y, one) for one in (blend, single))
        return blend, single

    monkeypatch.setattr(refining, "cross_fitted", unseen)
    gain = Estimate(-0.002, -0.005, high, "paired", 100, 0.8)
    monkeypatch.setattr(refining, "gain_of_blending", lambda measured, blend, single: gain)
    model = refine(run)
    assert model.score.value == pytest.approx(seen[0 if high > 0 else 1])
    with np.load(run.path(model.out_of_fold)) as stored:
        told = stored["prediction"][:, 1]
    assert abs(np.corrcoef(told, drawn[0 if high > 0 else 1][:, 1])[0, 1]) > 0.9  # but for their temperature


def test_a_metric_without_a_bound_is_blended_too() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 2000).astype(float)
    chances = {f"c{k}": np.clip(0.5 + 0.3 * (y - 0.5) + 0.2 * rng.normal(size=2000), 0.01, 0.99) for k in range(4)}
    predictions = {name: np.stack([1 - p, p], axis=1) for name, p in chances.items()}
    assert len(greedy(Measured(np.arange(2000), y, "value:-6,20", "binary"), predictions, most=4)) > 1


def test_where_a_metric_says_nothing_a_blend_is_chosen_by_the_loss() -> None:
    rng = np.random.default_rng(0)
    predictions = {name: 2.0 + size * rng.normal(size=(60, 1)) for name, size in (("near", 0.1), ("far", 3.0))}
    measured = Measured(np.arange(60), np.full(60, 2.0), "r2", "regression")
    assert best_single(measured, predictions) == "near"
    assert greedy(measured, predictions, most=2)["near"] > 0.8


def test_a_refit_that_fails_leaves_the_first_folds_blend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(tmp_path)
    fit(run)

    def failing(self: Refits, wanted: object) -> object:
        raise MemoryError("no room")

    monkeypatch.setattr(Refits, "_refit", failing)
    model = refine(run)
    assert not model.refitted
    assert model.cut
    assert load(run.path(model.folder)).predict(rows().head(3)).shape == (3,)


def test_what_ships_without_a_refit_reads_what_the_first_fold_was_trained_on_and_makes_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int | None] = []
    encodings = Course.encodings

    def counted(self: Course, fold: int | None, *rest: object) -> Encodings:
        made.append(fold)
        return encodings(self, fold, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Course, "encodings", counted)
    monkeypatch.setattr(Refits, "seconds", lambda self, names: np.inf)
    run = started(tmp_path, judged=False)
    model = refine(run)
    assert not model.refitted
    assert made.count(0) == 1
    assert None not in made
    predicted = load(run.path(model.folder)).predict(rows().head(5))
    assert len(predicted) == 5


def test_a_reference_that_cannot_be_refitted_leaves_the_blend_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(tmp_path)
    refit = Refits._refit

    def without_linear(self: Refits, wanted: tuple[Trial, int]) -> FoldFit:
        if wanted[0].candidate.name == "linear":
            raise MemoryError("no room")
        return refit(self, wanted)

    monkeypatch.setattr(Refits, "_refit", without_linear)
    model = refine(run)
    if "linear" not in [part.candidate for part in model.parts]:
        assert model.refitted
    assert model.reference == "" or not model.refitted
    assert load(run.path(model.folder)).predict(rows().head(3)).shape == (3,)


def test_a_refit_that_the_clock_cut_early_does_not_ship(tmp_path: Path) -> None:
    run = started(tmp_path, Brief(target=Target(column="won"), run=RunPart(learners=("lightgbm",))))
    trial = next(one for one in fit(run).trials if one.candidate.name == "lightgbm")
    refits = _gather(run)[2]
    refits.clock = Clock.after(-1.0)
    (part,) = refits.parts({"lightgbm": 1.0})
    assert trial.n_iterations > 10
    assert not refits.refitted
    assert part.folder == trial.fits[0].folder


def test_what_could_not_be_refitted_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(tmp_path)
    refits = _gather(run)[2]
    refit, tried = Refits._refit, list[str]()

    def without_linear(self: Refits, wanted: tuple[Trial, int]) -> FoldFit:
        tried.append(wanted[0].candidate.name)
        if tried[-1] == "linear":
            raise MemoryError("no room")
        return refit(self, wanted)

    monkeypatch.setattr(Refits, "_refit", without_linear)
    for _ in range(2):
        refits.parts({"lightgbm": 1.0})
    assert sorted(tried) == ["lightgbm", "linear"]
    assert refits.refitted


def test_an_interpretable_model_is_linear_alone(tmp_path: Path) -> None:
    model = refine(started(tmp_path, Brief(target=Target(column="won"), run=RunPart(interpretable_only=True))))
    assert [part.candidate for part in model.parts] == ["linear"]


@pytest.mark.parametrize(("success", "effect"), [("yes", "increasing"), ("no", "decreasing")])
def test_a_demanded_effect_on_success_holds_in_what_ships(tmp_path: Path, success: str, effect: MonotoneEffect) -> None:
    brief = Brief(target=Target(column="won", positive=success), features=Features(effect={"x": effect}), run=FEW)
    run = started(tmp_path, brief)
    model = refine(run)
    assert "linear" not in [part.candidate for part in model.parts]
    predictor = load(run.path(model.folder))
    swept = [predictor.predict_proba({"x": x, "z": 0.4, "lot": 7})[0, 1] for x in np.linspace(-3, 3, 60)]
    assert (np.diff(swept) >= -1e-12).all()
    assert np.ptp(swept) > 0.2, "the wrong way round nothing would be learned of it"


@pytest.mark.parametrize("what", ["a member", "the package"])
def test_what_differs_from_its_training_is_not_shipped_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    run = started(tmp_path)
    model = refine(run)
    judge(run, model)
    if what == "a member":
        odd = replace(model, parts=(replace(model.parts[0], parity=0.01), *model.parts[1:]))
    else:  # its library predicts otherwise
        odd = model
        native = run.path(model.parts[0].folder) / "native.npy"
        np.save(native, np.load(native)[:, ::-1])
    run.results["refine"] = odd
    with pytest.raises(FaultError, match="differs from training") as refused:
        ship(run)
    assert refused.value.exit_code == 70
    assert not list((tmp_path / "packages").glob("*"))


def test_a_package_is_certified_in_each_way_to_run_it(tmp_path: Path) -> None:
    run = started(tmp_path)
    shipped = ship(run)
    ways = {way.name: way for way in shipped.ways}
    assert {"training libraries", "the judged model", "one row at a time", "rows as dicts", "zip file"} <= set(ways)
    assert ("numpy walk" in ways) == (walk.KERNEL is not None)
    assert all(way.largest == 0 for name, way in ways.items() if name != "training libraries")
    assert 0 <= ways["training libraries"].largest <= 1e-5
    folder = run.path(shipped.package)
    schema = load(folder).schema
    rows = json.loads((folder / "verification.json").read_text())["rows"]
    assert len(rows) < ways["zip file"].n_rows, "training rows are compared, and do not travel"
    assert rows == edge_rows(schema)
    assert ways_of(folder) == shipped.ways
    verified = verify(folder)
    assert verified.n_rows == len(rows)
    assert set(verified.ways) >= {"rows together", "one row at a time"}


def test_a_package_holds_all_that_it_should_and_the_same_model_is_the_same_version(tmp_path: Path) -> None:
    run = started(tmp_path)
    shipped = ship(run)
    folder = run.path(shipped.package)
    for name in ("manifest.json", "schema.json", "card.json", "verdict.json", "contract.json", "run.lock"):
        assert (folder / name).is_file()
    members = json.loads((folder / "card.json").read_text())["members"]
    assert sum(members.values()) == pytest.approx(1), "all seeds of a candidate count"
    assert ship(started(tmp_path)).version == shipped.version
    assert not list((tmp_path / "packages").glob(".*"))


@pytest.mark.parametrize(("reached", "left_out"), [(1, ["catboost"]), (-1, [])])
def test_a_light_member_whose_refit_was_cut_early_is_left_out_and_the_rest_ships_refitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: int, left_out: list[str]
) -> None:
    refits = _gather(started(tmp_path))[2]
    whole, refit = refits.trials["catboost"].n_iterations, Refits._refit

    def cut(self: Refits, wanted: tuple[Trial, int]) -> FoldFit:
        done = refit(self, wanted)
        catboost = wanted[0].candidate.name == "catboost"
        return replace(done, cut=True, n_iterations=reached % whole) if catboost else done

    monkeypatch.setattr(Refits, "_refit", cut)
    weights, decisions = refining._refitted(refits, {"lightgbm": 0.7, "catboost": 0.3}, ())
    assert refits.refitted
    assert [name for name in ("lightgbm", "catboost") if name not in weights] == left_out
    assert sum(weights.values()) == pytest.approx(1)
    assert [told.question for told in decisions] == [f"Does {name} ship?" for name in left_out]
    heavy, _ = refining._refitted(refits, {"lightgbm": 0.5, "catboost": 0.5}, ())
    assert sorted(heavy) == ["catboost", "lightgbm"]
    refits.parts(heavy)
    assert refits.refitted == (not left_out), (
        "what weighs more is not left out: all of it ships as the first fold has it"
    )


@pytest.mark.parametrize(
    ("left_s", "beside", "kept", "told"),
    [
        (10.0, False, {"a", "b", "c"}, []),
        (8.0, True, {"a", "b", "c"}, ["Is there time to refit the linear model beside the blend?"]),
        (5.0, False, {"a", "b"}, ["Is there time to refit c?"]),
        (2.0, True, {"a", "b", "c"}, ["Is there time to refit the blend on all rows?"]),
    ],
)
def test_the_reference_and_light_members_are_left_out_before_nothing_is_refitted(
    left_s: float, beside: bool, kept: set[str], told: list[str]
) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=3000)
    usable = {name: (y + size * rng.normal(size=3000))[:, None] for name, size in (("a", 1.0), ("b", 1.05), ("c", 1.9))}
    takes = {"a": 4.0, "b": 1.0, "c": 3.0}
    fallen: list[bool] = []
    refits = SimpleNamespace(
        run=SimpleNamespace(stop=threading.Event()),
        clock=SimpleNamespace(left_s=left_s),
        seconds=lambda names: sum(takes[name] for name in names) + 6.0 * refits.beside,
        fall_back=lambda: fallen.append(True),
        beside=beside,
    )
    found, decisions = refining._affordable(Measured(np.arange(3000), y, "rmse", "regression"), usable, 6, refits)  # type: ignore[arg-type]
    assert set(found) == kept
    assert fallen == ([True] if left_s == 2.0 else [])
    assert [one.question for one in decisions] == told
