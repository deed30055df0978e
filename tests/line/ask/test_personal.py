"""Personal columns are seen by nothing after ask, and where any are named, what few rows hold is a level nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, Data, DecisionPart, Features, Legal, RunPart, Target, Value
from artificer.core.errors import BriefError, DataError
from artificer.core.run import Run
from artificer.data.table import read_table
from artificer.line.ask import ask, begin
from artificer.line.audit import audit
from artificer.line.design import design
from artificer.line.encode import encode

N = 600
BRIEF = Brief(
    target=Target(column="won", positive="yes"),
    data=Data(key=("id",), group="person"),
    legal=Legal(personal=("id", "person", "mail")),
    run=RunPart(limit_s=60),
)


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    city = np.array(["Oslo", "Rome", "Lima"])[rng.integers(3, size=N)].astype(object)
    city[:9] = "Atlantis"
    x = rng.normal(size=N).round(6)
    x[3] = 1234.5
    return pl.DataFrame(
        {
            "id": [f"canary-id-{place}" for place in range(N)],
            "person": [f"canary-person-{place // 2}" for place in range(N)],
            "mail": [f"canary{place}@example.org" for place in range(N)],
            "x": x,
            "city": city.tolist(),
            "since": np.datetime64("2024-01-01") + rng.integers(0, 300, N),
            "won": rng.choice(["yes", "no"], N),
        }
    )


def begun(folder: Path, brief: Brief = BRIEF, rows: pl.DataFrame | None = None) -> Run:
    return begin(brief, workspace=folder, frame=frame() if rows is None else rows)


def test_rows_after_ask_hold_no_personal_value(tmp_path: Path) -> None:
    run = begun(tmp_path)
    found = ask(run)
    assert found.features == ("x", "city", "since")
    assert found.sealed is not None
    for part in (found.train, found.sealed.rows):
        rows = read_table(run.path(part.path))
        assert "mail" not in rows.columns
        assert "canary" not in rows.write_csv()
        assert "Atlantis" not in rows.write_csv()
        assert rows["id"].n_unique() == rows.height
    told = {one.question: one.choice for one in found.decisions}
    assert told["May 'mail' be used to predict?"].startswith("no")
    assert "pseudonyms" in told["May 'person' be used to predict?"]


def test_groups_stay_whole_under_their_pseudonyms(tmp_path: Path) -> None:
    run = begun(tmp_path)
    found = ask(run)
    assert found.sealed is not None
    train, sealed = (read_table(run.path(part.path))["person"] for part in (found.train, found.sealed.rows))
    assert not set(train) & set(sealed)
    assert train.value_counts()["count"].max() == 2


def test_what_few_rows_hold_is_no_level_and_no_end_of_a_range(tmp_path: Path) -> None:
    columns = {one.name: one for one in ask(begun(tmp_path)).schema.columns}
    assert sorted(columns["city"].levels) == ["Lima", "Oslo", "Rome"]
    assert columns["x"].high is not None
    assert columns["x"].high < 10
    assert (columns["id"].kind, columns["person"].kind) == ("identifier", "identifier")
    assert columns["person"].levels == ()


def test_a_contract_says_nothing_of_how_pseudonyms_are_written(tmp_path: Path) -> None:
    run = begun(tmp_path)
    rules = audit(run).contract.rules
    assert rules is not None
    assert not [rule for rule in rules if rule.kind in ("pattern", "set", "range") and "id" in rule.columns]


def test_no_model_that_keeps_rows_is_tried_and_steps_hold_nothing_rare(tmp_path: Path) -> None:
    run = begun(tmp_path)
    plan = design(run)
    assert "kernel" not in [one.name for one in plan.candidates]
    (decision,) = [one for one in plan.decisions if one.question == "Which algorithms are tried?"]
    assert "it keeps training rows, and the brief declares personal data" in decision.because
    blocks = {block.name: block for block in encode(run).blocks}
    assert blocks["dates"].settings["fewest_rows"] == 10
    plain = begun(tmp_path / "plain", replace(BRIEF, legal=Legal()))
    assert "kernel" in [one.name for one in design(plain).candidates]
    assert "fewest_rows" not in {block.name: block for block in encode(plain).blocks}["dates"].settings


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"target": Target(column="mail")}, "target.column"),
        ({"target": Target(column="won", known_after=("mail",))}, "target.known_after"),
        ({"features": Features(protected=("mail",))}, "features.protected"),
        ({"features": Features(effect={"mail": "increasing"})}, "features.effect"),
        ({"accept": {"recall_gap": Accept(by=("mail",), at_most=0.1)}}, "accept.recall_gap.by"),
        ({"decision": DecisionPart(value=Value(acted="mail * 2", success=3))}, "decision.value.acted"),
    ],
)
def test_a_role_that_would_write_values_down_is_refused(tmp_path: Path, changed: dict[str, object], place: str) -> None:
    with pytest.raises(BriefError, match=rf"{place}.*legal|legal.*{place}"):
        ask(begun(tmp_path, replace(BRIEF, **changed)))  # type: ignore[arg-type]


def test_a_class_of_few_rows_is_counted_and_not_named(tmp_path: Path) -> None:
    won = ["Atlantis"] * 4 + frame()["won"].to_list()[4:]
    with pytest.raises(DataError, match="1 class of fewer than 10") as refused:
        ask(
            begun(
                tmp_path,
                replace(BRIEF, target=Target(column="won")),
                frame().with_columns(pl.Series("won", won)),
            )
        )
    assert "Atlantis" not in str(refused.value)
