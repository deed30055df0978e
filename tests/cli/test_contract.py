"""`artificer audit DATA --contract FILE`: what is refused, and that nothing that is read is written over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from command import artificer, refused

CONTRACT = (
    "contract = 2\n[columns.age]\ntype = 'number'\nrange = { value = [0, 120], allow = 0, severity = 'blocker' }\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    for name in ("one", "two"):
        pl.DataFrame({"age": [20, 30, 999], "who": ["a", "b", "c"]}).write_csv(tmp_path / "parts" / f"{name}.csv")
    (tmp_path / "c.toml").write_text(CONTRACT)
    return tmp_path


def test_a_folder_is_one_table_and_its_remedy_is_said(folder: Path) -> None:
    ended = artificer("audit", folder / "parts", "--contract", folder / "c.toml", "--quarantine", folder / "aside.csv")
    assert ended.returncode == 3, ended.stderr
    assert "2 of 6 rows break a rule" in ended.stdout
    assert "to mend: age: " in ended.stdout
    assert pl.read_csv(folder / "aside.csv")["why"].to_list() == ["range of age"] * 2


@pytest.mark.parametrize("output", ["parts/one.csv", "c.toml", "parts/three.csv"])
def test_what_is_read_is_not_written_over(folder: Path, output: str) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    for data in ("parts", "parts/*.csv"):
        if not (data == "parts/*.csv" and output == "parts/three.csv"):
            check = ("audit", folder / data, "--contract", folder / "c.toml", "--quarantine", folder / output)
            refused(*check, names="would write over")
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


def test_two_outputs_need_two_files(folder: Path) -> None:
    check = ("audit", folder / "parts", "--contract", folder / "c.toml")
    refused(*check, "--quarantine", folder / "q.csv", "--accepted", folder / "q.csv", names="--quarantine writes")


def test_a_brief_is_no_contract_and_another_table_is_told_as_one(folder: Path) -> None:
    (folder / "brief.toml").write_text('[data]\nsource = "x.csv"\n[target]\ncolumn = "y"\n')
    refused("audit", folder / "parts", "--contract", folder / "brief.toml", names="this is a brief")
    pl.DataFrame({"price": [1.0]}).write_csv(folder / "other.csv")
    ended = artificer("audit", folder / "other.csv", "--contract", folder / "c.toml")
    assert ended.returncode == 3
    assert "it may be the contract of another table" in ended.stdout


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--as", "odcs"), "--as needs --write-contract"),
        (("--alarms", "2"), "--alarms needs --write-contract"),
        (("--history", "age"), "--history needs --write-contract"),
        (("--deliveries", "4", "--write-contract", "new.toml"), "--deliveries needs --history"),
    ],
)
def test_no_option_is_passed_over(folder: Path, options: tuple[str, ...], names: str) -> None:
    (folder / "brief.toml").write_text('[data]\nsource = "parts/*.csv"\n[target]\ncolumn = "who"\n')
    refused("audit", folder / "brief.toml", *options, names=names)
    if "--write-contract" not in options:
        refused("audit", folder / "parts", "--contract", folder / "c.toml", *options, names=names)
    assert not Path("new.toml").exists()


def test_a_contract_is_not_written_over_the_rows_that_it_is_learned_from(folder: Path) -> None:
    (folder / "brief.toml").write_text('[data]\nsource = "parts/*.csv"\n[target]\ncolumn = "who"\n')
    before = (folder / "parts" / "one.csv").read_bytes()
    refused(
        "audit", folder / "brief.toml", "--write-contract", folder / "parts" / "one.csv", names="which the brief reads"
    )
    assert (folder / "parts" / "one.csv").read_bytes() == before
