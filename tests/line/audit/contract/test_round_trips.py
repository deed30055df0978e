"""A contract that goes out to another tool and comes back refuses the same rows, and what it lost on the way was said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract import contract_text, hold
from artificer.line.audit.contract.dialects import read_yaml
from artificer_runtime.schema import Column, Schema

FORMS = ["dbt", "odcs", "pandera"]


def of_odcs(properties: list[dict[str, Any]], **more: Any) -> tuple[Contract, list[str]]:
    table = {"name": "orders", "properties": properties} | {key: more.pop(key) for key in ("quality",) if key in more}
    contract, findings = read_yaml(json.dumps({"apiVersion": "v3.1.0", "schema": [table], **more}), "c.yml")
    return contract, [finding.says for finding in findings]


def of_dbt(column: dict[str, Any], **model: Any) -> tuple[Contract, list[str]]:
    written = {"models": [{"name": "rows", "columns": [{"name": "x", **column}], **model}]}
    contract, findings = read_yaml(json.dumps(written), "c.yml")
    return contract, [finding.says for finding in findings]


@pytest.mark.parametrize("form", FORMS)
def test_a_set_of_numbers_or_of_truth_values_is_no_set_of_texts(form: str) -> None:
    ours = Contract(
        Schema((Column("n", "number"), Column("b", "boolean", ("false", "true")))),
        rules=(
            Rule("set", ("n",), values=("1", "2.5", "3"), severity="blocker"),
            Rule("set", ("b",), values=("false", "true"), severity="blocker"),
        ),
    )
    text, _ = contract_text(ours, form)
    assert "'1'" not in text
    assert "'true'" not in text
    rows = pl.DataFrame({"n": [1.0, 2.5, 4.0], "b": [True, False, None]})
    found = {rule for rule in read_yaml(text, "c.yml")[0].rules or () if rule.kind == "set"}
    assert found == set(ours.rules or ())
    assert hold(rows, read_yaml(text, "c.yml")[0]).offending["set of n"].tolist() == [2]


def test_dbt_compares_numbers_as_numbers() -> None:
    ours = Contract(Schema((Column("n", "number"),)), rules=(Rule("set", ("n",), values=("1", "2")),))
    assert "quote: false" in contract_text(ours, "dbt")[0]


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [(30, "min", 1_800), (30, "minutes", 1_800), (2, "d", 172_800), (1, "years", 31_536_000)],
)
def test_freshness_is_agreed_in_any_unit(value: float, unit: str, wanted: float) -> None:
    agreed = {"property": "latency", "value": value, "unit": unit, "element": "orders.extra.day"}
    contract, _ = of_odcs([{"name": "extra.day", "logicalType": "date"}], slaProperties=[agreed])
    (fresh,) = [rule for rule in contract.rules or () if rule.kind == "fresh"]
    assert (fresh.columns, fresh.high) == (("extra.day",), wanted)


def test_a_unit_that_is_not_known_is_not_taken_for_days() -> None:
    agreed = {"property": "latency", "value": 30, "unit": "fortnights", "element": "orders.day"}
    contract, says = of_odcs([{"name": "day"}], slaProperties=[agreed])
    assert "fresh" not in {rule.kind for rule in contract.rules or ()}
    assert "in the unit 'fortnights'" in says[0]


def test_a_number_of_rows_without_bounds_is_no_rule() -> None:
    contract, says = of_odcs([{"name": "x"}], quality=[{"metric": "rowCount", "mustNotBe": 0}])
    assert "rows" not in {rule.kind for rule in contract.rules or ()}
    assert "rowCount" in says[0]


def test_the_way_in_which_moments_are_written_goes_out_and_comes_back() -> None:
    ours = Contract(
        Schema((Column("day", "time", form="%d.%m.%Y %H:%M"),)), rules=(Rule("type", ("day",), severity="blocker"),)
    )
    text, unsaid = contract_text(ours, "odcs")
    assert "dd.MM.yyyy HH:mm" in text
    assert unsaid == ()
    rows = pl.DataFrame({"day": ["31.12.2023 08:15", "01.02.2024 09:00", "soon"]})
    for one in (ours, read_yaml(text, "c.yml")[0]):
        assert hold(rows, one).offending["type of day"].tolist() == [2]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"logicalType": "string", "logicalTypeOptions": {"format": "email"}}, True),
        ({"logicalType": "date", "logicalTypeOptions": {"format": "d MMM yyyy"}}, True),
        ({"logicalType": "date", "logicalTypeOptions": {"format": "YYYY-MM-DD"}}, False),
        ({"logicalType": "integer", "logicalTypeOptions": {"format": "i32"}}, False),
    ],
)
def test_a_format_that_has_no_counterpart_is_said_to_be_unread(column: dict[str, Any], told: bool) -> None:
    _, says = of_odcs([{"name": "x", **column}])
    assert any("the format" in one for one in says) == told


def test_a_word_that_another_tool_takes_for_missing_is_told() -> None:
    quality = {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [None, "", "N/A", "unknown"]}}
    _, says = of_odcs([{"name": "x", "quality": [quality]}])
    assert says == ["that 'unknown' is missing of 'x' is not enforced: it has no counterpart here"]


def test_the_constraints_of_a_dbt_contract_are_enforced() -> None:
    contract, says = of_dbt(
        {"constraints": [{"type": "not_null"}, {"type": "check", "expression": "x > 0"}, {"type": "custom"}]},
        constraints=[
            {"type": "primary_key", "columns": ["x", "y"]},
            {"type": "foreign_key", "columns": ["y"], "to": "ref('others')", "to_columns": ["id"]},
        ],
    )
    rows = pl.DataFrame({"x": [1, 2, 2, -1, None], "y": ["a", "b", "b", "c", "d"]})
    held = hold(rows, contract, tables={"others": {"id": ["a", "b", "c"]}})
    assert {title: places.tolist() for title, places in held.offending.items()} == {
        "missing of x": [4],
        "SELECT * FROM rows WHERE NOT (x > 0)": [3],
        "unique of x, y": [1, 2],
        "reference of y": [4],
    }
    assert len(says) == 1
    assert "the constraint custom" in says[0]


@pytest.mark.parametrize(
    ("test", "kind", "told"),
    [
        ({"not_null": {"config": {"enabled": False}}}, None, ""),
        ({"not_null": {"config": {"error_if": ">10"}}}, "missing", "error_if '>10'"),
        ({"not_null": {"where": "a > 1"}}, None, "with a condition"),
        (
            {"dbt_expectations.expect_column_values_to_match_regex": {"regex": "a", "row_condition": "y"}},
            None,
            "with a condition",
        ),
        ({"dbt_expectations.expect_column_values_to_be_between": {"min_value": 0, "max_value": 2}}, "range", ""),
        ({"dbt_expectations.expect_column_values_to_be_between": {"min_value": 0, "strictly": True}}, None, "the test"),
        ({"dbt_expectations.expect_column_values_to_be_in_set": {"value_set": [1, 2.0]}}, "set", ""),
    ],
)
def test_what_dbt_does_with_a_test_is_done_here_or_told(test: dict[str, Any], kind: str | None, told: str) -> None:
    contract, says = of_dbt({"data_tests": [test]})
    assert [rule.kind for rule in contract.rules or () if rule.kind != "present"] == ([kind] if kind else [])
    assert bool(says) == bool(told)
    assert all(told in one for one in says)


MILD = Contract(
    Schema((Column("x", "number"), Column("word", "text"))),
    rules=(
        Rule("missing", ("x",), high=0.0),
        Rule("unique", ("x",)),
        Rule("range", ("x",), 0.0, 9.0),
        Rule("set", ("word",), values=("a", "b"), allow=0.1),
        Rule("pattern", ("word",), text="[a-z]"),
        Rule("reference", ("word",), values=("words", "word")),
    ),
)


@pytest.mark.parametrize(
    ("form", "blocking"),
    [("dbt", ""), ("odcs", "range of x, reference of word"), ("pandera", "missing of x, unique of x")],
)
def test_what_only_warned_still_warns_or_is_said_to_block(form: str, blocking: str) -> None:
    text, unsaid = contract_text(MILD, form)
    lost = [one for one in unsaid if one.startswith("the severity")]
    assert [one.split(":")[0] for one in lost] == ([f"the severity of {blocking}"] if blocking else [])
    rows = pl.DataFrame({"x": [1.0, 1.0, 99.0, None], "word": ["a", "b", "A", "b"]})
    held = hold(rows, read_yaml(text, "c.yml")[0], tables={"words": {"word": ["a", "b"]}})
    grave = {finding.code for finding in held.findings if finding.severity == "blocker"}
    names = {"range": "contract:range", "reference": "contract:unmatched", "missing": "contract:missing"}
    names |= {"unique": "contract:repeated"}
    assert grave == {names[one.split(" of ")[0]] for one in blocking.split(", ") if one}


def test_a_share_of_the_values_there_are_is_said_to_be_one_of_all_rows() -> None:
    said = "that shares are of the values there are: of all rows there, so that more may break set of word"
    assert said in contract_text(MILD, "odcs")[1]
    never = replace(MILD, rules=(*(MILD.rules or ()), Rule("missing", ("word",), high=0.0, allow=0.01)))
    assert not any("shares" in one for one in contract_text(never, "odcs")[1])


@pytest.mark.parametrize("form", FORMS)
def test_how_cells_are_read_is_said_to_be_lost(form: str) -> None:
    columns = (
        Column("price", "number", form="1,234.5"),
        Column("day", "time", zone="+01:00"),
        Column("at", "time", form="%d.%m.%Y"),
    )
    _, unsaid = contract_text(Contract(Schema(columns, ("unknown",)), rules=()), form)
    told = ["how the values of price are written (1,234.5)", "that the moments of day must name their time zone"]
    told += [] if form == "odcs" else ["how the values of at are written (%d.%m.%Y)"]
    assert list(unsaid) == [*told, "that these mean a missing value: unknown"]
