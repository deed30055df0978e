"""The kind of a column is told from what it holds, and never from hope."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from artificer.data import moments
from artificer.data.kinds import infer_schema
from artificer.data.moments import as_time, time_form
from artificer_runtime.schema import Column


def column(values: object, name: str = "x", **options: object) -> Column:
    return infer_schema(pl.DataFrame({name: values}), **options).columns[0]  # type: ignore[arg-type]


WORDS = ["red", "green", "blue", "red"] * 30


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 2, 5], "number"),
        ([0.5, None, float("nan"), 3.0], "number"),
        (np.random.default_rng(0).normal(size=200), "number"),
        (["1", " 2.5", "?", "N/A", "-3e4"], "number"),
        (["1"] * 300 + ["2"] * 300 + ["oops"], "number"),
        (["1"] * 30 + ["2"] * 30 + ["oops"], "category"),
        (["01067", "53111", "01067"], "category"),
        (WORDS, "category"),
        (["", None, "a", "a"], "category"),
        ([True, False, None], "boolean"),
        (["True", "false", " ?"], "boolean"),
        (["true", "false", "TRUE", "maybe"], "category"),
        ([date(2024, 1, 1), date(2024, 1, 2)], "time"),
        (["2024-01-31", "2024-02-01", ""], "time"),
        (["2024-01-31T10:00:00Z", "2024-01-31T10:00:00+02:00"], "time"),
        (["31.01.2024", "01.02.2024"], "time"),
        (["31/01/2024", "01/02/2024"], "time"),
        (["01/31/2024 10:00", "02/01/2024 11:00"], "time"),
        (["01/02/2024", "03/04/2024"], "category"),
        ([f"the parcel number {n} came too late" for n in range(100)], "text"),
        ([f"u-{n:05d}" for n in range(100)], "identifier"),
        ([f"Brand{n % 40} Model{n % 1500}" for n in range(6000)], "text"),
        ([f"Brand{n % 40} Model{n % 880}" for n in range(6000)], "category"),
        ([f"Model{n % 1500}" for n in range(6000)], "category"),
        ([f"{'PC' if n % 2 else 'CA.'} {17 * (n % 80)}" for n in range(100)], "text"),
        ([f"{n}.5 bhp" for n in range(100)], "category"),
        ([f"${n},250" for n in range(100)], "number"),
        ([f"{n}{chr(65 + n % 26)}" for n in range(100)], "identifier"),
        (list(range(1000, 1100)), "identifier"),
        ([7] * 5, "constant"),
        (["a"] * 5, "constant"),
        ([None, None], "constant"),
        ([float("nan"), None], "constant"),
        ([True, True], "constant"),
        (["1", None, "1"], "number"),
    ],
)
def test_kind(values: object, kind: str) -> None:
    assert column(values).kind == kind


def test_whole_numbers_that_differ_in_every_row_are_identifiers_by_name_or_by_order() -> None:
    drawn = np.random.default_rng(0).permutation(10_000)[:100]
    assert column(drawn, "amount").kind == "number"
    assert column(drawn, "customer_id").kind == "identifier"
    assert column(drawn, "paid").kind == "number", "'paid' ends in id and is none"


def test_levels_fall_by_count_and_then_by_name() -> None:
    assert column(["b", "a", "c", "c", "?"]).levels == ("c", "a", "b")


def test_no_more_than_a_thousand_levels_have_a_code() -> None:
    values = [f"v{n % 1500}" for n in range(4000)]
    assert len(column(values).levels) == 1_000


def test_the_brief_can_name_more_spellings_of_missing() -> None:
    values = ["1", "2", "unknown"]
    assert column(values).kind == "category"
    assert column(values, missing=["Unknown"]).kind == "number"


def test_none_and_unknown_are_values() -> None:
    assert column(["none", "unknown", "none"]).levels == ("none", "unknown")


def test_a_numbers_range_leaves_infinities_out() -> None:
    found = column([1.0, float("inf"), 1e308, -5.0])
    assert (found.low, found.high) == (-5.0, 1e308)


def test_forms_of_moments_are_not_tried_on_texts_of_words_and_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "parsed", lambda text, form: pytest.fail("trying all forms takes 20 ms a column"))
    assert time_form(pl.Series("said", ["room 12", "12 rooms", "no 3.5", "3-4 of them"])) is None


def test_moments_carry_their_zone_through_daylight_saving() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    twice = [datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    seconds = as_time(pl.Series(twice, dtype=pl.Datetime("us", "Europe/Berlin")))
    assert seconds[1] - seconds[0] == 3600


def test_moments_of_all_types_and_texts_agree() -> None:
    wanted = datetime(2024, 1, 31, tzinfo=ZoneInfo("UTC")).timestamp()
    for value in ["2024-01-31", "2024-01-31 00:00:00", "2024-01-31T02:00:00+02:00", "31.01.2024", "31/01/2024"]:
        assert as_time(pl.Series([value, None])).tolist()[0] == wanted, value
    for typed in (date(2024, 1, 31), datetime(2024, 1, 31)):
        assert as_time(pl.Series([typed]))[0] == wanted
    assert np.isnan(as_time(pl.Series(["2024-01-31", None]))[1])


def test_a_numeric_column_of_times_stays_as_it_is() -> None:
    assert as_time(pl.Series([3, None, 5])).tolist()[::2] == [3.0, 5.0]


def test_a_word_among_the_first_dates_strays_as_one_among_the_last_does() -> None:
    days = [f"2024-01-{k % 28 + 1:02d}" for k in range(1000)]
    for place in (10, 990):
        column = pl.Series("day", [*days[:place], "not known yet", *days[place:]])
        assert infer_schema(pl.DataFrame([column])).columns[0].kind == "time"
