"""Labels exchanged in a target that a model knows are found; chance in a target is not taken for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.clock import Clock
from artificer.core.records import Finding
from artificer.line.ask import ask, begin
from artificer.line.ask.rows import labelled
from artificer.line.audit import audit
from artificer.line.audit.label_errors import label_errors, suspects
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen

N = 2000
Frame = dict[str, Any]


def known(n_classes: int, rate: float) -> tuple[Frame, np.ndarray]:
    """Four features that tell the class but for `rate` of the labels, and which are wrong."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 4))
    y = np.clip(np.floor((X[:, 0] + X[:, 1]) / 1.5 + n_classes / 2), 0, n_classes - 1).astype(np.int64)
    wrong = rng.random(N) < rate
    y = np.where(wrong, (y + 1) % n_classes, y)
    names = np.array(["ash", "beech", "cedar", "douglas"])
    return {f"x{place}": X[:, place] for place in range(4)} | {"tree": names[y]}, wrong


def found(folder: Path, frame: Frame, target: str, code: str = "label_errors") -> list[Finding]:
    result = audit(Brief(target=Target(column=target)), frame=pl.DataFrame(frame), workspace=folder, limit_s=600)
    return [one for one in result.findings if one.code == code]


def seen_of(folder: Path, frame: Frame, target: str, clock: Clock | None = None) -> Seen:
    run = begin(Brief(target=Target(column=target)), frame=pl.DataFrame(frame), workspace=folder)
    run.seal = False
    asked = ask(run)
    rows = labelled(run, asked, asked.train)
    prices = Prices(run.brief, asked, rows, clock or Clock())
    return Seen(run.brief, asked, None, rows, np.empty(0, np.uint64), None, prices)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["tree", "x3"])
@pytest.mark.parametrize("sizes", [(N,), (N - 1, 1), (1_800, 200), (550, 550, 500, 400)])
def test_groups_may_be_few(tmp_path: Path, sizes: tuple[int, ...], target: str) -> None:
    frame, _ = known(2, 0.06)
    frame["park"] = np.repeat([f"p{place}" for place in range(len(sizes))], sizes)
    brief = Brief(target=Target(column=target), data=Data(group="park"))
    result = audit(brief, frame=pl.DataFrame(frame), workspace=tmp_path, limit_s=600)
    labels = [one for one in result.findings if one.code == "label_errors"]
    assert len(labels) == (target == "tree" and len(sizes) == 4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_exchanged_labels_are_found(tmp_path: Path, n_classes: int) -> None:
    frame, wrong = known(n_classes, 0.06)
    places = suspects(seen_of(tmp_path / "seen", frame, "tree"))
    hits = wrong[places]
    assert hits.sum() > 0.55 * wrong.sum()
    assert hits.mean() > 0.9
    assert hits[:20].mean() > hits.mean() - 0.1
    (finding,) = found(tmp_path, frame, "tree")
    facts = {fact.name: fact.value for fact in finding.facts}
    assert finding.severity == "warning"
    assert facts["share_wrong"] == pytest.approx(0.06, abs=0.03)
    rows = [int(row) for row in str(facts["rows"]).split(", ")]
    assert wrong[rows].mean() > 0.6  # positions in the source, though a fifth of it was sealed


def test_right_labels_are_left_alone(tmp_path: Path) -> None:
    frame, _ = known(2, 0.0)
    assert found(tmp_path / "errors", frame, "tree") == []
    assert found(tmp_path / "power", frame, "tree", "label_power") == []


def test_chance_in_the_outcome_is_no_label_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    frame = {"x": x, "z": rng.normal(size=N), "won": np.where(rng.random(N) < 1 / (1 + np.exp(-x)), "yes", "no")}
    assert found(tmp_path / "errors", frame, "won") == []
    (blind,) = found(tmp_path / "power", frame, "won", "label_power")
    assert "would be told at no share up to 20%" in blind.says


@pytest.mark.parametrize("shares", [(0.92, 0.08), (0.9, 0.08, 0.02)])
def test_a_rare_class_that_nothing_tells_is_no_label_error(tmp_path: Path, shares: tuple[float, ...]) -> None:
    rng = np.random.default_rng(1)
    frame = {
        "x": rng.normal(size=1000),
        "z": rng.choice(list("uvw"), 1000),
        "won": rng.choice(list("pqr")[: len(shares)], 1000, p=shares),
    }
    assert found(tmp_path / "errors", frame, "won") == []
    (blind,) = found(tmp_path / "power", frame, "won", "label_power")
    assert "would be told at no share up to 20%" in blind.says
    assert "hardly finds a row of 'q'" in blind.says


def test_a_slip_in_a_number_is_found_and_a_spread_that_grows_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    size = rng.uniform(1, 10, N)
    price = 10 * size + rng.normal(size=N) * size
    places = suspects(seen_of(tmp_path / "right", {"size": size, "z": rng.normal(size=N), "price": price}, "price"))
    assert len(places) == 0
    slips = np.arange(0, N, 200)
    price[slips] *= 100.0
    places = suspects(seen_of(tmp_path / "slips", {"size": size, "z": rng.normal(size=N), "price": price}, "price"))
    assert set(places.tolist()) == set(slips.tolist())


def test_without_time_or_with_few_rows_nothing_is_told_and_with_little_what_was_seen(tmp_path: Path) -> None:
    frame, _ = known(2, 0.06)
    assert len(suspects(seen_of(tmp_path / "late", frame, "tree", Clock.after(-1.0)))) == 0
    asked = iter([0.0, 0.0, 10.0])  # seconds at the start of each fold: the third comes too late
    seen = seen_of(tmp_path / "cut", frame, "tree", Clock(5.0, now=lambda: next(asked)))
    (told,) = label_errors(seen)
    n_looked = next(fact.value for fact in told.facts if fact.name == "n_looked")
    assert n_looked == pytest.approx(0.4 * seen.rows.n_rows, abs=2)
    assert f"of {n_looked:,.0f} looked at, are likely wrong" in told.says
    assert seen.prices.unmeasured == ["label errors"]
    few = {name: values[:100] for name, values in frame.items()}
    assert len(suspects(seen_of(tmp_path / "few", few, "tree"))) == 0
