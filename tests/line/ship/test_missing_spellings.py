"""A text that stands for nothing does so at every door, as in a table."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import client
import polars as pl
import pytest
from client import Client
from line.ship.asked import asking, serving_of
from web import answering

from artificer.line.ship.server.fields import Fields
from artificer_runtime.schema import Column

ARROW = "application/vnd.apache.arrow.stream"
NOTHING = ["unknown", " Unknown ", "NA", "", "9999"]


@pytest.fixture
def spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FEATURES", replace(client.FEATURES, missing=("unknown", "9999")))


@pytest.mark.usefixtures("spelled")
def test_what_means_missing_in_a_table_means_it_in_json_too(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"x": text, "shop": shop} for text in NOTHING for shop in ("a", "unknown")]
    empty = [row | {"x": None, "shop": None if row["shop"] == "unknown" else "a"} for row in rows]
    with asking(serving_of(tmp_path)) as http:
        answer = http.post("/predict", json={"rows": rows})
        assert answer.status_code == 200, answer.text
        found = answer.json()["predictions"]
        assert found == http.post("/predict", json={"rows": empty}).json()["predictions"]
        assert [http.post("/predict", json=row).json()["predictions"][0] for row in rows] == found
        lines = http.post("/predict/stream", content="\n".join(map(json.dumps, rows))).text.splitlines()
        assert [json.loads(line)["score"] for line in lines] == [one["score"] for one in found]
        body = io.BytesIO()
        pl.DataFrame(rows).write_ipc_stream(body)
        table = http.post("/predict/batch", content=body.getvalue(), headers={"content-type": ARROW})
        assert pl.read_ipc_stream(io.BytesIO(table.content))["score"].to_list() == [one["score"] for one in found]
        assert http.post("/predict", json={"x": "much", "shop": "a"}).status_code == 422


@pytest.mark.usefixtures("spelled")
def test_the_form_takes_it_as_missing(tmp_path: Path) -> None:
    with answering(Client(tmp_path).ask().ship().package("v1")) as site:
        told = [site.post("/pages/predict", data={"x": text, "shop": "a"}) for text in ("unknown", "")]
    assert [one.status_code for one in told] == [200, 200]


def test_moments_are_missing_by_the_same_texts() -> None:
    fields = Fields([Column("when", "time"), Column("how", "text")], spellings=frozenset({"unknown"}))
    assert fields.wrong({"when": "Unknown", "how": "unknown"}, 0) == []
    assert len(fields.wrong({"when": "soon", "how": "a"}, 0)) == 1
