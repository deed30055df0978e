"""Data without a brief: what its profile tells of faults, and silence where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.records import Finding
from artificer.line.audit import audit

N = 3_000
DAY = np.timedelta64(1, "D")


def clean() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "age": rng.integers(18, 90, N),
        "income": np.exp(rng.normal(10, 0.5, N)).round(2),
        "change": rng.normal(0, 3, N),
        "few": np.where(rng.random(N) < 0.95, 0, rng.integers(1_000, 2_000, N)),
        "city": rng.choice(["London", "Paris", "Berlin"], N),
        "bought": np.datetime64("2022-01-01") + rng.integers(0, 700, N) * DAY,
        "due": np.datetime64("2022-01-01") + rng.integers(0, 70_000, N) * DAY,
        "word": rng.choice(["a1", "b2"], N),
    }


def found(folder: Path, frame: dict[str, Any]) -> list[Finding]:
    pl.DataFrame(frame).write_csv(folder / "rows.csv")
    return list(audit(folder / "rows.csv").findings)


def test_clean_rows_are_left_alone(tmp_path: Path) -> None:
    assert [(one.code, one.where) for one in found(tmp_path, clean())] == []


def changed(name: str, value: Any, n: int = 60) -> dict[str, Any]:
    values = np.array(clean()[name], dtype=object)
    values[np.random.default_rng(1).permutation(N)[:n]] = value
    return clean() | {name: [str(one) for one in values]}


@pytest.mark.parametrize(
    ("frame", "where", "code", "says"),
    [
        (changed("income", -999), "income", "sentinel", "2% of 'income' is exactly -999"),
        (changed("age", -1), "age", "sentinel", "2% of 'age' is exactly -1"),
        (changed("age", 999), "age", "sentinel", "2% of 'age' is exactly 999"),
        (changed("change", -99, 300), "change", "sentinel", "10% of 'change' is exactly -99"),
        (changed("income", 1e9, 1), "income", "outliers", "the greatest value of 'income', 1e+09"),
        (changed("change", -4_000, 1), "change", "outliers", "the least value of 'change', -4000"),
        (changed("income", 1e40, 1), "income", "infinite", "'income' reaches 1e40, too large for 32-bit numbers"),
        (changed("few", -5, 1), "few", "outliers", "1 value of 'few' is below 0 (the least -5)"),
        (changed("city", "london", 2), "city", "case_variants", "'london' for 'London'"),
        (changed("city", "Berln", 2), "city", "typos", "'Berln' for 'Berlin'"),
        (changed("bought", "1900-01-01", 3), "bought", "impossible_dates", "holds 1900-01-01, far from the others"),
        (changed("bought", "2199-05-01", 3), "bought", "impossible_dates", "2199-05-01, in the future"),
        ({"mail": [f"a{one}@mail.org" for one in range(N)]}, "mail", "personal", "seems to hold mail addresses"),
        ({"rate": [f"{one % 97}%" for one in range(N)]}, "rate", "signed_numbers", "5% is read as 5"),
    ],
)
def test_what_is_planted_is_told(tmp_path: Path, frame: dict[str, Any], where: str, code: str, says: str) -> None:
    told = [one for one in found(tmp_path, frame) if one.where == where]
    assert any(one.code == code and says in one.says for one in told)


def test_what_is_told_of_parts_is_told_of_the_whole(tmp_path: Path) -> None:
    frame = pl.DataFrame(changed("income", -999))
    for place in range(3):
        frame[place * 1_000 : (place + 1) * 1_000].write_csv(tmp_path / f"{place}.csv")
    assert "sentinel" in [one.code for one in audit(str(tmp_path / "*.csv")).findings]


def test_a_remedy_in_a_brief_says_that_one_is_meant(tmp_path: Path) -> None:
    frame = pl.DataFrame(changed("income", -999))
    twice = pl.concat([frame, frame.head(100)]).to_dict(as_series=False)
    fixes = {one.code: one.fix for one in found(tmp_path, twice)}
    assert '"-999" to [data] missing of a brief' in fixes["sentinel"]
    assert "in [data] group of a brief" in fixes["duplicates"]


def test_copies_are_not_said_to_be_alike_in_what_is_not_compared(tmp_path: Path) -> None:
    rows = pl.DataFrame({"n": [1, 2, 2], "tags": [["a"], ["b"], ["c"]]})
    rows.write_parquet(tmp_path / "rows.parquet")
    (copies,) = (one for one in audit(tmp_path / "rows.parquet").findings if one.code == "duplicates")
    assert copies.says.endswith("repeats an earlier row in every column but 'tags', which is not compared")
