"""Where dates have a form of their own, ISO 8601 is read beside it: in training, in the runtime, and by a server."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.ship.server.fields import wrong_fields
from artificer_runtime import RowsError, single

FORM = "%m/%d/%Y %H:%M"
AT = pd.date_range("2024-01-20", periods=30, freq="13h")
FRAME = pl.DataFrame({"at": AT.strftime(FORM).to_list(), "x": [k / 7 for k in range(30)]})
SCHEMA = infer_schema(FRAME)


@pytest.mark.parametrize(
    "iso",
    [
        "2024-01-20T00:00:00",
        "2024-01-20",
        " 2024-01-20 00:00",
        "2024-01-20T01:00:00+01:00",
        "2024-01-20T01:00+01:00",
        "2024-01-19 23:30-0030",
        "2024-1-20",
        "2024-1-20 0:00",
    ],
)
def test_it_is_the_same_moment(iso: str) -> None:
    assert SCHEMA.columns[0].form == FORM
    wanted = AT[0].timestamp()
    rows = pl.DataFrame({"at": [iso, "01/20/2024 00:00"], "x": [1.0, 1.0]})
    for given in (rows, rows[:1], rows.to_dicts(), rows.to_dicts()[0], rows.to_pandas()[:1], normalise(rows, SCHEMA)):
        assert (SCHEMA.encode(given).times == wanted).all()
    alone = single.Single(SCHEMA, None, SCHEMA.plan, [], []).read(rows.to_dicts()[0])  # type: ignore[arg-type]
    assert list(alone.groups["times"]) == [wanted]
    assert not list(wrong_fields({"at": iso, "x": 1.0}, 0, SCHEMA.columns))


def test_a_text_that_is_no_date_is_told_what_is_read() -> None:
    with pytest.raises(RowsError, match=r"ISO 8601 or '%m/%d/%Y %H:%M'.*row 0 holds a text that cannot be read as one"):
        SCHEMA.encode({"at": "soon", "x": 1.0})
    (wrong,) = wrong_fields({"at": "soon", "x": 1.0}, 0, SCHEMA.columns)
    assert wrong["says"] == "this text is no date or time"
    assert wrong["fix"] == f"send ISO text, such as 2026-01-31T08:00:00, or of the form '{FORM}'"
    (wrong,) = wrong_fields({"at": 7, "x": 1.0}, 0, SCHEMA.columns)
    assert wrong["says"] == "a date or time is needed, not a number"


def test_a_column_that_mixes_both_is_one_of_moments() -> None:
    mixed = pl.DataFrame({"at": [*FRAME["at"][:20], *(one.isoformat() for one in AT[20:])], "x": FRAME["x"]})
    schema = infer_schema(mixed)
    assert (schema.columns[0].kind, schema.columns[0].form) == ("time", FORM)
    assert (schema.encode(mixed).times == SCHEMA.encode(FRAME).times).all()
    assert (schema.encode(normalise(mixed, schema)).times == SCHEMA.encode(FRAME).times).all()


@pytest.mark.parametrize("written", ["%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M%z"])
def test_moments_to_the_minute_that_name_their_zone_are_moments_in_training_too(written: str) -> None:
    frame = pl.DataFrame({"at": AT.tz_localize("Europe/Berlin").strftime(written).to_list(), "x": FRAME["x"]})
    schema = infer_schema(frame)
    assert (schema.columns[0].kind, schema.columns[0].zone) == ("time", "+0100")
    whole = schema.encode(normalise(frame, schema)).times[:, 0].tolist()
    assert whole == [one.timestamp() for one in AT.tz_localize("Europe/Berlin")]
    assert [float(schema.encode(row).times[0, 0]) for row in frame.to_dicts()] == whole


def test_dates_without_leading_zeros_are_read_alone_as_in_training() -> None:
    frame = pl.DataFrame(
        {"at": [f"{one.year}-{one.month}-{one.day} {one.hour}:{one.minute:02}" for one in AT], "x": FRAME["x"]}
    )
    schema = infer_schema(frame)
    assert (schema.columns[0].kind, schema.columns[0].form) == ("time", "")
    whole = schema.encode(normalise(frame, schema)).times[:, 0].tolist()
    assert whole == [one.timestamp() for one in AT]
    assert [float(schema.encode(row).times[0, 0]) for row in frame.to_dicts()] == whole
    assert not list(wrong_fields(frame.row(0, named=True), 0, schema.columns))
