"""Plain data is surveyed in one pass, however it is cut into parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.errors import DataError
from artificer.data import separated
from artificer.data import survey as surveying
from artificer.data.survey import Survey, survey

N = 3_000


def rows(n: int = N) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "id": [f"c{k:05}" for k in range(n)],
            "amount": rng.normal(10, 3, n).round(3),
            "shop": rng.choice(["north", "south", "AB-12"], n),
            "same": ["x"] * n,
            "gap": [None if one < 0.2 else "here" for one in rng.random(n)],
        }
    )
    return frame


def kinds(found: Survey) -> dict[str, str]:
    return {column.name: column.kind for column in found.schema.columns}


def alike(one: Survey, other: Survey) -> None:
    assert kinds(one) == kinds(other)
    assert (one.copies, one.twins, one.most_copied) == (other.copies, other.twins, other.most_copied)
    for a, b in zip(one.profile.columns, other.profile.columns, strict=True):
        assert (a.kind, a.n_rows, a.n_missing, a.low, a.high) == (b.kind, b.n_rows, b.n_missing, b.low, b.high)
        np.testing.assert_array_equal(a.registers, b.registers)
        np.testing.assert_allclose(a.moments, b.moments, rtol=1e-9)


@pytest.fixture(scope="module")
def whole() -> Survey:
    return survey(rows())


def test_kinds_copies_and_patterns_are_told(whole: Survey) -> None:
    assert kinds(whole) == {
        "id": "identifier",
        "amount": "number",
        "shop": "category",
        "same": "constant",
        "gap": "category",
    }
    assert (whole.copies, whole.counted) == (0, True)
    assert dict(whole.profile.column("shop").patterns.pairs).keys() == {"a", "A-9"}
    assert whole.profile.column("id").patterns.pairs == (("a9", N),)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "arrow"])
def test_a_folder_of_parts_is_one_table(tmp_path: Path, whole: Survey, suffix: str) -> None:
    for place in range(3):
        part = rows().slice(place * N // 3, N // 3)
        path = tmp_path / f"part-{place}.{suffix}"
        {"parquet": part.write_parquet, "csv": part.write_csv, "arrow": part.write_ipc}[suffix](path)
    (tmp_path / "_SUCCESS").touch()
    alike(survey(tmp_path), whole)
    alike(survey(f"*.{suffix}", folder=tmp_path), whole)


def test_a_long_csv_is_read_batch_by_batch(tmp_path: Path, whole: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    rows().write_csv(tmp_path / "rows.csv")
    monkeypatch.setattr(separated, "LONG", 1_000)
    monkeypatch.setattr(separated, "BLOCK", 20_000)
    monkeypatch.setattr(surveying, "read", None)  # nothing is read whole
    assert len(list(separated.separated_batches(tmp_path / "rows.csv"))) > 3
    alike(survey(tmp_path / "rows.csv"), whole)


def test_decimals_that_a_long_csv_comes_to_late_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = [(f"{k % 7},5", "3,5", "3,5", "1,5" if k % 2 else "?") for k in range(900)]
    rows = [("12", "word", "3.5", "NA")] * 2_000 + later
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(map(";".join, [("late", "word", "point", "gaps"), *rows])))
    short = survey(path)
    monkeypatch.setattr(separated, "LONG", 1_000)
    monkeypatch.setattr(separated, "BLOCK", 10_000)
    late, word, _, gaps = survey(path).schema.columns
    assert (late, late.kind, late.low, late.high) == (
        replace(short.schema.columns[0], dtype="Int64"),
        "number",
        0.5,
        12.0,
    )
    assert (word.levels, gaps.levels) == (("word", "3,5"), ("1.5",))
    assert survey(path).n_stray == {"point": 900}


def test_rows_that_stand_in_two_parts_are_copies(tmp_path: Path) -> None:
    rows(100).write_parquet(tmp_path / "a.parquet")
    rows(120).write_parquet(tmp_path / "b.parquet")
    found = survey(tmp_path)
    distinct = rows(100).vstack(rows(120)).n_unique()
    assert (found.copies, found.most_copied) == (220 - distinct, 2)


def test_what_varies_only_later_is_not_constant(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0)):
        pl.DataFrame({"n": [value] * 60, "word": [name] * 60}).write_csv(tmp_path / f"{name}.csv")
    found = survey(tmp_path)
    assert kinds(found) == {"n": "number", "word": "category"}
    assert (found.schema.columns[0].low, found.schema.columns[0].high) == (1.0, 2.0)
    assert set(found.schema.columns[1].levels) == {"a", "b"}


def test_words_among_numbers_are_counted(tmp_path: Path) -> None:
    pl.DataFrame({"n": [str(k) for k in range(999)] + ["many"], "m": ["1", "2"] * 500}).write_csv(tmp_path / "rows.csv")
    assert survey(tmp_path / "rows.csv").n_stray == {"n": 1}


def test_parts_that_are_no_one_table_are_refused(tmp_path: Path) -> None:
    rows(60).write_csv(tmp_path / "a.csv")
    rows(60).rename({"shop": "Shop"}).write_csv(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"'b\.csv' lacks the column 'shop'.*'Shop'"):
        survey(tmp_path)
    rows(60).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(DataError, match="several kinds"):
        survey(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no file"):
        survey(tmp_path / "none")


def test_a_long_csv_that_is_ragged_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separated, "LONG", 10)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4,5\n6,7\n")
    with pytest.raises(DataError, match="ragged: 1 row has"):
        survey(tmp_path / "rows.csv")


@pytest.mark.parametrize("batches", [False, True])
def test_a_column_that_is_empty_in_the_first_file_is_of_the_kind_that_it_is_later(
    tmp_path: Path, batches: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = pl.DataFrame({"n": range(60), "late": np.arange(60) / 7, "never": [None] * 60})
    first = later.with_columns(late=pl.lit(None, pl.Float64))
    first.write_csv(tmp_path / "a.csv")
    later.write_csv(tmp_path / "b.csv")
    if batches:
        monkeypatch.setattr(separated, "LONG", 10)
    late = survey(tmp_path).profile.column("late")
    assert (late.kind, late.n_rows, late.n_missing, late.low) == ("number", 120, 60, 0.0)
    assert late.quantile(0.5) == pytest.approx(59 / 14, abs=0.2)
