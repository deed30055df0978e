"""Where training's moments named a time zone, one that names none is refused: from every library, in a batch and alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import artificer
from artificer.core.errors import DataError
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import normalise
from artificer.line.ship.server.fields import wrong_fields
from artificer_runtime import RowsError, single
from artificer_runtime.package import _column, _plain_column
from artificer_runtime.schema import Schema

OSLO = pd.date_range("2024-03-01", periods=40, freq="7h", tz="Europe/Oslo")
NAIVE = OSLO.tz_localize(None)


def learned(values: Any) -> Schema:
    return infer_schema(read(pd.DataFrame({"at": values, "x": np.arange(len(values)) / 7})).frame)


@pytest.mark.parametrize(
    ("values", "zone"),
    [
        (OSLO, "Europe/Oslo"),
        (OSLO.tz_convert("UTC"), ""),
        (NAIVE, ""),
        ([one.isoformat() for one in OSLO], "+01:00"),
        ([one.isoformat() for one in OSLO.tz_convert("UTC")], ""),
        ([one.isoformat() for one in NAIVE], ""),
        ([one.isoformat() for one in OSLO[:-1]] + ["2024-03-01T00:00:00"], ""),
    ],
)
def test_the_zone_is_learned_and_kept(values: Any, zone: str) -> None:
    column = learned(values).columns[0]
    assert (column.kind, column.zone) == ("time", zone)
    assert _column(_plain_column(column)) == column
    assert ("zone" in _plain_column(column)) == bool(zone)


@pytest.mark.parametrize(
    "rows",
    [
        {"at": datetime(2024, 3, 1), "x": 1.0},
        {"at": "2024-03-01T08:00", "x": 1.0},
        [{"at": date(2024, 3, 1), "x": 1.0}] * 3,
        pd.DataFrame({"at": NAIVE, "x": 1.0}),
        pd.DataFrame({"at": NAIVE, "x": 1.0})[:1],
        pd.DataFrame({"at": NAIVE.astype(object), "x": 1.0}),
        pl.DataFrame({"at": NAIVE.to_list(), "x": 1.0}),
        pl.DataFrame({"at": [date(2024, 3, 1)], "x": 1.0}).lazy(),
        pl.DataFrame({"at": NAIVE.to_list(), "x": 1.0}).to_arrow(),
        {"at": pd.Series(NAIVE), "x": np.ones(40)},
    ],
)
def test_a_moment_without_zone_is_refused(rows: Any) -> None:
    schema = learned(OSLO)
    with pytest.raises(RowsError, match=r"'at' must hold moments that name their time zone.*Europe/Oslo.*tz_localize"):
        schema.encode(rows)
    if isinstance(rows, dict):
        with pytest.raises(single.UnusualError):
            single.Single(schema, None, schema.plan, [], []).read(rows)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "at",
    [
        datetime(2024, 3, 1, 7, tzinfo=UTC),
        datetime(2024, 3, 1, 8, tzinfo=ZoneInfo("Europe/Oslo")),
        "2024-03-01T07:00:00Z",
        "2024-03-01 08:00:00+01:00",
        np.datetime64("2024-03-01T07:00:00"),
    ],
)
def test_one_that_names_its_zone_is_read_the_same_from_everywhere(at: Any) -> None:
    schema, wanted = learned(OSLO), datetime(2024, 3, 1, 7, tzinfo=UTC).timestamp()
    given = [{"at": at, "x": 1.0}, [{"at": at, "x": 1.0}] * 20]
    if not isinstance(at, np.datetime64):  # of which a frame makes a column without a zone
        given += [pd.DataFrame({"at": [at], "x": 1.0}), pl.DataFrame({"at": [at], "x": 1.0})]
    for rows in given:
        assert (schema.encode(rows).times == wanted).all()


def test_what_is_missing_needs_no_zone() -> None:
    schema = learned(OSLO)
    nothing = pd.DataFrame({"at": pd.Series([pd.NaT], dtype="datetime64[ns]"), "x": 1.0})
    for rows in (nothing, read(nothing).frame, {"at": None, "x": 1.0}, {"at": "", "x": 1.0}):
        assert np.isnan(schema.encode(rows).times).all()


def test_canonical_rows_and_other_files_are_held_to_it_too() -> None:
    schema, held = learned(OSLO), pl.DataFrame({"at": OSLO.to_list(), "x": np.arange(40) / 7})
    np.testing.assert_array_equal(schema.encode(normalise(held, schema)).times, schema.encode(held).times)
    for values in (NAIVE.to_list(), [one.isoformat() for one in NAIVE]):
        with pytest.raises(DataError, match="must hold moments that name their time zone"):
            normalise(pl.DataFrame({"at": values, "x": 1.0}), schema)


def test_a_server_says_what_to_send() -> None:
    columns = learned(OSLO).columns
    (wrong,) = wrong_fields({"at": "2024-03-01T08:00:00", "x": 1.0}, 0, columns)
    assert "names no time zone" in wrong["says"]
    assert "+01:00" in wrong["fix"]
    assert not list(wrong_fields({"at": "2024-03-01T08:00:00Z", "x": 1.0}, 0, columns))
    (wrong,) = wrong_fields({"at": "soon", "x": 1.0}, 0, columns)
    assert "zone" not in wrong["says"]


def test_an_estimator_refuses_it_in_a_batch_and_alone(tmp_path: Any) -> None:
    at = pd.date_range("2024-03-01", periods=300, freq="h", tz="Europe/Oslo")
    frame, truth = pd.DataFrame({"at": at}), np.where(at.hour < 12, "p", "q")
    model = artificer.Classifier(budget_s=2).fit(frame, truth)
    model.save(tmp_path / "saved")
    loaded = artificer.load(tmp_path / "saved")
    batch = model.predict_proba(frame)
    np.testing.assert_array_equal(loaded.predict_proba({"at": at[0].to_pydatetime()})[0], batch[0])
    naive = pd.DataFrame({"at": at.tz_localize(None)})
    for rows in (naive, naive[:1]):
        with pytest.raises(ValueError, match="time zone"):
            model.predict(rows)
        with pytest.raises(RowsError, match="time zone"):
            loaded.predict(rows)
    with pytest.raises(RowsError, match="time zone"):
        loaded.predict({"at": naive["at"][0]})
