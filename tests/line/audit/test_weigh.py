"""What a planted problem costs is measured with the right sign; a repair is kept when it is proven, and else not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from planted import doubted, plant

from artificer.core.brief import Brief, Target
from artificer.core.clock import Clock
from artificer.core.records import Finding
from artificer.core.run import Run
from artificer.core.stages import Audited
from artificer.line.ask import ask, begin
from artificer.line.audit import audit
from artificer.line.audit.seen import Seen
from artificer.line.choose import choose
from artificer.line.choose.folds import training_rows

CITIES = ("Oslo", "Rome", "Bern", "Riga", "Kyiv", "Bonn")


def telling(n: int, seed: int = 0) -> dict[str, Any]:
    """Two numbers and a city bear on the outcome."""
    rng = np.random.default_rng(seed)
    a, b, place = rng.normal(size=n), rng.normal(size=n), rng.integers(0, len(CITIES), n)
    won = a * 2 + np.sin(3 * b) + (place - 2.5) > 0
    return {"a": a, "b": b, "city": np.array(CITIES)[place], "y": np.where(won, "yes", "no")}


TURNED = np.random.default_rng(9).random(4000) < 0.2


def noisy() -> dict[str, Any]:
    """Four of twelve numbers bear on the outcome; a fifth of the labels is turned round."""
    X = np.random.default_rng(0).normal(size=(4000, 12))
    won = (2 * X[:, 0] + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3] > 0) ^ TURNED
    return {**{f"x{place}": x for place, x in enumerate(X.T)}, "y": np.where(won, "yes", "no")}


def turned(seen: Seen) -> np.ndarray:
    """Rows whose label was turned round: what a check of labels would find at best."""
    return np.flatnonzero(TURNED[seen.rows.frame["artificer:row"].to_numpy()])


def mistyped(frame: dict[str, Any], share: float, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    slips = [f"{city}{rng.integers(0, 99)}" if rng.random() < share else city for city in frame["city"]]
    return {**frame, "city": slips}


def meant(cities: pl.Series) -> dict[str, str]:
    return {one: one[:4] for one in cities.drop_nulls().unique() if len(one) > 4}


def started(folder: Path, frame: dict[str, Any]) -> Run:
    return begin(Brief(target=Target(column="y")), frame=pl.DataFrame(frame), workspace=folder, limit_s=3000)


def finding(result: Audited, code: str) -> Finding:
    return next(one for one in result.findings if one.code == code)


def test_labels_turned_round_are_priced_and_their_rows_do_not_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, suspects=turned)
    run = started(tmp_path, noisy())
    result = audit(run)
    doubt = finding(result, "label_errors")
    assert doubt.effect is not None
    assert doubt.effect.is_gain
    assert "this is done" in doubt.says
    assert [repair.name for repair in result.repairs] == ["label_errors:y"]
    assert result.repairs[0].effect.is_gain
    chosen = choose(run)
    of_row, trains = (np.load(run.path(place)) for place in (chosen.split.path, chosen.split.trains))
    left_out = np.load(run.path(chosen.split.left_out))
    assert (of_row >= 0).all()  # with the label that they have, rows in doubt still measure
    assert left_out.mean() == pytest.approx(0.2, abs=0.02)
    for fold, mask in enumerate(trains):
        own = training_rows(of_row, fold, chosen.split.how)
        assert not (mask & ~own).any()
        assert mask.sum() / own.sum() == pytest.approx(0.8, abs=0.02)
    assert any("label_errors" in decision.question for decision in chosen.decisions)


def test_what_trains_in_a_fold_hangs_on_no_label_that_measures_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_rows = []

    def watching(seen: Seen) -> np.ndarray:
        seen_rows.append(set(seen.rows.frame["artificer:row"].to_list()))
        return turned(seen)

    plant(monkeypatch, suspects=watching)
    run = started(tmp_path, noisy())
    audit(run)
    seen_rows.clear()
    chosen = choose(run)
    of_row = np.load(run.path(chosen.split.path))
    rows = pl.read_ipc(run.path(ask(run).train.path))["artificer:row"].to_numpy()
    for fold, seen in enumerate(seen_rows[:-1]):
        assert seen.isdisjoint(rows[of_row == fold].tolist())
    assert len(seen_rows) == chosen.split.n_folds + 1


def test_typos_in_a_telling_category_are_priced_and_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, merged=meant)
    run = started(tmp_path, mistyped(telling(2000), 0.4))
    result = audit(run)
    slips = finding(result, "typos")
    assert slips.effect is not None
    assert slips.effect.is_gain
    (repair,) = result.repairs
    assert repair.column is not None
    assert set(repair.column.levels) == set(CITIES)
    (column,) = choose(run).mended
    assert column == repair.column
    assert choose(run).read_as(ask(run).schema).columns[2].spellings


def test_copies_of_wrong_rows_are_left_out_and_harmless_ones_are_not(tmp_path: Path) -> None:
    frame = pl.DataFrame(telling(1500))
    wrong = frame.head(60).with_columns(y=pl.Series(np.random.default_rng(1).choice(["yes", "no"], 60)))
    often = pl.concat([frame[60:], *[wrong] * 25]).sample(fraction=1.0, shuffle=True, seed=0)
    run = started(tmp_path / "wrong", often.to_dict(as_series=False))
    result = audit(run)
    effect = finding(result, "duplicates").effect
    assert effect is not None
    assert effect.is_gain
    assert "duplicates:rows" in [repair.name for repair in result.repairs]
    of_row = np.load(run.path(choose(run).split.path))
    left_out = np.load(run.path(choose(run).split.left_out))
    assert (of_row[left_out] == -1).all()
    assert left_out.sum() > 1000
    harmless = pl.concat([frame, frame.head(300)]).to_dict(as_series=False)
    result = audit(started(tmp_path / "harmless", harmless))
    assert finding(result, "duplicates").effect is not None
    assert result.repairs == ()
    assert any("not shown" in decision.choice for decision in result.decisions)


def test_more_gaps_are_put_in_where_nothing_can_be_mended(tmp_path: Path) -> None:
    frame = telling(2000)
    gaps = np.random.default_rng(3).random(2000) < 0.2
    gap = finding(audit(started(tmp_path, {**frame, "a": np.where(gaps, np.nan, frame["a"])})), "missing")
    assert gap.effect is not None
    assert gap.effect.low > 0  # without them the score is higher
    assert "put in" in gap.effect.method
    assert "as many gaps again, at random, costs" in gap.says


def test_numbers_far_off_and_codes_are_priced(tmp_path: Path) -> None:
    frame = telling(1000)
    odd = np.arange(1000) % 10 == 0
    result = audit(
        started(tmp_path, {**frame, "a": np.where(odd, 1e6, frame["a"]), "b": np.where(odd, -99.0, frame["b"])})
    )
    assert all(finding(result, code).effect is not None for code in ("outliers", "sentinel"))


@pytest.mark.slow
def test_nothing_is_repaired_where_nothing_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies, codes and far numbers that harm nothing, and labels that are doubted where they are mere chance."""
    kept = []
    for seed in range(20):
        plant(monkeypatch, suspects=doubted, merged=meant)
        rng = np.random.default_rng(seed)
        frame = telling(300, seed) | {"y": rng.choice(["yes", "no"], 300)}
        if seed % 2:
            frame = telling(300, seed)
        frame = mistyped(frame, 0.1, seed) | {
            "city2": frame["city"],
            "c": rng.normal(size=300),
            "d": rng.normal(size=300),
        }
        frame["c"][:9], frame["d"][rng.random(300) < 0.05] = 1e6, -999.0
        rows = pl.DataFrame(frame)
        result = audit(started(tmp_path / str(seed), pl.concat([rows, rows.head(30)]).to_dict(as_series=False)))
        assert len([one for one in result.findings if one.effect is not None]) >= 4
        kept += [(seed, repair.name, repair.effect) for repair in result.repairs]
    assert kept == []


def test_when_time_has_run_out_findings_say_so_and_nothing_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, suspects=doubted, merged=meant)
    run = started(tmp_path, mistyped(telling(1000), 0.4))
    ask(run)
    run.clock = Clock.after(0.7 * run.brief.run.limit_s)  # checks may look until 40% of it has passed
    result = audit(run)
    assert (result.repairs, result.cut) == ((), True)
    for code in ("label_errors", "typos"):
        fact = next(fact for fact in finding(result, code).facts if fact.name == "effect")
        assert (fact.value, fact.unit) == ("not measured", "its share of the time had passed")
    assert any("label_errors:y" in decision.choice for decision in result.decisions)


def test_without_effects_nothing_is_measured_and_nothing_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, suspects=doubted)
    result = audit(replace(started(tmp_path, telling(1000)), effects=False))
    assert result.repairs == ()
    assert finding(result, "label_errors").effect is None


def test_what_cannot_be_found_in_time_in_every_fold_is_told_and_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, suspects=turned)
    monkeypatch.setattr("artificer.line.audit.weigh.CALLS_IN_FOLDS", 1e9)
    result = audit(started(tmp_path, noisy()))
    assert result.repairs == ()
    assert any("more than there is" in decision.because for decision in result.decisions)
