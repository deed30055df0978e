"""What is learned holds in the rows that it is learned from, is telling, and says nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.audit.contract import check_contract, contract_of
from artificer.line.audit.contract.patterns import pattern_of
from artificer.line.audit.contract.relations import relations_of

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
