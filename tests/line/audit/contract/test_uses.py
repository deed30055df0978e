"""Some rules hold in training alone: rows to serve are not asked for labels, or for what is known after the fact."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import artificer

from artificer.core.brief import Brief, Target
from artificer.core.errors import ContractError
from artificer.core.stages import Contract, Rule
from artificer.line.audit import audit, contract_text, hold, with_history
from artificer.line.audit.contract.dialects import write_yaml
from artificer.line.audit.contract.written import read_toml
from artificer.line.ship.server.pages.contract import demands
from artificer_runtime.schema import Schema

N = 300
RNG = np.random.default_rng(4)
ROWS = pl.DataFrame(
    {
        "size": RNG.normal(40, 2, N),
        "called": RNG.uniform(0, 900, N),
        "won": RNG.choice(["no", "yes"], N),
    }
)
TO_SERVE = ROWS.drop("won", "called")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    brief = Brief(target=Target(column="won", positive="yes", known_after=("called",)))
    return audit(brief, frame=ROWS, workspace=tmp_path_factory.mktemp("uses")).contract


def codes(rows: pl.DataFrame, contract: Contract, where: str = "") -> dict[str, str]:
    found = hold(rows, contract, where=where).findings  # type: ignore[arg-type]
    return {one.where: one.code for one in found if one.code != "contract:new"}


def test_rows_to_serve_need_neither_the_target_nor_what_is_known_after(learned: Contract) -> None:
    held = hold(TO_SERVE, learned)
    assert (held.findings, held.where) == ((), "serving")
    assert held.n_elsewhere == sum(rule.where == "training" for rule in learned.rules or ()) > 3


def test_a_column_of_labels_that_are_not_there_yet_is_none(learned: Contract) -> None:
    assert codes(TO_SERVE.with_columns(won=pl.lit(None, pl.String)), learned) == {}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (ROWS, {}),
        (ROWS.with_columns(pl.when(pl.int_range(pl.len()) < 200).then("won").alias("won")), {}),  # some wait for theirs
        (ROWS.drop("called"), {"called": "contract:absent"}),
        (ROWS.with_columns(won=pl.lit("maybe")), {"won": "contract:level"}),
    ],
)
def test_rows_with_labels_must_keep_what_was_learned_of_them(
    learned: Contract, rows: pl.DataFrame, found: dict[str, str]
) -> None:
    assert codes(rows, learned) == found


def test_what_rows_are_for_can_be_said(learned: Contract) -> None:
    assert codes(TO_SERVE, learned, "training") == {"won": "contract:absent", "called": "contract:absent"}
    assert codes(ROWS.with_columns(won=pl.lit("maybe"), called=-1.0), learned, "serving") == {}


def test_it_is_written_and_read(learned: Contract) -> None:
    again = read_toml(contract_text(learned)[0], "c.toml")
    assert codes(TO_SERVE, again) == {}
    assert codes(TO_SERVE, again, "training") == codes(TO_SERVE, learned, "training")


@pytest.mark.parametrize(
    "rule",
    [
        "[columns.won]\nmissing = 0",
        "[columns.won]\ntype = 'category'\nset = ['no', 'yes']",
        "[[relation]]\nrule = 'won == \"yes\"'",
        "[[polars]]\nexpression = 'won IS NOT NULL'",
        "[[sql]]\nquery = 'SELECT * FROM rows WHERE won IS NULL'",
        "[[unique]]\ncolumns = ['size', 'won']",
        "[columns.called]\nwhere = 'training'\nrange = [0, 1000]",
        "[columns.called]\nrequired = {where = 'training'}",
    ],
)
def test_a_rule_by_hand_that_reads_the_target_is_for_training(rule: str) -> None:
    contract = read_toml(f'contract = 2\ntarget = "won"\n{rule}\n', "c.toml")
    assert "contract:absent" not in codes(TO_SERVE, contract).values()
    assert hold(TO_SERVE, contract).n_elsewhere >= 1
    if "called" not in rule:
        labelled = ROWS.with_columns(won=pl.when(pl.int_range(pl.len()) > 9).then(pl.lit("maybe")))
        assert codes(labelled.vstack(labelled), contract)


def test_what_holds_in_serving_alone_is_not_asked_of_training_rows() -> None:
    contract = Contract(Schema(()), target="won", rules=(Rule("range", ("size",), low=100.0, where="serving"),))
    assert codes(ROWS, contract) == {}
    assert codes(TO_SERVE, contract) == {"size": "contract:range"}


def test_without_a_target_it_must_be_said() -> None:
    contract = read_toml("contract = 2\n[columns.won]\nwhere = 'training'\nmissing = 0\n", "c.toml")
    with pytest.raises(ContractError, match="write `target"):
        hold(TO_SERVE, contract)
    assert codes(TO_SERVE, contract, "serving") == {}
    assert codes(TO_SERVE, contract, "training") == {"won": "contract:absent"}


def test_other_tools_and_pages_are_told(learned: Contract) -> None:
    _, unsaid = write_yaml(learned, "dbt")
    assert "set of won, no, in training alone" in unsaid
    assert ("won", "", ["no, yes (in training alone)"]) in demands(learned)


def test_the_command_says_what_rows_were_held_as(learned: Contract, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(contract_text(learned)[0])
    TO_SERVE.write_parquet(tmp_path / "new.parquet")
    check = ("audit", tmp_path / "new.parquet", "--contract", tmp_path / "c.toml")
    ended = artificer(*check)
    assert ended.returncode == 0
    assert "held as rows for serving" in ended.stdout
    ended = artificer(*check, "--where", "training", "--json")
    assert ended.returncode == 3
    told = json.loads(ended.stdout)
    assert {one["where"] for one in told["findings"]} == {"won", "called"}
    assert told["result"]["where"] == "training"


def test_a_history_of_rows_to_serve_needs_no_labels(learned: Contract) -> None:
    parts = [TO_SERVE[place::10] for place in range(10)]
    limits = [rule for rule in with_history(learned, parts).rules or () if rule.about is not None]
    assert {rule.columns for rule in limits} == {(), ("size",)}
