"""Tables whose texts are written once for many rows: what they come to is seen before they are unpacked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from client import table
from line.ship.asked import asking, serving_of
from pyarrow import parquet

from artificer.line.ship.server.batches import ARROW, PARQUET

UNPACKED = "artificer.line.ship.server.unpacked"


def packed(letters: int, kind: str) -> bytes:
    """Four thousand rows that mean one text of so many letters."""
    shop = pa.DictionaryArray.from_arrays(pa.array([0] * 4_000, pa.int32()), pa.array(["x" * letters]))
    rows, target = pa.table({"x": [1.0] * 4_000, "shop": shop}), io.BytesIO()
    if kind == PARQUET:
        parquet.write_table(rows, target, store_schema=False)
        return target.getvalue()
    with pa.ipc.new_stream(target, rows.schema) as writer:
        writer.write_table(rows)
    return target.getvalue()


@pytest.mark.parametrize("kind", [ARROW, PARQUET])
def test_a_long_text_that_many_rows_mean_is_refused_before_it_is_unpacked(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asking(serving_of(tmp_path)) as client:

        def sent(letters: int) -> Any:
            return client.post("/predict/batch", content=packed(letters, kind), headers={"content-type": kind})

        assert sent(100).status_code == 200
        monkeypatch.setattr("artificer.line.ship.server.batches._unpacked", None)
        answer = sent(50_000)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (413, "shop")
        assert "come to 190 MiB" in error["says"]


def test_a_group_of_rows_that_says_it_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{UNPACKED}.MOST_GROUP", 1_000)
    with asking(serving_of(tmp_path)) as client:
        answer = client.post("/predict/batch", content=packed(2_000, PARQUET), headers={"content-type": PARQUET})
    assert answer.status_code == 413
    assert "a group of rows unpacks to" in answer.json()["errors"][0]["says"]


def test_texts_of_a_parquet_file_are_given_back_as_they_came(tmp_path: Path) -> None:
    rows, target = table(10).with_columns(id=pl.lit("a") + pl.col("id").cast(pl.String)), io.BytesIO()
    rows.write_parquet(target)
    with asking(serving_of(tmp_path)) as client:
        answer = client.post("/predict/batch", content=target.getvalue(), headers={"content-type": PARQUET})
    assert pl.read_parquet(io.BytesIO(answer.content))["id"].to_list() == rows["id"].to_list()
