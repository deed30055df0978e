"""Expressions of a brief compute over columns, and can do nothing else."""

import numpy as np
import polars as pl
import pytest

from artificer.core.errors import BriefError
from artificer.data.expression import amounts, expression, named

FRAME = pl.DataFrame(
    {
        "housing": ["no", "yes", None],
        "balance": [2000.0, 10.0, 5.0],
        "old": ["true", "false", None],
        "z": [0.0, 2.0, None],
    }
)


def value(text: str) -> list[object]:
    return FRAME.select(x=expression(text, FRAME.columns, "accept.beats"))["x"].to_list()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("housing == 'no' and balance > 1500", [True, False, False]),
        ("housing != 'no' or balance >= 2000", [True, True, False]),
        ("not (housing == 'no')", [False, True, True]),
        ("5 < balance <= 10", [False, True, False]),
        ("balance * 2 - 1", [3999.0, 19.0, 9.0]),
        ("-(balance + 1) / 2", [-1000.5, -5.5, -3.0]),
        ("old == True", [True, False, False]),
        (" z == 0 ", [True, False, False]),
    ],
)
def test_value(text: str, wanted: list[object]) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "balance.abs()",
        "[balance]",
        "balance ** 99",
        "lambda: 1",
        "balance if z else 1",
        "balance in (1, 2)",
        "f'{balance}'",
        "balance := 1",
        "None",
        "b'x'",
        "1j",
        "",
        "balance >",
        "balance = 1",
        "balance; z",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BriefError, match=r"accept\.beats"):
        value(text)


@pytest.mark.parametrize("text", ["-" * 1900 + "1", "1" + "+1" * 990, "not " * 490 + "z", "(" * 900 + "1" + ")" * 900])
def test_what_is_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(BriefError, match=r"accept\.beats"):
        value(text)


def test_a_long_one_is_refused() -> None:
    with pytest.raises(BriefError, match="longer than 2000"):
        value("1 + " * 600 + "1")


def test_an_unknown_column_is_named_with_the_closest() -> None:
    with pytest.raises(BriefError, match=r"'balanse'.*'balance'"):
        value("balanse > 1")


def test_the_columns_that_it_reads_are_told() -> None:
    assert named("housing == 'no' and balance > z") == {"housing", "balance", "z"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("balance > 1500", [1.0, 0.0, 0.0]),
        ("balance / z", [0.0, 5.0, 0.0]),
        ("-z", [0.0, -2.0, 0.0]),
        ("3", [3.0, 3.0, 3.0]),
    ],
    ids=["true is 1", "not finite is 0", "missing is 0", "a number alone"],
)
def test_amounts_are_numbers_for_every_row(text: str, wanted: list[float]) -> None:
    np.testing.assert_array_equal(amounts(text, FRAME, "accept.beats"), wanted)


@pytest.mark.parametrize("text", ["housing", "housing > 3", "balance == 'no'", "not balance", "'no'", "housing * 2"])
def test_kinds_that_do_not_fit_are_refused_without_showing_a_value(text: str) -> None:
    with pytest.raises(BriefError, match="mixes kinds") as refused:
        amounts(text, FRAME, "accept.beats")
    assert "yes" not in str(refused.value)
