"""A contract is written for people, reads back as it was, and a mistake in it is told by its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.errors import ContractError, DataError
from artificer.core.stages import Alarms, Contract, Rule
from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.audit.contract import check_contract, contract_of, contract_text, read_contract
from artificer.line.audit.contract.dialects import read_yaml
from artificer.line.audit.contract.written import read_toml
from artificer_runtime.schema import Column, Schema

RNG = np.random.default_rng(5)
FRAME = pl.DataFrame(
    {
        "age": RNG.integers(20, 60, 200),
        'the "odd"\n=name]': RNG.choice(['it\'s "x"', "back\\slash", "é\t"], 200),
        "day": [f"2024-01-{1 + row % 28:02d} 10:00:00.5" for row in range(200)],
        "code": [f"AB-{n:04d}" for n in range(200)],
        "seen": RNG.choice(["true", "false"], 200),
        "start": RNG.uniform(0, 1, 200),
    }
).with_columns(end=pl.col("start") + 0.1)


@pytest.fixture(scope="module")
def contract() -> Contract:
    schema = infer_schema(FRAME, missing=("?",))
    return contract_of(normalise(FRAME, schema), schema, "won", ("age", "code"))


def bare(contract: Contract) -> Contract:
    """Without what stands in comments only."""
    columns = tuple(replace(column, dtype="") for column in contract.schema.columns)
    rules = tuple(replace(rule, learned="") for rule in contract.rules or ())
    return replace(contract, schema=replace(contract.schema, columns=columns), rules=rules, not_null=(), unique=())


def test_it_reads_back_as_it_was(contract: Contract) -> None:
    text = contract_text(contract)[0]
    found, wanted = bare(read_toml(text, "c.toml")), bare(contract)
    assert set(found.rules or ()) == set(wanted.rules or ())
    assert replace(found, rules=()) == replace(wanted, rules=(), schema=found.schema)
    for one, other in zip(found.schema.columns, wanted.schema.columns, strict=True):
        assert (one.name, one.kind, one.form) == (other.name, other.kind, other.form)
    assert contract_text(replace(found, rules=tuple(found.rules or ())))[0].count("\n") == text.count("\n")
    assert check_contract(FRAME, read_toml(text, "c.toml")) == ()


def test_moments_without_their_zone_are_refused_by_the_file_as_by_the_package() -> None:
    frame = pl.DataFrame({"at": [f"2024-01-{1 + row % 28:02d}T10:00:00+01:00" for row in range(200)]})
    schema = infer_schema(frame)
    learned = contract_of(normalise(frame, schema), schema, "", ())
    text = contract_text(learned)[0]
    assert 'zone = "+01:00"\n' in text
    read = read_toml(text, "c.toml")
    assert check_contract(frame, read) == ()
    for contract in (learned, read):
        with pytest.raises(DataError, match="hours off"):
            check_contract(frame.with_columns(pl.col("at").str.head(19)), contract)


def test_no_rule_is_compared_with_all_others(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    text = contract_text(contract)[0]

    def refuse(_one: Rule, _other: object) -> bool:
        pytest.fail("of thousands of columns that takes longer than all else")

    monkeypatch.setattr(Rule, "__eq__", refuse)
    assert contract_text(contract)[0] == text


@pytest.mark.parametrize("seconds", [-70e9, -62_135_596_800.0, 0.25, 253_402_300_798.5, 253_402_300_800.5, 1e13])
def test_a_moment_of_any_year_is_written_and_read_again(seconds: float) -> None:
    column = Column("at", "time", low=seconds)
    rules = (Rule("present", ("at",)), Rule("type", ("at",)), Rule("range", ("at",), low=seconds, severity="blocker"))
    written = Contract(Schema((column,)), rules=rules)
    assert set(read_toml(contract_text(written)[0], "c.toml").rules or ()) == set(rules)
    for form in ("dbt", "odcs", "pandera"):
        text, unsaid = contract_text(written, form)
        found = [rule for rule in read_yaml(text, "c.yml")[0].rules or () if rule.kind == "range"]
        assert (unsaid == ("range of at",)) == (not -63e9 < seconds < 253_402_300_799) == (not found)


def test_a_line_is_a_rule_and_says_what_was_learned(contract: Contract) -> None:
    text = contract_text(contract)[0]
    assert "[columns.age]\n" in text
    assert "missing = { value = 0, allow = 0.034 }  # never missing in training\n" in text
    assert 'pattern = { value = "AB-[0-9]{4}", allow = 0.034 }  # every value in training has it\n' in text
    assert 'rule = "start <= end"\n' in text
    assert "range = { at_least = 2024-01-01T10:00:00.500000Z, allow = 0.034 }  # earliest moment" in text


def test_all_that_a_rule_may_say_reads_back() -> None:
    rules = (
        Rule("present", ("a",), severity="warning"),
        Rule("type", ("a",)),
        Rule("missing", ("a",), high=0.25, severity="blocker"),
        Rule("range", ("a",), low=0.5, allow=0.0, where="serving"),
        Rule("reference", ("a",), values=("other.csv", "id"), allow=0.01),
        Rule("reference", ("a",), values=("third.csv", "id")),
        Rule("pattern", ("a",), text="[0-9]+"),
        Rule("pattern", ("a",), text=".{3}", severity="note"),
        Rule("determined", ("zip", "land", "city"), allow=0.01, name="one city"),
        Rule("mean", ("a",), about=3.25, spread=0.5, sd=2.0, skew=0.5),
        Rule("unique", ("a",)),
        Rule("share", ("b",), values=("x y",), about=0.5, spread=0.01),
        Rule("share", ("b",), values=("z",), low=0.1, high=0.2),
        Rule("rows", about=100.0, spread=3.0),
        Rule("fresh", ("b",), high=86400.0),
        Rule("unique", ("a", "b"), name="once a day"),
        Rule("relation", ("a", "b"), text="a < b and b > 0", severity="note"),
        Rule("sql", text="SELECT * FROM rows\nWHERE a > 'x = \\'", name="q", severity="warning"),
        Rule("polars", text="a > 1", allow=0.5, where="training"),
        Rule("present", ("later",), where="training"),
        Rule("missing", ("later",), high=0.0, where="training"),
    )
    written = Contract(Schema((Column("a", "number", low=0.5),)), rules=rules, alarms=Alarms(2.0, 4.25, 20, 900))
    text = contract_text(written)[0]
    assert '[columns.later]\nwhere = "training"\nmissing = 0\n' in text  # said once, for all rules of the column
    found = read_toml(text, "c.toml")
    assert set(found.rules or ()) == set(rules)
    assert found.alarms == written.alarms


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        ("[columns.age]\nrnage = [1, 2]", 3, "closest name here: 'range'"),
        ("[columns.age]\nrange = [2, 1]", 3, "swap them"),
        ("[columns.age]\nrange = 3", 3, "[least, greatest]"),
        ("[columns.age]\n\nrange = ['a', 'b']", 4, "without quotes"),
        ("[columns.age]\ntype = 'numbr'", 3, "closest name here: 'number'"),
        ("[columns.age]\nmissing = 20", 3, "0 to 1"),
        ("[columns.age]\npattern = '[A'", 3, "no regular expression"),
        ("[columns.age]\nset = 'a'", 3, "list of texts in quotes, numbers"),
        ("[columns.age]\nset = {value = ['a'], severity = 'fatal'}", 3, "note, warning or blocker"),
        ("[columns.age]\nset = {value = ['a'], where = 'train'}", 3, "training or serving"),
        ("[columns.age]\nwhere = 'here'", 3, "training or serving"),
        ("[columns.age]\nin = {file = 'x.csv'}", 3, "column"),
        ("[columns.age]\nrequired = 'yes'", 3, "true or false"),
        ('[columns."a = b"]\nunique = 1', 3, "true or false"),
        ("[columns]\nage = 3", 3, "[columns.age]"),
        ("[[relation]]\nrule = 'a <= b'\n[[relation]]\nrule = 'a <='", 5, "start <= end"),
        ("[[relation]]\nrule = 'open(a)'", 3, "start <= end"),
        ("[[sql]]\nqeury = 'SELECT 1'", 3, "closest name here: 'query'"),
        ("[sql]\nquery = 'SELECT 1'", 2, "[[sql]]"),
        ("[delivery]\nfresh = {column = 'day', within = 'soon'}", 3, "7d"),
        ("[alarms]\nper_month = 0", 3, "above 0"),
        ("[columns.age]\nmean = {about = 1}", 1, "needs [alarms]"),
        ("[colums.age]\nunique = true", 2, "closest name here: 'columns'"),
        ("[columns.age\n", 2, "not valid TOML"),
    ],
)
def test_a_mistake_is_told_by_its_line(lines: str, line: int, says: str) -> None:
    with pytest.raises(ContractError) as error:
        read_toml(f"contract = 2\n{lines}\n", "c.toml")
    assert f"line {line}" in str(error.value)
    assert says in str(error.value)
    assert "c.toml" in str(error.value)


@pytest.mark.parametrize("text", ["{}", "{ broken", '{"schema": 3}'])
def test_what_is_no_contract_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ContractError, match="no contract.json"):
        read_contract(tmp_path / "c.json")
    with pytest.raises(ContractError, match="there is no contract"):
        read_contract(tmp_path / "absent.toml")


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(ContractError, match="version 9"):
        read_toml("contract = 9", "c.toml")
