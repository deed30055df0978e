"""Whatever is sent to predict: it is refused with reasons, or answered as the predictor answers; never a fault of ours."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line.ship.asked import serving_of

from artificer.line.ship.server import Serving
from artificer.line.ship.server.doors import RefusedError, parsed
from artificer.line.ship.server.fields import Fields, wrong_fields
from artificer_runtime.schema import Column

COLUMNS = (
    Column("x", "number", low=-3.0, high=3.0),
    Column("shop", "category", ("a", "b")),
    Column("open", "boolean", ("false", "true")),
    Column("at", "time", low=0.0, high=1.0),
    Column("day", "time", low=0.0, high=1.0, form="%d/%m/%Y"),
    Column("note", "text"),
)
numbers = st.one_of(st.floats(), st.integers(), st.integers(10**299, 10**310), st.booleans())
texts = st.one_of(
    st.text(max_size=8), st.sampled_from(["a", "b", "true", "1e5", "nan", " 2", "2026-01-01T00:00:00Z", "31/01/2026"])
)
values = st.recursive(st.one_of(st.none(), numbers, texts), lambda one: st.lists(one, max_size=2), max_leaves=3)
rows = st.dictionaries(st.sampled_from(["x", "shop", "open", "at", "day", "note", "id", "odd"]), values)
bodies = st.one_of(
    rows,
    st.fixed_dictionaries({"x": values, "shop": values}),
    st.fixed_dictionaries({"rows": st.lists(st.fixed_dictionaries({"x": numbers, "shop": texts}), max_size=3)}),
    st.fixed_dictionaries({"rows": values}),
    values,
)


@cache
def serving() -> Serving:
    return serving_of(Path(tempfile.mkdtemp()))


@pytest.fixture(scope="module")
def client() -> Any:
    from starlette.testclient import TestClient

    from artificer.line.ship.server.app import application

    with TestClient(application(serving()), raise_server_exceptions=False) as found:
        yield found


@given(body=bodies)
@settings(max_examples=150, deadline=None)
def test_any_json_is_refused_by_field_or_answered_as_the_predictor_does(client: Any, body: Any) -> None:
    answer = client.post("/predict", content=json.dumps(body).encode())
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code != 200:
        assert all(one["says"] and one["fix"] for one in answer.json()["errors"])
        return
    asked = body["rows"] if isinstance(body.get("rows"), list) else [body]
    found = answer.json()["predictions"]
    assert len(found) == len(asked)
    for row, one in zip(asked, found, strict=True):
        chances = serving().model.scorer.predictor.predict_proba(row)[0]
        assert one["score"] == chances[1]
        assert one["prediction"] == serving().model.scorer.predictor.predict(row)[0]


@given(body=st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_refused(client: Any, body: bytes) -> None:
    assert client.post("/predict", content=body).status_code in (400, 422)


@given(row=rows)
@settings(max_examples=300, deadline=None)
def test_what_is_right_at_the_first_look_is_right_at_the_second(row: dict[str, Any]) -> None:
    whole = {column.name: row.get(column.name) for column in COLUMNS}
    if Fields(COLUMNS).plain(whole):
        assert list(wrong_fields(whole, 0, COLUMNS)) == []


@given(text=st.one_of(st.text(), st.sampled_from(['{"x": NaN}', '{"x": 1e999}', '"\\ud800"', "1" * 5000, "[" * 5000])))
@settings(max_examples=200, deadline=None)
def test_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        found = parsed(text.encode())
    except RefusedError:
        with pytest.raises((ValueError, RecursionError)):
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        return
    try:
        expected = json.loads(text)
    except (ValueError, RecursionError):  # its limits on digits and depth are not msgspec's
        return
    assert repr(found) == repr(expected)
