"""Rows of [data] that came in too are known by their key and moment, or by all that they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief, Data, Target
from artificer.watch.decide import came_again

OLD = pl.DataFrame({"id": [1, 2, 3, 4], "at": [1.0, 2.0, 3.0, 4.0], "paid": [10, 20, 30, 40], "y": [0, 1, None, 1]})
NEW = pl.DataFrame({"id": [3, 4, 4], "at": [3.0, 4.0, 5.0], "paid": [30, 40, 41], "y": [1, None, 0]})


def brief(**data: Any) -> Brief:
    return Brief(name="b", target=Target(column="y"), data=Data(source="b.csv", **data))


def test_by_key_and_moment() -> None:
    assert came_again(OLD, NEW, brief(key=("id",))).tolist() == [False, False, True, True]
    assert came_again(OLD, NEW.with_columns(at=9.0), brief(key=("id",), time="at")).tolist() == [False] * 4


def test_by_all_but_labels_where_there_is_no_key() -> None:
    assert came_again(OLD, NEW, brief()).tolist() == [False, False, True, True]


def test_rows_that_few_columns_tell_apart_are_none_of_those_that_came_in() -> None:
    rng = np.random.default_rng(0)
    drawn = [pl.DataFrame({"sold": rng.integers(0, 3, 200), "y": rng.integers(0, 2, 200)}) for _ in range(2)]
    assert not came_again(*drawn, brief()).any()
