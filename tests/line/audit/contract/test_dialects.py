"""Contracts of other tools are read as they mean them, and ours are written so that they read back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.errors import ContractError
from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract import contract_text, hold, read_contract
from artificer.line.audit.contract.dialects import read_yaml
from artificer_runtime.schema import Column, Schema

DBT = """
version: 2
models:
  - name: orders
    data_tests:
      - dbt_utils.expression_is_true:
          expression: "start <= stop"
      - dbt_utils.expression_is_true: {arguments: {expression: "price * 2 < 100 or price is null"}, config: {severity: warn}}
      - dbt_utils.unique_combination_of_columns: {combination_of_columns: [id, status]}
      - dbt_utils.recency: {field: start}
    columns:
      - name: id
        data_type: integer
        tests: [not_null, unique]
      - name: status
        data_tests:
          - accepted_values: {values: [open, closed, true], config: {severity: warn}}
      - name: customer
        data_tests:
          - relationships: {to: ref('customers'), field: id}
          - not_null: {where: "id > 3"}
      - name: price
        data_tests:
          - dbt_utils.accepted_range: {min_value: 0, max_value: 60}
          - dbt_utils.not_null_proportion: {at_least: 0.5}
          - dbt_utils.expression_is_true: {expression: ">= 0"}
      - {name: start, data_type: date}
      - {name: stop, data_type: date}
"""
ODCS = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true}
      - name: status
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {validValues: [open, closed, "true"]}
            mustBe: 0
            severity: warning
          - {metric: nullValues, mustBeLessThan: 3, unit: rows}
      - {name: customer, relationships: [{to: customers.id}]}
      - name: price
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 60}
        quality: [{metric: nullValues, mustBeLessOrEqualTo: 50, unit: percent}]
      - {name: start, logicalType: date}
      - {name: stop, logicalType: date}
    quality:
      - {type: sql, query: "SELECT COUNT(*) FROM {object} WHERE NOT (start <= stop)", mustBe: 0}
      - {metric: rowCount, mustBeBetween: [2, 9]}
      - {type: text, description: nice}
slaProperties:
  - {property: latency, value: 2, unit: d, element: orders.start}
"""
PANDERA = """
schema_type: dataframe
columns:
  id: {dtype: int64, unique: true}
  status:
    nullable: true
    checks:
      isin: {value: [open, closed, 'true'], options: {raise_warning: true}}
  customer: {nullable: true, str_matches: ^c}
  price:
    dtype: float64
    nullable: true
    in_range: {min_value: 0, max_value: 60, include_min: true, include_max: true}
    str_length: {min_value: 1}
  start: {dtype: 'datetime64[ns]'}
  stop: {dtype: 'datetime64[ns]'}
"""
ROWS = pl.DataFrame(
    {
        "id": [1, 2, 2, 4],
        "status": ["open", "closed", "lost", "true"],
        "customer": ["c1", "c2", "c9", "x"],
        "price": [1.0, None, 70.0, 55.0],
        "start": ["2024-01-01"] * 4,
        "stop": ["2024-01-02", "2023-01-02", "2024-01-02", "2024-01-02"],
    }
)
RNG = np.random.default_rng(3)
CUSTOMERS = {"customers": {"id": ["c1", "c2", "x"]}}


@pytest.mark.parametrize(
    ("text", "offending", "unread"),
    [
        (
            DBT,
            {
                "unique of id": [1, 2],
                "set of status": [2],
                "reference of customer": [2],
                "range of price": [2],
                "start <= stop": [1],
                "SELECT * FROM rows WHERE NOT (price * 2 < 100 or price is null)": [2, 3],
            },
            ["customer", "rows"],
        ),
        (
            ODCS,
            {
                "unique of id": [1, 2],
                "set of status": [2],
                "reference of customer": [2],
                "range of price": [2],
                "start <= stop": [1],
            },
            ["status", "rows"],
        ),
        (
            PANDERA,
            {"unique of id": [1, 2], "set of status": [2], "pattern of customer": [3], "range of price": [2]},
            ["price"],
        ),
    ],
    ids=["dbt", "odcs", "pandera"],
)
def test_each_form_is_enforced_as_it_means(text: str, offending: dict[str, list[int]], unread: list[str]) -> None:
    contract, findings = read_yaml(text, "c.yml")
    held = hold(ROWS, contract, tables=CUSTOMERS)
    assert {title: places.tolist() for title, places in held.offending.items()} == offending
    assert [finding.where for finding in findings] == unread
    assert {finding.code for finding in findings} == {"contract:unread"}
    (status,) = [finding for finding in held.findings if finding.where == "status"]
    assert (status.severity, {finding.severity for finding in held.findings if finding.where == "price"}) == (
        "warning",
        {"blocker"},
    )


ENDS = {
    "dbt": """
models:
  - name: rows
    columns:
      - name: x
        tests:
          - dbt_utils.accepted_range: {min_value: 0}
          - dbt_utils.accepted_range: {max_value: 10FIRST}
""",
    "pandera": """
columns:
  x: {nullable: true, checks: {greater_than_or_equal_to: {value: 0}, less_than_or_equal_to: {value: 10SECOND}}}
""",
}


@pytest.mark.parametrize("form", ["dbt", "pandera"])
@pytest.mark.parametrize("mild", [False, True])
def test_a_least_and_a_greatest_value_apart_hold_both(form: str, mild: bool, tmp_path: Path) -> None:
    first, second = (", severity: warn", ", options: {raise_warning: true}") if mild else ("", "")
    contract, _ = read_yaml(ENDS[form].replace("FIRST", first).replace("SECOND", second), "c.yml")
    assert [rule.kind for rule in contract.rules or ()].count("range") == (2 if mild else 1)
    (tmp_path / "c.toml").write_text(contract_text(contract)[0], encoding="utf-8")
    rows = pl.DataFrame({"x": [-5.0, 5.0, 50.0]})
    for one in (contract, read_contract(tmp_path / "c.toml")[0]):
        kept, aside = hold(rows, one).split(rows)
        assert (kept["x"].to_list(), aside["x"].to_list()) == ([5.0], [-5.0, 50.0])


def of_regex(form: str, regex: str) -> Contract:
    test = {"dbt_expectations.expect_column_values_to_match_regex": {"regex": regex}}
    written: dict[str, object] = {
        "dbt": {"models": [{"name": "rows", "columns": [{"name": "x", "tests": [test]}]}]},
        "odcs": {
            "apiVersion": "v3.1.0",
            "schema": [{"name": "rows", "properties": [{"name": "x", "logicalTypeOptions": {"pattern": regex}}]}],
        },
        "pandera": {"columns": {"x": {"nullable": True, "checks": {"str_matches": {"value": regex}}}}},
    }
    return read_yaml(json.dumps(written[form]), "c.yml")[0]


TEXTS = ["a@b.c", "US$", "US$x", "US", "xUS$", "foot", "sandbar", "foo", "bars", "(", "b", "a\nz@\n"]


@pytest.mark.parametrize("form", ["dbt", "odcs", "pandera"])
@pytest.mark.parametrize("regex", ["@", "^US\\$", "^foo|bar$", "^[a-z]+$", "[$|(]", "^(a|b)", "(?i)^FOO$", "foo|b"])
def test_a_regular_expression_finds_what_the_tool_finds_and_is_written_so(form: str, regex: str) -> None:
    finds = re.match if form == "pandera" else re.search
    wanted = [place for place, text in enumerate(TEXTS) if not finds(regex, text)]
    contract = of_regex(form, regex)
    again = read_yaml(contract_text(contract, form)[0], "c.yml")[0]
    for one in (contract, again):
        assert hold(pl.DataFrame({"x": TEXTS}), one).positions.tolist() == wanted
    assert [rule.text for rule in again.rules or ()] == [rule.text for rule in contract.rules or ()]


@pytest.mark.parametrize("form", ["dbt", "odcs", "pandera"])
def test_a_pattern_that_is_a_choice_is_written_as_one(form: str) -> None:
    ours = Contract(Schema((Column("x", "text"),)), rules=(Rule("pattern", ("x",), text="yes|no", severity="blocker"),))
    found = read_yaml(contract_text(ours, form)[0], "c.yml")[0]
    held = hold(pl.DataFrame({"x": ["yes", "no", "yes!", "so no"]}), found)
    assert held.offending["pattern of x"].tolist() == [2, 3]


OURS = Contract(
    Schema((Column("id", "number"), Column("status", "text"), Column("day", "time"))),
    rules=(
        *(Rule("present", (name,)) for name in ("id", "status", "day")),
        *(Rule("type", (name,), severity="blocker") for name in ("id", "status", "day")),
        Rule("missing", ("id",), high=0.0, severity="blocker"),
        Rule("range", ("id",), low=0.0, high=2.5, severity="blocker"),
        Rule("range", ("day",), low=1704067200.0, severity="blocker"),
        Rule("unique", ("id", "status"), severity="blocker"),
        Rule("set", ("status",), values=("yes", "no", "1"), severity="blocker"),
        Rule("pattern", ("status",), text="[a-z0-9]{1,3}", severity="blocker"),
        Rule("relation", ("id", "day"), text="id < 3 and id != 2 or not id > 9", severity="blocker"),
        Rule("rows", low=1.0, high=100.0, severity="blocker"),
        Rule("mean", ("id",), about=1.0),
    ),
)
SAID = {
    "dbt": {"missing", "range", "unique", "set", "pattern", "rows"},
    "odcs": {"missing", "range", "unique", "set", "pattern", "rows"},
    "pandera": {"missing", "range", "unique", "set", "pattern"},
}


@pytest.mark.parametrize("form", ["dbt", "odcs", "pandera"])
def test_what_a_form_can_say_reads_back_and_the_rest_is_named(form: str, tmp_path: Path) -> None:
    text, unsaid = contract_text(OURS, form)
    (tmp_path / "c.yml").write_text(text, encoding="utf-8")
    found, findings = read_contract(tmp_path / "c.yml")
    wanted = {rule for rule in OURS.rules or () if rule.kind in SAID[form]}
    assert {rule for rule in found.rules or () if rule.kind in SAID[form]} == wanted
    assert findings == ()
    assert "mean of id" in unsaid
    assert len(unsaid) == (3 if form == "pandera" else 1)
    if form != "pandera":
        (own,) = [rule for rule in found.rules or () if rule.kind == "sql"]
        held = hold(pl.DataFrame({"id": [1, 2, 3, 10]}), Contract(Schema(()), rules=(own,)))
        assert held.positions.tolist() == [3]


@pytest.mark.parametrize("form", ["dbt", "odcs"])
@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("start <= end", 'start <= "end"'),
        ("net + order == total", '(net + "order") = total'),
        ("Group > 1 and not user < 2", '("Group" > 1 AND NOT ("user" < 2))'),
    ],
)
def test_a_name_that_sql_reserves_is_quoted_and_read_again(form: str, relation: str, said: str) -> None:
    names = tuple(dict.fromkeys(re.findall(r"[A-Za-z]+", relation.replace("and not", ""))))
    ours = Contract(Schema(()), rules=(Rule("relation", names, text=relation, severity="blocker"),))
    text, unsaid = contract_text(ours, form)
    assert said in text.replace("'\n", "").replace("''", "'")
    assert unsaid == ()
    rows = pl.DataFrame({name: RNG.integers(0, 4, 200) for name in names})
    found = read_yaml(text, "c.yml")[0]
    assert hold(rows, found).positions.tolist() == hold(rows, ours).positions.tolist() != []


@pytest.mark.parametrize(("start", "stop"), [("start", "stop"), ("from", "to"), ('the "start"', "the stop")])
def test_names_in_quotes_are_columns(start: str, stop: str) -> None:
    one, other = (name.replace('"', '""') for name in (start, stop))
    test = {"dbt_utils.expression_is_true": {"expression": f'"{one}" <= "{other}"'}}
    contract, _ = read_yaml(json.dumps({"models": [{"name": "rows", "tests": [test]}]}), "c.yml")
    rows = pl.DataFrame({start: [1, 2, 3], stop: [2, 1, 3]})
    assert hold(rows, contract).positions.tolist() == [1]
    again, _ = read_yaml(contract_text(contract, "dbt")[0], "c.yml")
    assert hold(rows, again).positions.tolist() == [1]


LOOSE = (
    Rule("missing", ("id",), high=0.0, allow=0.034, severity="blocker"),
    Rule("range", ("id",), low=0.0, high=2.5, allow=0.023, severity="blocker"),
    Rule("unique", ("id",), allow=0.01, severity="blocker"),
    Rule("set", ("status",), values=("yes", "no"), allow=0.034, severity="blocker"),
    Rule("pattern", ("status",), text="[a-z]{2,3}", allow=0.034, severity="blocker"),
    Rule("reference", ("status",), values=("words", "word"), allow=0.0004, severity="blocker"),
)


@pytest.mark.parametrize(
    ("form", "strict", "absent"),
    [
        ("dbt", ["range", "unique", "set", "pattern", "reference"], []),
        ("odcs", ["range", "reference"], []),
        ("pandera", ["missing", "range", "unique", "set", "pattern"], ["reference"]),
    ],
)
def test_what_a_rule_allows_is_written_or_said_to_be_lost(form: str, strict: list[str], absent: list[str]) -> None:
    contract = replace(OURS, rules=LOOSE)
    text, unsaid = contract_text(contract, form)
    kinds = [next(rule.kind for rule in LOOSE if f"of {rule.kind} of" in one) for one in unsaid if "allowance" in one]
    assert kinds == strict
    assert [one for one in unsaid if not re.search("allowance|shares", one)] == [
        f"{kind} of status, words" for kind in absent
    ]
    assert "the allowance of 2.3% of range of id, which is strict there" in unsaid
    found = {rule.kind: rule for rule in read_yaml(text, "c.yml")[0].rules or ()}
    for rule in LOOSE:
        if rule.kind not in (*strict, *absent):
            read = found[rule.kind]
            assert (read.high if rule.kind == "missing" else read.allow) == pytest.approx(rule.allow)


@pytest.mark.parametrize("form", ["odcs", "pandera"])
def test_of_two_ranges_that_a_form_cannot_hold_beside_each_other_one_is_named(form: str) -> None:
    mild = Rule("range", ("id",), low=0.5, high=2.0, severity="warning")
    text, unsaid = contract_text(replace(OURS, rules=(LOOSE[1], mild)), form)
    assert "range of id" in unsaid
    (read,) = (rule for rule in read_yaml(text, "c.yml")[0].rules or () if rule.kind == "range")
    assert (read.low, read.high) == (0.0, 2.5)


@given(st.sampled_from([DBT, ODCS, PANDERA]), st.data())
def test_whatever_is_built_otherwise_is_told_without_a_word_of_python(form: str, data: st.DataObject) -> None:
    written = yaml.safe_load(form)
    places = list(_places(written))
    part, key = data.draw(st.sampled_from(places))
    part[key] = data.draw(
        st.sampled_from([None, "text", 3, True, [], [1], ["a"], [{"a": 1}], {}, {"a": 1}, {"name": []}])
    )
    says = ""
    try:
        read_yaml(yaml.safe_dump(written), "c.yml")
    except ContractError as error:
        says = str(error)
    assert not re.search(r"Error|' object|NoneType|iterable|unhashable|subscript", says)


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
        yield part, key
        yield from _places(part[key])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "line 1"),
        ("- 1", "no contract that is known"),
        ("models: []", "0 models"),
        (
            "models:\n- name: a\n  columns:\n  - {nmae: x}",
            "line 4, .*number 1 of 'columns' of number 1 of 'models' lacks 'name'; closest there: 'nmae'",
        ),
        ("models:\n- columns: {id: {}}", "line 2, .*'columns' of .* is a mapping, where a list belongs"),
        (
            "models: [{columns: [{name: x, tests: [accepted_values: {}]}]}]",
            "test accepted_values of 'x' lacks 'value_set'",
        ),
        ("models: [{columns: [{name: x, tests: [accepted_values: [a]]}]}]", "is a list, where .* a mapping belongs"),
        (
            "schema:\n- properties:\n  - name: a\n  - b",
            "line 4, .*number 2 of 'properties' .* a plain value, where a mapping",
        ),
        ("columns:\n  age:\n    checks: [ge]", "line 3, .*number 1 of 'checks' of 'age' of 'columns' is a plain value"),
        ("columns: {age: {checks: {isin: 3}}}", "the check isin of 'age' holds a value of another kind"),
        ("apiVersion: v3.1.0\nschema: []", "0 objects"),
        ("columns: {a: {in_range: {min_value: soon, max_value: 3}}}", "'soon'"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_what_is_no_contract_is_refused(text: str, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        read_yaml(text, "c.yml")


PRICE = "columns:\n  price:\n    dtype: float64\n    nullable: true\n    "


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        (f"{PRICE}greater_than: 1\n", [0]),
        (f"{PRICE}checks: {{less_than: {{value: 55.0}}}}\n", [2, 3]),
        (f"{PRICE}in_range: {{min_value: 5}}\n", [0]),
        ("models: [{name: r, columns: [{name: price, tests: not_null}]}]", [1]),
        ("apiVersion: v3\nschema: [{properties: [{name: price, logicalTypeOptions: {maximum: '60'}}]}]", [2]),
    ],
    ids=["above", "below", "one end", "one test", "number in quotes"],
)
def test_what_is_written_loosely_is_held(text: str, offending: list[int]) -> None:
    contract, findings = read_yaml(text, "c.yml")
    assert findings == ()
    assert hold(ROWS.select("price"), contract).positions.tolist() == offending


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: null\n", "holds no rule, so anything would keep it"),
        ("apiVersion: v3\nschema: [{quality: [{metric: rowCount, mustBe: 5%}]}]", "the bound '5%' of 'mustBe'"),
    ],
)
def test_what_cannot_be_held_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "c.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        read_contract(tmp_path / "c.yml")


@pytest.mark.parametrize("form", ["dbt", "odcs", "pandera"])
def test_a_foreign_contract_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path, form: str) -> None:
    contract = Contract(Schema((Column("id", "identifier"),)), rules=(Rule("unique", ("id",), severity="blocker"),))
    text, _ = contract_text(contract, form)
    (tmp_path / "contract.txt").write_text(f"# ours: agreed\n\n{text}", encoding="utf-8")
    read, _ = read_contract(tmp_path / "contract.txt")
    assert ("unique", ("id",)) in {(rule.kind, rule.columns) for rule in read.rules or ()}
