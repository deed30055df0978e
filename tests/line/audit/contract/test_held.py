"""The contract names what later data lacks, and is silent about data that keeps it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.errors import ContractError
from artificer.core.stages import Contract, Rule
from artificer.core.store import decode, encode
from artificer.line.audit import audit, check_contract, hold
from artificer.line.audit.contract.written import read_toml
from artificer_runtime.schema import Column, Schema

N = 200


def delivery(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "number": [f"n{row}" for row in range(N)],
            "age": rng.integers(20, 60, N),
            "colour": rng.choice(["red", "green"], N),
            "day": [f"2024-01-{1 + row % 28:02d}" for row in range(N)],
            "note": [None if row % 2 else "x" for row in range(N)],
            "y": rng.integers(0, 2, N),
        }
    )


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    brief = Brief(target=Target(column="y"), data=Data(key=("number",)))
    return audit(brief, frame=delivery(), workspace=tmp_path_factory.mktemp("contract")).contract


def codes(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    return {finding.where: f"{finding.severity} {finding.code}" for finding in check_contract(rows, contract)}


def test_training_rows_keep_their_own_contract(contract: Contract) -> None:
    assert check_contract(delivery(), contract) == ()


def test_rows_without_their_label_keep_it(contract: Contract) -> None:
    assert check_contract(delivery().drop("y"), contract) == ()


def test_absent_and_new_columns_are_named_with_the_closest_name(contract: Contract) -> None:
    renamed = delivery().rename({"age": "Age"})
    assert codes(renamed, contract) == {"age": "blocker contract:absent", "Age": "note contract:new"}
    assert "closest name here: 'Age'" in check_contract(renamed, contract)[0].says


@pytest.mark.parametrize(
    ("column", "cells", "code"),
    [
        ("age", ["young"] * N, "blocker contract:kind"),
        ("age", ["young"] + ["30"] * (N - 1), "warning contract:kind"),
        ("day", ["soon"] * N, "blocker contract:kind"),
        ("colour", ["violet"] * N, "warning contract:level"),
        ("age", [150] * N, "warning contract:range"),
        ("day", ["1931-01-01"] * N, "warning contract:range"),
        ("number", ["n1"] * N, "warning contract:repeated"),
    ],
)
def test_changed_values_are_named(contract: Contract, column: str, cells: list[object], code: str) -> None:
    rows = delivery().with_columns(pl.Series(column, cells))
    assert code in codes(rows, contract)[column]


@pytest.mark.parametrize(("n_gaps", "found"), [(1, ""), (6, ""), (20, "warning"), (N, "blocker")])
def test_a_column_that_was_never_empty_may_lack_what_another_sample_may_lack(
    contract: Contract, n_gaps: int, found: str
) -> None:
    rows = delivery().with_columns(pl.Series("colour", [None] * n_gaps + ["red"] * (N - n_gaps), pl.String))
    assert codes(rows, contract) == ({"colour": f"{found} contract:missing"} if found else {})
    assert "note" not in contract.not_null


def test_a_contract_of_a_package_of_the_first_version_is_enforced_as_it_was(contract: Contract) -> None:
    old = Contract(contract.schema, contract.not_null, contract.unique, "y")
    stored = json.loads(encode(old))
    del stored["rules"], stored["alarms"]
    read = decode(json.dumps(stored).encode(), Contract)
    assert read.rules is None
    changed = delivery().with_columns(pl.Series("colour", ["violet"] * 10 + ["red"] * (N - 10)), age=pl.lit(150))
    assert check_contract(delivery(), read) == ()
    assert set(codes(changed, read).values()) == {"warning contract:level", "warning contract:range"}


def ruled(*rules: Rule) -> Contract:
    return Contract(Schema(()), rules=rules)


TIMES = pl.DataFrame(
    {
        "start": ["2024-01-01", "2024-01-05", "2024-01-09", None],
        "end": ["2024-01-03", "2024-01-02", "2024-01-09", "2024-01-01"],
        "code": ["AB12", "CD34", "x", "EF56"],
        "n": [1.0, -2.0, 3.0, None],
        "who": ["a", "a", "a", None],
        "where": ["here", "there", "here", "there"],
    }
)


class TestEachKindOfRule:
    @pytest.mark.parametrize(
        ("rule", "code", "places"),
        [
            (Rule("relation", ("end", "start"), text="start <= end"), "relation", [1]),
            (Rule("determined", ("who", "where")), "determined", [1]),
            (Rule("pattern", ("code",), text="[A-Z]{2}[0-9]{2}"), "pattern", [2]),
            (Rule("range", ("n",), low=0.0), "range", [1]),
            (Rule("range", ("start",), high=1704326400.0), "range", [1, 2]),
            (Rule("set", ("n",), values=("1", "3")), "level", [1]),
            (Rule("missing", ("n",), high=0.0), "missing", [3]),
            (Rule("missing", ("n",), high=0.1), "missing", [3]),
            (Rule("rows", low=5), "rows", []),
            (Rule("mean", ("n",), low=1.0, high=2.0), "mean", []),
            (Rule("share", ("code",), high=0.1, values=("x",)), "share", []),
            (Rule("sql", text="SELECT * FROM rows WHERE n < 0"), "own", [1]),
            (Rule("sql", text="SELECT n FROM rows WHERE n < 0;"), "own", []),
            (Rule("sql", text='SELECT * FROM rows WHERE "end" > start + INTERVAL 1 DAY -- long'), "own", [0]),
            (Rule("polars", text="n > 0 AND code LIKE 'A%'"), "own", [1, 2, 3]),
            (Rule("fresh", ("end",), high=86400.0), "stale", []),
            (Rule("reference", ("code",), values=("codes", "id")), "unmatched", [2]),
        ],
    )
    def test_it_names_the_rows_that_break_it(self, rule: Rule, code: str, places: list[int]) -> None:
        now = datetime(2024, 1, 11, tzinfo=UTC)
        found = hold(TIMES, ruled(rule), tables={"codes": {"id": ["AB12", "CD34", "EF56"]}}, now=now)
        assert [finding.code for finding in found.findings if finding.code != "contract:new"] == [f"contract:{code}"]
        assert found.positions.tolist() == places

    @pytest.mark.parametrize(
        "rule",
        [
            Rule("range", ("n",), low=-2.0, high=3.0),
            Rule("range", ("n",), low=0.0, allow=0.3),
            Rule("missing", ("n",), high=0.25),
            Rule("polars", text="n > -5"),  # null is in order
            Rule("rows", low=4, high=4),
            Rule("determined", ("who", "n", "where")),
            Rule("fresh", ("end",), high=4 * 86400.0),
            Rule("unique", ("start",)),
            Rule("sql", text="SELECT * FROM rows WHERE n > 10"),
        ],
    )
    def test_it_is_silent_where_it_is_kept(self, rule: Rule) -> None:
        found = hold(TIMES, ruled(rule), now=datetime(2024, 1, 11, tzinfo=UTC))
        assert [finding for finding in found.findings if finding.code != "contract:new"] == []

    def test_where_two_values_are_as_common_both_are_named(self) -> None:
        rows = pl.DataFrame({"zip": ["1", "1", "2"], "city": ["Oslo", "Rome", "Lima"]})
        assert hold(rows, ruled(Rule("determined", ("zip", "city")))).positions.tolist() == [0, 1]

    def test_a_learned_reference_whose_table_is_absent_is_not_held_and_says_so(self) -> None:
        rule = Rule("reference", ("code",), values=("codes", "id"), learned="all find theirs")
        (found,) = (one for one in hold(TIMES, ruled(rule)).findings if one.code != "contract:new")
        assert (found.code, found.severity) == ("contract:unchecked", "note")
        assert "--table codes=FILE" in found.fix
        with pytest.raises(ContractError, match="--table codes=FILE"):
            hold(TIMES, ruled(Rule("reference", ("code",), values=("codes", "id"))))

    def test_severity_is_the_rules_where_it_has_one(self) -> None:
        found = hold(TIMES, ruled(Rule("range", ("n",), low=0.0, severity="blocker")))
        assert ("contract:range", "blocker") in {(finding.code, finding.severity) for finding in found.findings}


class TestOwnRules:
    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM read_csv('{file}')",
            "SELECT * FROM '{file}'",
            "SELECT * FROM glob('/*')",
            "COPY rows TO '{file}'",
            "ATTACH '{file}'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SELECT 1; DROP VIEW rows",
            "SELECT * FROM hidden",
            "SELECT FROM WHERE",
        ],
    )
    def test_a_query_reaches_nothing_but_the_rows(self, query: str, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text("secret\n1\n")
        hidden = pl.DataFrame({"n": [1]})
        with pytest.raises(ContractError) as error:
            hold(TIMES, ruled(Rule("sql", text=query.format(file=tmp_path / "secret.csv"))))
        assert hidden.height == 1
        assert "secret\n" not in str(error.value)
        assert (tmp_path / "secret.csv").read_text() == "secret\n1\n"

    @pytest.mark.parametrize(
        "text",
        [
            "n IN (SELECT x FROM read_csv('{file}'))",
            "n IN (FROM read_csv('{file}'))",
            "EXISTS (VALUES (1))",
            "__import__('os')",
            "n +",
            "n + 1",
            "absent > 1",
        ],
    )
    def test_an_expression_reaches_nothing_but_the_rows(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text("secret\n1\n")
        with pytest.raises(ContractError) as error:
            hold(TIMES, ruled(Rule("polars", text=text.format(file=tmp_path / "secret.csv"))))
        assert "secret\n" not in str(error.value)

    def test_a_column_that_no_query_can_name_is_in_nobodys_way(self) -> None:
        rows = TIMES.with_columns(pl.lit(1).alias("a\0b"))
        assert hold(rows, ruled(Rule("sql", text="SELECT * FROM rows WHERE n < 0"))).positions.tolist() == [1]

    def test_a_failing_query_tells_no_value(self) -> None:
        with pytest.raises(ContractError) as error:
            hold(TIMES, ruled(Rule("sql", text="SELECT * FROM rows WHERE CAST(code AS INTEGER) > 0")))
        assert "AB12" not in str(error.value)


def test_a_rule_that_names_no_column_of_the_rows_is_said_to_be_unchecked() -> None:
    found = hold(TIMES, ruled(Rule("relation", ("endd", "start"), text="start <= endd"))).findings
    (one,) = [finding for finding in found if finding.code != "contract:new"]
    assert (one.code, one.severity, one.where) == ("contract:unchecked", "warning", "endd")
    assert "'end'" in one.says


@pytest.mark.parametrize("kind", ["mean", "range"])
def test_a_bound_on_texts_is_said_to_be_unchecked(kind: Literal["mean", "range"]) -> None:
    held = hold(TIMES, ruled(Rule(kind, ("code",), low=1.0, high=2.0)))
    (one,) = [finding for finding in held.findings if finding.code != "contract:new"]
    assert (one.code, one.severity, one.where) == ("contract:unchecked", "warning", "code")
    assert f"the {kind} of 'code' is not checked: it holds texts, not numbers" in one.says
    assert not held.changed


def test_numbers_and_truth_values_make_a_set() -> None:
    contract = read_toml("[columns.n]\nset = [1, 2.0]\n[columns.seen]\nset = [true]", "c.toml")
    held = hold(pl.DataFrame({"n": [1, 2, 3], "seen": [True, True, False]}), contract)
    assert {title: places.tolist() for title, places in held.offending.items()} == {"set of n": [2], "set of seen": [2]}


@pytest.mark.parametrize("rows", [[12345, 23456], [12345.0, 23456.0], ["12345", "23456"]])
def test_whole_numbers_are_spelled_without_a_point(rows: list[object]) -> None:
    frame = pl.DataFrame({"zip": rows * 50})
    text = "[columns.zip]\ntype = 'number'\npattern = '[0-9]{5}'\n[columns.zip.shares]\n12345 = [0.4, 0.6]"
    assert hold(frame, read_toml(text, "c.toml")).findings == ()
    longer = hold(frame.with_columns(zip=pl.lit("123456")), read_toml(text, "c.toml"))
    assert {one.code for one in longer.findings} == {"contract:pattern", "contract:share"}


def test_a_number_that_is_written_with_its_zeros_keeps_a_pattern_of_them() -> None:
    contract = read_toml("[columns.zip]\ntype = 'number'\npattern = '[0-9]{5}'", "c.toml")
    assert hold(pl.DataFrame({"zip": ["01234", "23456"]}), contract).findings == ()


class TestQuarantine:
    def test_rows_are_parted_with_the_reasons(self) -> None:
        rules = (Rule("range", ("n",), low=0.0), Rule("relation", ("end", "start"), text="start <= end"))
        held = hold(TIMES, ruled(*rules, Rule("pattern", ("code",), text="[A-Z]{2}[0-9]{2}")))
        kept, aside = held.split(TIMES)
        assert kept.rows() == [TIMES.row(0), TIMES.row(3)]
        assert aside["why"].to_list() == ["range of n; start <= end", "pattern of code"]
        assert aside.drop("why").equals(TIMES[1:3])

    def test_no_row_is_lost_where_two_rules_have_one_title(self) -> None:
        names = [Rule("polars", text=text, name="in order") for text in ("n > 0", "code <> 'AB12'")]
        kept, aside = hold(TIMES, ruled(*names)).split(TIMES)
        assert (kept["code"].to_list(), aside["code"].to_list()) == (["x", "EF56"], ["AB12", "CD34"])
        assert aside["why"].to_list() == ["in order", "in order"]

    def test_a_column_of_that_name_stays(self) -> None:
        rows = TIMES.with_columns(why=pl.lit("because"))
        kept, aside = hold(rows, ruled(Rule("range", ("n",), low=0.0))).split(rows)
        assert aside["why_"].to_list() == ["range of n"]
        assert (kept.height, aside["why"].to_list()) == (3, ["because"])

    def test_rows_that_keep_all_rules_are_all_accepted(self) -> None:
        kept, aside = hold(TIMES, ruled(Rule("rows", low=9))).split(TIMES)
        assert kept.equals(TIMES)
        assert (aside.height, aside.columns) == (0, [*TIMES.columns, "why"])

    def test_it_says_what_is_new_gone_and_changed(self, contract: Contract) -> None:
        held = hold(delivery().drop("colour").with_columns(age=pl.lit(150), fresh=pl.lit(1)), contract)
        assert (held.new, held.gone, held.changed) == (("fresh",), ("colour",), ("age",))


NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
FRESH = Contract(Schema((Column("day", "time"),)), rules=(Rule("fresh", ("day",), high=86_400.0),))


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (["2024-03-01T08:00Z"], None),
        (
            ["2024-01-01T08:00Z", "9999-12-31T00:00Z"],
            "the latest 'day' is 60.2 days old; the contract allows 24.0 hours",
        ),
        (["2024-02-29T10:00Z"], "is 26.0 hours old; the contract allows 24.0 hours"),
        (["2024-02-29T10:00"], "24.0 hours; as its moments name no time zone, they are taken for UTC"),
        (["2024-05-01T08:00Z"], None),
        ([None], "'day' holds no moment, so nothing tells how old the rows are; the contract allows 24.0 hours"),
    ],
)
def test_freshness_is_told_by_the_latest_moment_that_is_not_ahead(days: list[str | None], says: str | None) -> None:
    rows = pl.DataFrame({"day": pl.Series(days, dtype=pl.String)})
    found = [finding.says for finding in hold(rows, FRESH, now=NOW).findings]
    assert [one[-len(says or "") :] for one in found] == ([says] if says else [])


def test_a_column_of_lists_that_a_contract_asks_for_is_there(tmp_path: Path) -> None:
    pl.DataFrame({"n": [1, 2], "tags": [["x"], []]}).write_parquet(tmp_path / "rows.parquet")
    asked = Contract(
        Schema(()), rules=(Rule("present", ("n",)), Rule("present", ("tags",)), Rule("present", ("gone",)))
    )
    assert hold(tmp_path / "rows.parquet", asked).gone == ("gone",)
