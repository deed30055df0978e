"""score says for what reasons, by the package's own explanation of a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from client import table

import artificer
from artificer.core.errors import BriefError, DataError
from artificer.line.ship import reasons
from artificer_runtime import Predictor

Rows = Callable[..., pl.DataFrame]
TWO = "\n[decision]\ncapacity = { top = 5 }\nreasons = { count = 2 }\n"


@dataclass(frozen=True)
class Explanations:
    columns: tuple[str, ...]
    contributions: np.ndarray
    base: np.ndarray
    totals: np.ndarray
    scale: str


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A package that explains x by itself, and shop by 0.25; how many rows it was asked about, call by call."""
    asked: list[int] = []

    def explain(predictor: Any, rows: pl.DataFrame) -> Explanations:
        asked.append(rows.height)
        n_out = {"binary": 1, "multiclass": 3, "regression": 1}[predictor.task]
        parts = np.stack([rows["x"].fill_null(0.0).to_numpy(), np.full(rows.height, -0.25)], axis=1)
        parts = parts[:, :, None] * np.linspace(1, -1, n_out)[None, None, :]
        scale = {"binary": "log-odds", "multiclass": "log-probabilities", "regression": "value"}[predictor.task]
        return Explanations(("x", "shop"), parts, np.zeros(n_out), parts.sum(axis=1), scale)

    monkeypatch.setattr(Predictor, "explain", explain, raising=False)
    return asked


def scored(client: Any, rows: Any, out: str = "out.parquet") -> pl.DataFrame:
    artificer.score(client.brief, rows, client.folder / out)
    return pl.read_parquet(client.folder / out)


def test_only_rows_that_are_acted_on_are_explained(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more=TWO)
    found = scored(client, rows())
    assert sum(explained) == 5
    for row in found.iter_rows(named=True):
        assert (row["reasons"] != "") == (row["decision"] == "act")
    first = found.filter(pl.col("decision") == "act").row(0, named=True)
    x, shop = rows().row(by_predicate=pl.col("id") == first["id"], named=True)["x"], "a"
    shop = rows().row(by_predicate=pl.col("id") == first["id"], named=True)["shop"]
    assert f"({shop}) -0.25" in first["reasons"]
    assert f"{x:+.2f}" in first["reasons"]
    (told,) = client.ledger.predictions.of(str(first["id"]))
    assert told.reasons == first["reasons"]


def test_all_are_explained_where_the_brief_says_so(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more='\n[decision]\nreasons = { count = 1, of = "all" }\n')
    found = scored(client, rows())
    assert sum(explained) == 20
    assert (found["reasons"] != "").all()
    assert not found["reasons"].str.contains(";").any()


def test_rows_to_review_are_explained(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more='\n[decision]\nreview = { when = ["score > 0.6"] }\nreasons = { count = 1 }\n')
    found = scored(client, rows())
    assert ((found["reasons"] != "") == (found["decision"] == "review").fill_null(False)).all()


def test_what_is_never_to_be_named_is_not(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more=TWO.replace("count = 2", 'count = 2, never = ["shop"]'))
    assert not scored(client, rows())["reasons"].str.contains("shop").any()
    client.ask(more=TWO.replace("count = 2", 'count = 2, never = ["shopp"]'))
    with pytest.raises(BriefError, match=r"never names the column 'shopp'.*closest name here: 'shop'"):
        scored(client, rows())


def test_the_other_class_turns_the_sign(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more=TWO).ship("v2", positive="no").serve("v2")
    found = scored(client, rows())
    assert found.filter(pl.col("decision") == "act")["reasons"].str.contains(r"shop \([ab]\) \+0.25").all()


def test_of_numbers_a_reason_is_in_their_unit_and_a_missing_value_says_so(
    client: Any, rows: Rows, explained: list[int]
) -> None:
    client.ask(more="\n[decision]\nthreshold = -5000\nreasons = { count = 2 }\n").ship("n", "regression").serve("n")
    given = rows(3).with_columns(x=pl.Series([1234.5, -2.0, None]), shop=pl.Series(["a", None, "b"]))
    assert scored(client, given)["reasons"].to_list() == [
        "x (1,234) +1,234; shop (a) -0.250",
        "x (-2) -2; shop (missing) -0.250",
        "shop (b) -0.250",
    ]


def test_of_more_classes_it_is_the_likeliest_that_is_explained(client: Any, rows: Rows, explained: list[int]) -> None:
    client.ask(more='\n[decision]\nreasons = { count = 2, of = "all" }\n').ship("three", "multiclass").serve("three")
    found = scored(client, rows())
    x = rows()["x"].to_numpy()
    best = np.where(x - 0.25 > 0, x, -x)
    for text, by in zip(found["reasons"], best, strict=True):
        assert abs(by) < 0.005 or f"{by:+.2f}" in text


@pytest.mark.parametrize(
    "later",
    [lambda: table(21), lambda: table().reverse(), lambda: table(seed=9)],
    ids=["one more", "another order", "other values of the same keys"],
)
def test_rows_that_are_others_by_the_second_reading_are_refused(
    client: Any, explained: list[int], monkeypatch: pytest.MonkeyPatch, later: Callable[[], pl.DataFrame]
) -> None:
    client.ask(more=TWO)
    path = client.rows(table())
    true = reasons.shown_of

    def changed(scorer: Any) -> Any:  # it is asked once the rows have been predicted
        client.rows(later())
        return true(scorer)

    monkeypatch.setattr(reasons, "shown_of", changed)
    with pytest.raises(DataError, match="the rows changed while they were read, so nothing was done with them"):
        artificer.score(client.brief, path, client.folder / "new.csv")
    assert not (client.folder / "new.csv").exists()
    assert client.ledger.predictions.of("1") == []


def test_a_package_that_cannot_tell_reasons_is_refused_before_a_row_is_predicted(
    client: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.ask(more=TWO)
    monkeypatch.setattr(reasons, "counted", lambda contents: False)
    monkeypatch.setattr("artificer.line.ship.scores.predicted_rows", None)
    with pytest.raises(BriefError, match=r"package 'v1' cannot tell.*Nothing was predicted; train it again"):
        scored(client, rows())
    assert not (client.folder / "out.parquet").exists()


def test_reasons_that_are_asked_for_later_come_into_the_table_that_is_there(
    client: Any, rows: Rows, explained: list[int]
) -> None:
    client.ask(more="\n[decision]\ncapacity = { top = 5 }\n")
    path = rows()
    before = scored(client, path, "calls.parquet")
    client.ask(more=TWO)
    after = scored(client, path, "calls.parquet")
    assert after.drop("reasons", "scored_at").equals(before.drop("scored_at"))
    assert (after["reasons"] != "").sum() == 5
    assert artificer.score(client.brief, path, client.folder / "calls.parquet").n_changed == 0
