"""A repair that was proven ships with the model and is repeated by a replay, whatever the clock allows then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from planted import plant

import artificer_runtime
from artificer import flow
from artificer.core.stages import RunLock
from artificer.core.store import load, save

pytestmark = pytest.mark.slow
CITIES = np.array(["Oslo", "Rome", "Bern", "Riga", "Kyiv", "Bonn"])
BRIEF = (
    '[data]\nsource = "rows.parquet"\n[target]\ncolumn = "won"\npositive = "yes"\n'
    '[run]\nlimit_s = 120\nlearners = ["lightgbm", "linear"]\n'
)


def rows(n: int = 1500, n_copies: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    x, place = rng.normal(size=n), rng.integers(0, len(CITIES), n)
    won = x + (place - 2.5) + rng.logistic(size=n) > 0
    slips = [f"{city}{rng.integers(0, 99)}" if rng.random() < 0.4 else city for city in CITIES[place]]
    frame = pl.DataFrame({"x": x, "city": slips, "won": np.where(won, "yes", "no")})
    wrong = frame.head(60).with_columns(won=pl.Series(rng.choice(["yes", "no"], 60)))
    return pl.concat([frame, *[wrong] * n_copies]).sample(fraction=1.0, shuffle=True, seed=0)


def meant(cities: pl.Series) -> dict[str, str]:
    return {one: one[:4] for one in cities.drop_nulls().unique() if len(one) > 4}


def test_variants_are_read_as_what_is_meant_wherever_the_model_predicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, merged=meant)
    rows().write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "brief.toml").write_text(BRIEF)
    done = flow.run(tmp_path / "brief.toml")
    locked = load(done.lock, RunLock)
    assert locked.repairs == ("typos:city",)
    variant = next(one for one in rows()["city"] if len(one) > 4)
    predictor = artificer_runtime.load(done.package)
    told = predictor.predict_proba({"x": [0.1, 0.1], "city": [variant, variant[:4]]})
    np.testing.assert_array_equal(told[0], told[1])
    assert any("typos" in decision.question for decision in done.decisions)
    again, _ = flow.replay(done.lock)
    assert again.shipped.model_hash == locked.model_hash
    save(done.lock, RunLock(**{**{name: getattr(locked, name) for name in locked.__slots__}, "repairs": ()}))
    other, _ = flow.replay(done.lock)
    assert other.shipped.model_hash != locked.model_hash


def test_copies_that_harm_do_not_train_and_the_card_counts_what_does(tmp_path: Path) -> None:
    rows(n_copies=20).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "brief.toml").write_text(BRIEF)
    done = flow.run(tmp_path / "brief.toml")
    locked = load(done.lock, RunLock)
    assert locked.repairs == ("duplicates:rows",)
    card = json.loads((done.package / "card.json").read_text())
    assert 1000 < card["trained_on"]["rows"] < 1400  # of 2,160 rows
    again, _ = flow.replay(done.lock)
    assert again.shipped.model_hash == locked.model_hash
