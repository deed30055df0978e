"""What is learned holds in the rows that it is learned from, is telling, and says nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Joined
from artificer.core.stages import Contract, Rule
from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.ask.unread import unread
from artificer.line.audit.contract import check_contract, contract_of, hold
from artificer.line.audit.contract.chance import largest_share
from artificer.line.audit.contract.freshness import freshness_of
from artificer.line.audit.contract.learned import _allowed
from artificer.line.audit.contract.patterns import pattern_of
from artificer.line.audit.contract.references import references_of
from artificer.line.audit.contract.relations import relations_of
from artificer_runtime.schema import Schema, canonical_text

N = 400
RNG = np.random.default_rng(2)


def drawn(form: str) -> pl.Series:
    """Texts in which A, a and 9 stand for any such character."""
    classes = {
        "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "a": "abcdefghijklmnopqrstuvwxyz",
        "9": "0123456789",
        "h": "0123456789abcdef",
    }
    return pl.Series(["".join(RNG.choice(list(classes.get(sign, sign))) for sign in form) for _ in range(N)])


class TestPatterns:
    @pytest.mark.parametrize(
        ("form", "pattern"),
        [
            ("AA9999", "[A-Z]{2}[0-9]{4}"),
            ("INV-999999", "INV-[0-9]{6}"),
            ("99999", "[0-9]{5}"),
            ("A99.9", r"[A-Z][0-9]{2}\.[0-9]"),
            ("hhhhhhhh-hhhh-hhhh", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}"),
        ],
    )
    def test_codes_have_one(self, form: str, pattern: str) -> None:
        assert pattern_of(drawn(form)) == pattern

    def test_lengths_may_vary_where_the_runs_do_not(self) -> None:
        assert pattern_of(pl.Series([f"K{n}-x" for n in range(1, 200)])) == "K[0-9]{1,3}-x"

    @pytest.mark.parametrize(
        "values",
        [
            [f"{n}" for n in range(200)],  # numbers of any length
            ["Ann", "Bob", "Cleo", "Dora"] * 10,  # few
            [f"{a}{b}" for a in "ABCDEFGH" for b in "abcdefgh"],  # words, without a digit
            [f"Main Street {n}" for n in range(200)],  # blanks
            [f"Å{n:03d}" for n in range(200)],  # beyond ASCII
            [f"A{n}" if n % 2 else f"{n}-B" for n in range(200)],  # two forms
        ],
    )
    def test_other_texts_have_none(self, values: list[str]) -> None:
        assert pattern_of(pl.Series(values)) is None

    @given(st.lists(st.from_regex(r"[!-~]{1,12}", fullmatch=True), min_size=20, max_size=60))
    def test_each_value_matches_what_was_found(self, values: list[str]) -> None:
        found = pattern_of(pl.Series(values))
        assert found is None or pl.Series(values).str.contains(f"^(?:{found})$").all()


def spans(n: int = N) -> pl.DataFrame:
    start = RNG.uniform(0, 100, n)
    return pl.DataFrame({"start": start, "middle": start + RNG.uniform(0, 9, n), "end": start + RNG.uniform(9, 30, n)})


class TestRelations:
    def test_orders_that_hold_are_found_without_those_they_imply(self) -> None:
        frame = spans()
        found = [rule.text for rule in relations_of(frame, infer_schema(frame).columns)]
        assert sorted(found) == ["middle <= end", "start <= middle"]

    def test_moments_are_compared_too(self) -> None:
        days = pl.Series([f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(N)]).str.to_date()
        frame = pl.DataFrame(
            {"ordered": days, "sent": days + pl.Series(RNG.integers(0, 60, N)).cast(pl.Duration("ms")) * 86400000}
        )
        schema = infer_schema(frame)
        assert [rule.text for rule in relations_of(normalise(frame, schema), schema.columns)] == ["ordered <= sent"]

    def test_neither_chance_nor_scale_nor_copies_make_one(self) -> None:
        one = RNG.uniform(0, 1, N)
        frame = pl.DataFrame(
            {"share": one, "copy": one, "year": RNG.integers(1990, 2024, N), "other": RNG.uniform(0, 1, N)}
        )
        assert relations_of(frame, infer_schema(frame).columns) == []

    def test_a_row_that_breaks_it_rules_it_out(self) -> None:
        frame = spans().vstack(pl.DataFrame({"start": [9.0], "middle": [8.0], "end": [10.0]}))
        assert [rule.text for rule in relations_of(frame, infer_schema(frame).columns)] == [
            "middle <= end",
            "start <= end",
        ]

    def test_few_rows_tell_none(self) -> None:
        frame = spans(60)
        assert relations_of(frame, infer_schema(frame).columns) == []


def panel(n_shops: int = 30, n_days: int = 40) -> pl.DataFrame:
    """A row for each shop and day: neither is a key, both together are; the shop's town and land follow from it."""
    shop, day = np.repeat(np.arange(n_shops), n_days), np.tile(np.arange(n_days), n_shops)
    net, tax = RNG.integers(1, 900, (2, n_shops * n_days))
    return pl.DataFrame(
        {
            "shop": [f"s{one}" for one in shop],
            "day": day,
            "town": [f"t{one % 9}" for one in shop],
            "land": [f"l{one % 3}" for one in shop],
            "net": net / 100,
            "tax": tax / 100,
            "gross": (net + tax) / 100,
            "other": RNG.choice(["x", "y"], len(shop)),
        }
    )


def learned(frame: pl.DataFrame) -> list[Rule]:
    schema = infer_schema(frame)
    return list(contract_of(normalise(frame, schema), schema, "", ()).rules or ())


def test_words_that_strayed_into_numbers_in_training_pass_later_and_more_of_them_do_not() -> None:
    cells = [str(one / 4) for one in range(2_000)]
    cells[::50] = ["V57", "E909"] * 20
    frame = pl.DataFrame({"code": cells})
    schema = infer_schema(frame)
    assert schema.columns[0].kind == "number"
    contract = contract_of(normalise(frame, schema), schema, "", (), n_stray=unread(frame, schema)[1])
    assert hold(frame, contract).findings == ()
    worse = frame.with_columns(code=pl.Series(["V57"] * 100 + cells[100:]))
    assert [one.code for one in hold(worse, contract).findings] == ["contract:kind"]


class TestKeys:
    def test_two_columns_that_chance_would_make_alike_are_one(self) -> None:
        assert [rule.columns for rule in learned(panel()) if rule.kind == "unique"] == [("shop", "day")]

    def test_a_row_that_came_twice_rules_it_out(self) -> None:
        frame = panel()
        assert not [rule for rule in learned(frame.vstack(frame[:1])) if rule.kind == "unique"]

    def test_measurements_that_happen_to_differ_are_none(self) -> None:
        frame = pl.DataFrame({"weight": RNG.normal(size=N), "income": RNG.choice(10**7, N, replace=False)})
        assert not [rule for rule in learned(frame) if rule.kind == "unique"]

    def test_numbers_that_fill_their_range_are_one_in_any_order(self) -> None:
        frame = pl.DataFrame({"ticket": RNG.permutation(N), "x": RNG.normal(size=N)})
        assert [rule.columns for rule in learned(frame) if rule.kind == "unique"] == [("ticket",)]


class TestDetermined:
    def test_what_follows_from_others_is_not_said(self) -> None:
        found = {rule.columns for rule in learned(panel()) if rule.kind == "determined"}
        assert found == {("shop", "town"), ("town", "land")}

    def test_a_row_that_breaks_it_rules_it_out(self) -> None:
        frame = panel().with_columns(
            pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("t5")).otherwise("town").alias("town")
        )
        assert ("shop", "town") not in {rule.columns for rule in learned(frame) if rule.kind == "determined"}

    def test_columns_whose_values_never_repeat_take_no_turn_of_others(self) -> None:
        alone = {f"id_{place}": RNG.permutation(10**6)[:1200] + 0.5 for place in range(12)}
        frame = pl.DataFrame(alone).hstack(panel())
        found = {rule.columns for rule in learned(frame) if rule.kind == "determined"}
        assert {("shop", "town"), ("town", "land")} <= found

    def test_a_column_that_nearly_never_changes_tells_nothing(self) -> None:
        frame = panel().select(
            "shop", rare=pl.when(pl.int_range(pl.len()) < 40).then(pl.lit("a")).otherwise(pl.lit("b"))
        )
        assert not [rule for rule in learned(frame) if rule.kind == "determined"]


class TestSums:
    def test_to_the_last_digit(self) -> None:
        (rule,) = (rule for rule in learned(panel()) if "+" in rule.text)
        assert rule.text == "-0.005 <= net + tax - gross <= 0.005"
        broken = panel().with_columns(gross=pl.col("gross") + 0.01)
        assert hold(broken, Contract(Schema(()), rules=(rule,))).findings[-1].code == "contract:relation"

    def test_a_part_that_is_mostly_nothing_makes_none(self) -> None:
        frame = panel().with_columns(tax=pl.lit(0.0), gross=pl.col("net"))
        assert not [rule for rule in learned(frame) if "+" in rule.text]


class TestFreshness:
    DAYS = np.cumsum(np.tile([1.0, 1, 1, 1, 3], 30)) * 86_400

    def test_twice_the_longest_stretch_and_the_time_between_deliveries(self) -> None:
        newest = float(self.DAYS[-1])
        (rule,) = freshness_of("day", self.DAYS, newest, newest + 3600, every=7 * 86_400)
        assert (rule.kind, rule.columns, rule.high) == ("fresh", ("day",), 13 * 86_400)

    def test_rows_of_long_ago_and_few_days_tell_none(self) -> None:
        newest = float(self.DAYS[-1])
        assert freshness_of("day", self.DAYS, newest, newest + 60 * 86_400) == []
        assert freshness_of("day", self.DAYS[-90:], newest, newest) == []


class TestReferences:
    def test_as_many_may_lack_their_row_as_did_in_training(self, tmp_path: Path) -> None:
        pl.DataFrame({"shop": [f"s{one}" for one in range(29)]}).write_csv(tmp_path / "shops.csv")
        tables = {"shops": Joined(source="shops.csv", key=("shop",))}
        (rule,) = references_of(panel(), tables, tmp_path)
        assert (rule.columns, rule.values) == (("shop",), ("shops.csv", "shop"))
        assert 40 / 1200 < rule.allow < 0.1
        assert hold(panel(), Contract(Schema(()), rules=(rule,)), folder=tmp_path).offending == {}
        strangers = panel().with_columns(shop=pl.lit("elsewhere"))
        assert (
            hold(strangers, Contract(Schema(()), rules=(rule,)), folder=tmp_path).findings[-1].code
            == "contract:unmatched"
        )

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ([*range(60)], [str(one) for one in range(60)] + ["X9"]),
            ([str(one) for one in range(60)] + ["X9"], [float(one) for one in range(60)]),
            ([*range(60)], [float(one) for one in range(60)]),
        ],
    )
    def test_a_key_is_the_same_whether_a_file_holds_texts_or_numbers(
        self, ours: list[object], theirs: list[object], tmp_path: Path
    ) -> None:
        frame = pl.DataFrame({"who": ours * 4, "x": RNG.normal(size=len(ours) * 4)})
        pl.DataFrame({"who": theirs}).write_parquet(tmp_path / "people.parquet")
        schema = infer_schema(frame)
        tables = {"people": Joined(source="people.parquet", key=("who",))}
        (rule,) = references_of(normalise(frame, schema), tables, tmp_path)
        contract = Contract(schema, rules=(rule,))
        assert hold(frame, contract, folder=tmp_path).findings == ()
        strangers = frame.with_columns(who=pl.Series([f"{one}7" for one in frame["who"]]).cast(frame["who"].dtype))
        assert [one.code for one in hold(strangers, contract, folder=tmp_path).findings] == ["contract:unmatched"]

    def test_a_table_that_covers_little_promises_nothing(self, tmp_path: Path) -> None:
        pl.DataFrame({"shop": ["s1"]}).write_csv(tmp_path / "shops.csv")
        assert references_of(panel(), {"shops": Joined(source="shops.csv", key=("shop",))}, tmp_path) == []


@pytest.mark.parametrize(
    ("n", "n_broke", "share"), [(7_000, 0, 0.001), (691, 0, 0.01), (100, 0, 0.067), (1000, 10, 0.023)]
)
def test_what_a_rule_allows_is_the_limit_of_clopper_and_pearson(n: int, n_broke: int, share: float) -> None:
    assert largest_share(n, n_broke) == pytest.approx(share, rel=0.05)


def test_a_level_that_one_row_holds_tells_of_levels_not_seen_yet() -> None:
    often, seldom = [f"l{n % 9}" for n in range(900)], [f"l{n % 9}" for n in range(880)] + [f"r{n}" for n in range(20)]
    allowed = {
        name: next(
            rule.allow for rule in learned(pl.DataFrame({"level": cells, "x": range(900)})) if rule.kind == "set"
        )
        for name, cells in (("often", often), ("seldom", seldom))
    }
    assert allowed["often"] < 0.01 < 20 / 900 < allowed["seldom"]


def test_rows_keep_the_contract_that_is_learned_from_them() -> None:
    frame = spans().with_columns(
        code=drawn("AA-999"),
        id=pl.int_range(N),
        kind=pl.Series(RNG.choice(["a", "b"], N)),
        gap=pl.Series([None, 1.5] * (N // 2)),
    )
    schema = infer_schema(frame)
    contract = contract_of(normalise(frame, schema), schema, "", ("id",))
    assert check_contract(frame, contract) == ()
    broken = frame.with_columns(code=pl.lit("AA_1"), id=pl.lit(7), end=pl.col("start") - 0.01)
    assert {finding.code for finding in check_contract(broken, contract)} >= {
        "contract:pattern",
        "contract:repeated",
        "contract:relation",
    }


@pytest.mark.parametrize(
    ("n_rows", "n_beyond", "found"), [(100, 2, False), (100, 3, True), (10, 1, False), (10, 2, True)]
)
def test_a_small_delivery_may_hold_what_chance_makes_of_the_share(n_rows: int, n_beyond: int, found: bool) -> None:
    rows = pl.DataFrame({"x": [9.0] * n_beyond + [0.5] * (n_rows - n_beyond)})
    contract = Contract(Schema(()), rules=(Rule("range", ("x",), 0.0, 1.0, allow=0.001),))
    assert bool(check_contract(rows, contract)) == found
    strict = Contract(Schema(()), rules=(Rule("range", ("x",), 0.0, 1.0),))
    assert check_contract(rows, strict)


def test_deliveries_of_few_rows_give_no_more_false_alarms_than_was_said() -> None:
    schema = infer_schema(SAME[:5_000])
    contract = contract_of(normalise(SAME[:5_000], schema), schema, "", ())
    found = [check_contract(SAME[5_000 + 100 * place :][:100], contract) for place in range(100)]
    assert sum(map(len, found)) <= 1
    assert check_contract(SAME[:100].with_columns(x0=pl.lit(50.0)), contract)


def sparse(name: str) -> pl.DataFrame:
    """Columns that are known in few of many rows."""
    rng = np.random.default_rng(7)
    n, known = 10_000, pl.int_range(pl.len()) % 50 == 0
    start = rng.uniform(0, 100, n)
    shop = rng.integers(0, 9, n)
    columns = {
        "range": {"x": start},
        "level": {"x": rng.choice(["a", "b", "c"], n)},
        "pattern": {"x": [f"AB{one}" for one in rng.integers(1000, 9999, n)]},
        "relation": {"start": start, "end": start + rng.uniform(0, 20, n)},
    }[name]
    return pl.DataFrame({**columns, "shop": shop}).with_columns(
        pl.when(known).then(pl.col(one)).alias(one) for one in columns
    )


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("range", {"x": pl.col("x") * 1000}),
        ("level", {"x": pl.when(pl.col("x").is_not_null()).then(pl.lit("unheard of"))}),
        ("pattern", {"x": pl.lit("?") + pl.col("x")}),
        ("relation", {"end": pl.col("start") - 1}),
    ],
)
def test_a_column_that_few_rows_have_is_held_to_what_those_rows_told(name: str, changed: dict[str, pl.Expr]) -> None:
    frame = sparse(name)
    schema = infer_schema(frame)
    contract = contract_of(normalise(frame, schema), schema, "", ())
    assert check_contract(frame, contract) == ()
    found = [one for one in check_contract(frame.with_columns(**changed), contract) if one.where != "shop"]
    assert {one.severity for one in found} == {"warning"}
    assert f"contract:{name}" in {one.code for one in found}
    shares = [fact.value for one in found for fact in one.facts if fact.name == "share"]
    assert max(shares) == pytest.approx(1.0, abs=0.1)


def test_what_determines_is_held_against_the_rows_that_share_it() -> None:
    rows = pl.DataFrame({"zip": [f"z{n}" for n in range(9_800)] + ["same"] * 200, "city": ["a"] * 10_000})
    rule = Rule("determined", ("zip", "city"), allow=0.03)
    broken = rows.with_columns(city=pl.when(pl.int_range(pl.len()) >= 9_920).then(pl.lit("b")).otherwise("city"))
    assert check_contract(rows, Contract(Schema(()), rules=(rule,))) == ()
    (found,) = check_contract(broken, Contract(Schema(()), rules=(rule,)))
    assert found.says == "40.0% of the rows that share their 'zip' bring another 'city' for it"


def test_a_gap_is_counted_among_all_rows() -> None:
    rows = pl.DataFrame({"x": [None] * 3 + [1.0] * 97})
    contract = Contract(Schema(()), rules=(Rule("missing", ("x",), high=0.0, allow=0.01),))
    assert check_contract(rows, contract) == ()


SAME = pl.DataFrame(
    {f"x{place}": np.random.default_rng(place).normal(size=15_000) for place in range(5)}
    | {"gap": [None if place in (6_000, 9_000) else 1.0 + place % 7 for place in range(15_000)]}
)


@pytest.mark.parametrize(
    "values", [[True, False, True, True], [0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0], ["b", "a", "a", "a"]]
)
def test_levels_of_any_type_are_compared_as_they_are_spelled(values: list[object]) -> None:
    known = pl.Series("won", values)
    rule = Rule("set", ("won",), values=tuple(sorted({canonical_text(one) for one in values})))
    assert _allowed(known, rule) == largest_share(4, 1)


def test_many_rows_of_measurements_alone_have_no_key() -> None:
    frame = pl.DataFrame({"weight": np.random.default_rng(0).normal(size=20_001)})
    assert "unique" not in {rule.kind for rule in learned(frame)}
