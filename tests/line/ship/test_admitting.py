"""Unknown categories and absent fields are answered or refused as the brief says, at every door and in `score`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from client import Client
from line.ship.asked import asking, errors
from served_client import answering

import artificer
from artificer.core.errors import BriefError, DataError
from artificer.line.ship.server import Serving
from artificer_runtime import RowsError

Rows = Callable[..., pl.DataFrame]
REFUSE = '\n[serve]\nunknown = "refuse"\n'
ANSWER = '\n[serve]\nmissing = "answer"\n'
ODD = {"id": 2, "x": 0.5, "shop": "c"}
SENT = [{"id": 1, "x": 0.5, "shop": "a"}, ODD]
KIND = "application/vnd.apache.parquet"


def table(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(rows).write_parquet(file)
    return file.getvalue()


def test_an_unknown_category_is_refused_by_field_and_row_at_every_door(client: Client) -> None:
    with answering(client.ask(more=REFUSE)) as http:
        for path, sent in (("/predict", {"rows": SENT}), ("/explain", {"rows": SENT}), ("/predict", ODD)):
            (said,) = errors(http.post(path, json=sent), 422)
            assert (said["field"], said["row"]) == ("shop", 0 if sent is ODD else 1)
            assert "training never saw this value" in said["says"]
        (said,) = errors(http.post("/predict/batch", content=table(SENT), headers={"content-type": KIND}), 422)
        assert (said["field"], said["row"]) == ("shop", 1)
        lines = http.post("/predict/stream", content="\n".join(map(json.dumps, SENT))).text.splitlines()
        first, second = map(json.loads, lines)
        assert "prediction" in first
        assert [(one["field"], one["row"]) for one in second["errors"]] == [("shop", 1)]
        changed = {"row": SENT[0], "changes": [{"shop": "c"}]}
        assert errors(http.post("/what-if", json=changed), 422)[0]["field"] == "shop"
        for known in ("a", None, " b ", ""):
            assert http.post("/predict", json=ODD | {"shop": known}).status_code == 200
        assert http.post("/pages/predict", data={"x": "1", "shop": "c"}).status_code == 422


def test_score_refuses_an_unknown_category_and_writes_nothing(client: Client, rows: Rows) -> None:
    client.ask(more=REFUSE)
    odd = rows(9).with_columns(shop=pl.when(pl.col("id") == 7).then(pl.lit("c")).otherwise("shop"))
    with pytest.raises(DataError, match="column 'shop' of row 6.*holds 'c', which training never saw"):
        artificer.score(client.brief, odd, client.folder / "out.parquet")
    assert not (client.folder / "out.parquet").exists()
    artificer.score(client.brief, rows(9), client.folder / "out.parquet")


def test_what_is_not_said_stays_as_it_was(client: Client) -> None:
    with answering(client.ask()) as http:
        assert http.post("/predict", json=ODD).json()["predictions"][0]["flags"] == ["unseen"]
        assert errors(http.post("/predict", json={"x": 0.5}), 422)[0]["field"] == "shop"


def test_an_absent_field_is_answered_as_a_missing_value_at_every_door(client: Client) -> None:
    bare, whole = {"id": 1, "shop": "a"}, {"id": 1, "shop": "a", "x": None}
    with answering(client.ask(more=ANSWER)) as http:
        wanted = http.post("/predict", json=whole).json()["predictions"][0]["score"]
        for sent in (bare, {"rows": [bare]}):
            assert http.post("/predict", json=sent).json()["predictions"][0]["score"] == wanted
        assert http.post("/explain", json=bare).json()["explanations"][0]["score"] == wanted
        assert json.loads(http.post("/predict/stream", content=json.dumps(bare)).text)["score"] == wanted
        answer = http.post("/predict/batch", content=table([bare, bare]), headers={"content-type": KIND})
        assert pl.read_parquet(io.BytesIO(answer.content))["score"].to_list() == [wanted, wanted]
        assert http.post("/predict", json=bare | {"X": 1}).json()["ignored"] == ["X"]
        assert http.get("/schema").json()["required"] == []
        assert errors(http.post("/predict", json={"x": [], "shop": "a"}), 422)[0]["field"] == "x"


def test_score_takes_an_absent_column_as_missing(client: Client, rows: Rows) -> None:
    client.ask(more=ANSWER + "[decision.reasons]\ncount = 1\nof = 'all'\n")
    new = rows(5)
    artificer.score(client.brief, new.with_columns(x=pl.lit(None, pl.Float64)), client.folder / "whole.parquet")
    artificer.score(client.brief, new.drop("x"), client.folder / "out.parquet")
    client.rows(new.drop("x"))
    artificer.score(client.brief, client.folder / "new.parquet", client.folder / "read.parquet")
    first, *others = (pl.read_parquet(client.folder / f"{name}.parquet") for name in ("whole", "out", "read"))
    assert all(other["score"].to_list() == first["score"].to_list() for other in others)
    client.ask()
    with pytest.raises(RowsError, match="column 'x' is absent"):
        artificer.score(client.brief, new.drop("x"), client.folder / "out.parquet")


def test_it_travels_with_the_package(client: Client) -> None:
    client.ask(more=REFUSE + 'missing = "answer"\n').ship("v2")
    with asking(Serving.of(client.package("v2"))) as http:
        assert errors(http.post("/predict", json=ODD), 422)[0]["field"] == "shop"
        assert http.post("/predict", json={"shop": "a"}).status_code == 200


def test_another_word_is_refused(client: Client) -> None:
    with pytest.raises(BriefError, match="unknown"):
        Serving.of(client.ask(more='\n[serve]\nunknown = "perhaps"\n').brief)
