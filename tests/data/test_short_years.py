"""Years of two digits are read as people mean them, years of four as they stand: in training, in a batch and in a row alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from artificer.data.forms import SHORT_AMBIGUOUS, SHORT_WRITTEN, parsed
from artificer.data.kinds import infer_schema
from artificer.data.moments import as_time
from artificer.data.table import normalise
from artificer_runtime.schema import Schema
from artificer_runtime.values import seconds_of

DAYS = [datetime(2020 + n % 5, 1 + n % 12, 1 + n % 28, 8, 30, tzinfo=UTC) for n in range(300)]


def learned(texts: list[str]) -> tuple[Schema, pl.DataFrame]:
    frame = pl.DataFrame({"at": texts, "x": np.arange(len(texts)) / 7})
    return infer_schema(frame), frame


@pytest.mark.parametrize("form", [*SHORT_WRITTEN, *(form for orders in SHORT_AMBIGUOUS for form in orders)])
def test_they_are_of_this_century(form: str) -> None:
    schema, frame = learned([day.strftime(form) for day in DAYS])
    wanted = [day.replace(hour=8 * ("H" in form), minute=30 * ("H" in form)).timestamp() for day in DAYS]
    assert (schema.columns[0].kind, schema.columns[0].form) == ("time", form)
    for rows in (frame, normalise(frame, schema), frame.to_dicts()):
        assert schema.encode(rows).times[:, 0].tolist() == wanted
    assert schema.encode(frame.row(0, named=True)).times[0, 0] == wanted[0]


def test_sixty_nine_is_of_the_last_century() -> None:
    texts = pl.Series([f"01.02.{year:02}" for year in range(100)])
    found = parsed(texts, "%d.%m.%y").cast(pl.Int64).to_numpy() / 1e6
    assert found.tolist() == [seconds_of(text, "%d.%m.%y") for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["13/09/23", "13/09/23", ""],  # the day, or the year
        ["01/02/24", "03/04/24", "05/06/24"],  # the day, or the month
        ["01.02.4", "02.02.4", "03.02.4"],
    ],
)
def test_what_could_be_read_in_two_ways_is_not(texts: list[str]) -> None:
    assert learned(texts)[0].columns[0].kind == "category"


@pytest.mark.parametrize(
    ("form", "stray"),
    [("%d.%m.%Y", "01.02.24"), ("%d/%m/%Y", "13/02/24"), ("%Y-%m-%d", "22-08-24"), ("%Y/%m/%d", "22/08/24")],
)
def test_one_among_years_of_four_digits_is_a_stray(form: str, stray: str) -> None:
    schema, frame = learned([*(day.strftime(form) for day in DAYS), stray])
    column = schema.columns[0]
    assert (column.kind, column.stray) == ("time", True)
    assert column.low == datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    for rows in (frame, normalise(frame, schema), frame[-1:]):
        assert np.isnan(schema.encode(rows).times[-1, 0])


def test_years_before_1000_are_read_where_four_digits_name_them() -> None:
    for text, form in [("0001-01-01", ""), ("0987-01-01", ""), ("01.01.0987", "%d.%m.%Y")]:
        assert as_time(pl.Series([text]), form)[0] == seconds_of(text, form)
    assert np.isnan(as_time(pl.Series(["987-01-01", "0000-01-01", "+12024-01-01"]))).all()
