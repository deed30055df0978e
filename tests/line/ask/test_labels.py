"""The target column says what kind of prediction is asked for; what it cannot say is decided, and told."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from artificer.core.brief import Target
from artificer.core.errors import BriefError, DataError
from artificer.line.ask.durations import seconds
from artificer.line.ask.labels import as_labels, numeric, read_labels


def read(values: list[object], **target: str):  # type: ignore[no-untyped-def]
    return read_labels(pl.Series("y", values, strict=False), Target(column="y", **target))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "task", "classes", "kind"),
    [
        (["b", "a", "a", "b"], "binary", ("a", "b"), "string"),
        ([True, False, True, False], "binary", ("false", "true"), "boolean"),
        ([10, 9, 10, 9], "binary", ("9", "10"), "integer"),
        ([1.0, 0.0, 1.0, 0.0], "binary", ("0", "1"), "integer"),
        (["a", "b", "c"] * 2, "multiclass", ("a", "b", "c"), "string"),
        (list(range(20)) * 2, "multiclass", tuple(map(str, range(20))), "integer"),
        (list(range(21)) * 2, "regression", (), "number"),
        ([0.5, 1.5, 0.5, 1.5], "regression", (), "number"),
    ],
)
def test_kinds_of_prediction(values: list[object], task: str, classes: tuple[str, ...], kind: str) -> None:
    labels = read(values)
    assert (labels.task, labels.classes, labels.kind) == (task, classes, kind)
    assert labels.decisions[0].choice == task


def test_the_brief_turns_the_kind_round() -> None:
    assert read([1, 2, 3] * 4, kind="number").task == "regression"
    assert read([0.5, 1.5] * 4, kind="class").classes == ("0.5", "1.5")


def test_texts_of_a_number_to_predict_are_numbers() -> None:
    y = pl.Series("y", [f" {place / 7} " for place in range(30)])
    assert as_labels(y, Target(column="y")).to_list() == [place / 7 for place in range(30)]
    assert as_labels(y, Target(column="y", kind="class")).dtype == pl.String
    codes = pl.Series("y", [str(place) for place in range(30)])
    assert as_labels(codes, Target(column="y")).dtype == pl.String  # whole numbers in texts may name classes
    assert as_labels(codes, Target(column="y", kind="number")).sum() == sum(range(30))
    assert as_labels(pl.Series("y", [f"0{place}" for place in range(300)]), Target(column="y")).dtype == pl.String


@pytest.mark.parametrize("kind", ["", "number"])
def test_what_keeps_texts_from_being_numbers_is_told(kind: str) -> None:
    numbers = [f"{place / 7:.2f}" for place in range(300)]
    with pytest.raises(DataError, match="10 rows hold words among numbers.*under .data. missing"):
        read([*numbers, *["unbekannt"] * 10], kind=kind)
    with pytest.raises(DataError, match="write 1005.5 for 1.005,5"):
        read([one.replace(".", ",") for one in numbers], kind=kind)


def test_the_rarer_class_counts_as_success_unless_the_brief_says_otherwise() -> None:
    rare = read(["no"] * 5 + ["yes"] * 2)
    assert rare.classes[rare.positive] == "yes"
    assert rare.decisions[1].alternatives == ("no",)
    assert read(["no"] * 5 + ["yes"] * 2, positive="no").positive == 0


@pytest.mark.parametrize(
    ("success", "other"),
    [
        ("Yes", "No"),
        ("Y", "N"),
        ("true", "false"),
        ("1", "0"),
        (True, False),
        (1, 0),
        ("Positive", "negative"),
        ("ja", "nein"),
    ],
)
def test_what_affirms_counts_as_success_however_common_it_is(success: object, other: object) -> None:
    found = read([success] * 7 + [other] * 2)
    assert found.classes[found.positive].lower() == str(success).lower()
    assert "affirms" in found.decisions[1].because


def test_numbers_of_classes_are_their_places() -> None:
    labels = read([10, 9, 9, 10])
    assert numeric(pl.Series([10, 9]), labels.classes).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("values", "target", "says"),
    [
        ([], {}, "no value"),
        (["a", "a"], {}, "one class, 'a'"),
        (["a", "a", "b"], {}, "'b' of the target 'y' has one row"),
        ([f"c{place % 201}" for place in range(402)], {}, "201 classes"),
        (["yes", "no"] * 2, {"positive": "ye"}, "'yes'"),
        (["a", "b", "c"] * 2, {"positive": "a"}, "two classes"),
        (["a", "b"] * 2, {"kind": "number"}, "String"),
        ([1.0, 2.0, float("inf")], {"kind": "number"}, "infinite"),
        ([2.0, 2.0], {"kind": "number"}, "in every row"),
    ],
)
def test_what_cannot_be_learned_is_refused(values: list[object], target: dict[str, str], says: str) -> None:
    with pytest.raises(DataError) as refused:
        read(values, **target)
    assert says in str(refused.value)


def test_dates_are_classes_or_refused_in_words() -> None:
    with pytest.raises(DataError, match="identifier"):
        read_labels(pl.date_range(date(2024, 1, 1), date(2024, 12, 31), eager=True).alias("y"), Target(column="y"))


def test_durations() -> None:
    assert [seconds(text, "x") for text in ("30s", "5min", "2h", " 1d ", "1w")] == [30, 300, 7200, 86400, 604800]
    for text in ("", "7", "d", "1.5h", "-1d", "7 days"):
        with pytest.raises(BriefError, match=r"\[target\.horizon\]"):
            seconds(text, "target.horizon")
