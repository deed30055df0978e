"""The server leaves alone what `score` leaves alone: the control share, and rows that wait for a person."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from client import Client
from hypothesis import example, given
from hypothesis import strategies as st
from served_client import answering

import artificer
from artificer.core.brief import Brief, DecisionPart, Target
from artificer.core.errors import BriefError, DataError
from artificer.line.ship.control import drawn, is_drawn
from artificer.line.ship.server import Serving

Rows = Callable[..., pl.DataFrame]
HALF = "\n[decision]\nthreshold = 0.5\n"
REVIEW = 'review = { when = ["unseen", "score between 0.4 and 0.6"], to = "the desk" }\n'
LIST = "\n[decision]\ncapacity = { top = 3, every = '7d' }\n"
TIMED = 'key = ["id"]\ntime = "day"'


def sent(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client writes them."""
    found: list[dict[str, Any]] = json.loads(rows.with_columns(pl.col("day").cast(pl.String)).write_json())
    return found


def scored(client: Client, rows: pl.DataFrame) -> list[dict[str, Any]]:
    artificer.score(client.brief, rows, client.folder / "out.parquet")
    return pl.read_parquet(client.folder / "out.parquet").sort("id").to_dicts()


def predicted(http: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = http.post("/predict", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["predictions"]
    return found


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1),
    st.floats(0, 1),
    st.integers(0, 9),
)
@example(["7", "ü" * 3_000, ""], 0.5, 0)
def test_one_key_falls_as_it_falls_among_many(keys: list[str], share: float, seed: int) -> None:
    target = Target(column="won")
    brief = Brief(target=target, name="calls", decision=DecisionPart(control=share))
    together = drawn(pl.Series(keys, dtype=pl.String), brief).tolist()
    assert [is_drawn(key, brief) for key in keys] == together


@pytest.mark.parametrize("decision", [HALF, LIST, "\n[decision.value]\nacted = -1\nsuccess = 'cost'\n[decision]\n"])
def test_every_door_says_what_score_says(client: Client, rows: Rows, decision: str) -> None:
    client.ask(TIMED, decision + "control = 0.3\n" + REVIEW)
    new = rows(60).with_columns(shop=pl.when(pl.col("id") % 9 == 0).then(pl.lit("c")).otherwise("shop"))
    if "value" in decision:
        client.ask(TIMED, "\n[decision]\ncontrol = 0.3\n" + REVIEW + "[decision.value]\nacted = -1\nsuccess = 'cost'\n")
    table = scored(client, new)
    capacity = decision == LIST
    wanted = [None if capacity and one["decision"] in ("act", "leave") else one["decision"] for one in table]
    assert {*wanted} >= {"control", "review"}
    with answering(client) as http:
        found = predicted(http, sent(new))
        assert [one["decision"] for one in found] == wanted
        assert [one.get("review", "") for one in found] == [one["review"] for one in table]
        if capacity:
            assert [one["period"] for one in found] == [one["period"] for one in table]
        lines = "\n".join(map(json.dumps, sent(new)))
        streamed = http.post("/predict/stream", content=lines).text.splitlines()
        assert [json.loads(line)["decision"] for line in streamed] == wanted
        body = io.BytesIO()
        new.write_parquet(body)
        kind = {"content-type": "application/vnd.apache.parquet"}
        answer = http.post("/predict/batch", content=body.getvalue(), headers=kind)
        batch = pl.read_parquet(io.BytesIO(answer.content))
        assert batch["decision"].to_list() == wanted
        assert batch["review"].to_list() == [one["review"] for one in table]
        columns = [{"name": name, "shape": [60], "datatype": "BYTES", "data": [one[name] for one in sent(new)]}
                   for name in ("id", "shop", "day")]  # fmt: skip
        columns += [
            {"name": name, "shape": [60], "datatype": "FP64", "data": new[name].to_list()} for name in ("x", "cost")
        ]
        outputs = http.post("/v2/models/calls/infer", json={"inputs": columns}).json()["outputs"]
        assert next(one["data"] for one in outputs if one["name"] == "decision") == [one or "" for one in wanted]
        enum = http.get("/openapi.json").json()["paths"]["/predict"]["post"]["responses"]["200"]["content"]
        properties = enum["application/json"]["schema"]["properties"]["predictions"]["items"]["properties"]
        assert {*wanted} <= {*properties["decision"]["enum"]}


def test_a_number_is_held_against_the_threshold(client: Client, rows: Rows) -> None:
    client.ask(more="\n[decision]\nthreshold = 0.2\ncontrol = 0.2\n").ship("v2", "regression").serve("v2")
    table = scored(client, rows(40))
    with answering(client) as http:
        assert [one["decision"] for one in predicted(http, sent(rows(40)))] == [one["decision"] for one in table]


def test_rows_for_review_wait_in_the_ledger_until_a_person_says(client: Client, rows: Rows) -> None:
    client.ask(more=HALF + REVIEW)
    odd, plain = {"id": 7, "x": 2.0, "shop": "c"}, {"id": 8, "x": 2.0, "shop": "a"}
    with answering(client) as http:
        first, second, unkeyed = predicted(http, [odd, plain, {"x": 0.0, "shop": "a"}])
        assert (first["decision"], second["decision"], unkeyed["decision"]) == ("review", "act", "review")
        http.serving.log.flush(10)
        queue = client.ledger.reviews("calls")
        waiting = {one.key: one for one in queue.reviews(state="open")}
        assert {*waiting} == {"7", unkeyed["prediction_id"]}
        assert (waiting["7"].because, waiting["7"].asked, waiting["7"].score) == ("unseen", "the desk", first["score"])
        assert queue.answer("7", "leave") == 1
        http.serving.follow()
        (again,) = predicted(http, [odd])
        assert (again["decision"], again["review"]) == ("leave", "unseen")
        queue.answer("7", "open")
        http.serving.follow()
        assert predicted(http, [odd])[0]["decision"] == "review"
        assert predicted(http, [odd | {"shop": "a"}])[0]["decision"] == "act"
        http.serving.log.flush(10)
        assert [one.key for one in queue.reviews(state="open")] == [unkeyed["prediction_id"]]
    table = scored(client, pl.DataFrame([odd, plain]))
    assert [one.key for one in queue.reviews(state="open")] == ["7", unkeyed["prediction_id"]][::-1]
    assert [one["decision"] for one in table] == ["review", "act"]


def test_persons_answers_are_known_from_the_first_request_on(client: Client) -> None:
    client.ask(more=HALF + REVIEW)
    client.ledger.reviews("calls").enter([("7", "", "unseen", "before")], "the desk")
    client.ledger.reviews("calls").answer("7", "act")
    with answering(client) as http:
        assert predicted(http, [{"id": 7, "x": 0.0, "shop": "a"}])[0]["decision"] == "act"


def test_without_a_key_no_row_is_control_and_the_answer_says_so(client: Client) -> None:
    client.ask(more="\n[decision]\nthreshold = 0.5\ncontrol = 1.0\n")
    with answering(client) as http:
        keyed = http.post("/predict", json={"id": 7, "x": 1.0, "shop": "a"}).json()
        assert (keyed["predictions"][0]["decision"], "notes" in keyed) == ("control", False)
        told = http.post("/predict", json={"x": 1.0, "shop": "a"}).json()
        assert told["predictions"][0]["decision"] == "act"
        (note,) = told["notes"]
        assert (note["field"], note["row"]) == ("id", 0)
        assert "control share" in note["says"]


def test_a_request_never_waits_for_the_queue(client: Client) -> None:
    client.ask(more=HALF + REVIEW)
    with answering(client) as http:
        with client.ledger._database.writing():  # the ledger is taken
            began = time.perf_counter()
            assert predicted(http, [{"id": 7, "x": 0.0, "shop": "a"}])[0]["decision"] == "review"
            assert time.perf_counter() - began < 5  # SQLite waits 30 s for it
        http.serving.log.flush(10)
        assert [one.key for one in client.ledger.reviews("calls").reviews()] == ["7"]


def test_conditions_that_cannot_be_read_end_the_start(client: Client) -> None:
    client.ask(more=HALF + 'review = { when = ["when in doubt"] }\n')
    with pytest.raises(BriefError, match="cannot be read"):
        Serving.of(client.brief)


def test_a_row_without_its_moment_waits_without_a_period(client: Client) -> None:
    client.ask(TIMED, LIST + 'review = { when = ["unseen"] }\n')
    day = dt.date(2009, 1, 7).isoformat()
    with answering(client) as http:
        timed, bare = predicted(http, [{"id": 1, "x": 0, "shop": "c", "day": day}, {"id": 2, "x": 0, "shop": "c"}])
    assert (timed["period"], bare["period"], bare["decision"]) == ("2009-01-05", "", "review")


PRICED = "\n[decision.value]\nacted = -1\nsuccess = 'cost'\n"


def test_a_field_that_a_decision_is_priced_by_is_needed_of_each_row_by_itself(client: Client) -> None:
    client.ask(more=PRICED)
    row = {"x": 1.0, "shop": "a", "cost": 5}
    bare = {"x": 1.0, "shop": "a"}
    wrong = [
        (bare, "the field is absent"),
        (row | {"cost": [1, 2]}, "not a list"),
        (row | {"cost": "much"}, "not a text"),
    ]
    with answering(client) as http:
        assert "cost" in http.get("/schema").json()["required"]
        for one, says in wrong:
            answer = http.post("/predict", json={"rows": [row, one]})
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["field"], error["row"]) == (422, "cost", 1)
            assert says in error["says"]
        lines = "\n".join(json.dumps(one) for one in [row, *(one for one, _ in wrong), row])
        told = [json.loads(line) for line in http.post("/predict/stream", content=lines).text.splitlines()]
        assert [one.get("decision") for one in told] == ["act", None, None, None, "act"]
        assert [one["row"] for one in told] == [0, 1, 2, 3, 4]
        kind = {"content-type": "application/vnd.apache.arrow.stream"}
        for one, _ in wrong[:2]:
            body = io.BytesIO()
            pl.DataFrame([one]).write_ipc_stream(body)
            answer = http.post("/predict/batch", content=body.getvalue(), headers=kind)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cost")


def test_a_decision_that_reads_a_row_does_not_hang_on_the_rows_beside_it(client: Client) -> None:
    client.ask(more=PRICED)
    row = {"x": 1.0, "shop": "a", "cost": 5}
    cells = [5, 5.5, "5", "0.1", None, 2**70, -5]
    odd = [[1, 2], {"a": 1}, 3, "three", None, 2**70, 2**200]
    with answering(client) as http:
        alone = [predicted(http, [row | {"cost": cell}])[0]["decision"] for cell in cells]
        assert alone == ["act", "act", "act", "leave", "leave", "act", "leave"]
        together = predicted(http, [row | {"cost": cell, "other": one} for cell, one in zip(cells, odd, strict=True)])
        assert [one["decision"] for one in together] == alone


def test_a_line_that_only_its_prediction_refuses_does_not_end_the_stream(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"id": 1, "x": 1.0, "shop": "a"}
    with answering(client) as http:
        model = type(http.serving.model)
        predictions = model.predictions

        def refusing(self: Any, rows: Any) -> Any:
            if any(one["id"] == 2 for one in rows):
                raise DataError("that row cannot be")
            return predictions(self, rows)

        monkeypatch.setattr(model, "predictions", refusing)
        lines = "\n".join(json.dumps(row | {"id": id}) for id in (1, 2, 3))
        told = [json.loads(line) for line in http.post("/predict/stream", content=lines).text.splitlines()]
    assert ["prediction" in one for one in told] == [True, False, True]
    assert told[1]["errors"][0] | {"fix": ""} == {"field": "", "row": 1, "says": "that row cannot be", "fix": ""}


@pytest.mark.parametrize("decision", [HALF, LIST, "\n[decision.value]\nacted = -1\nsuccess = 2\n"])
def test_of_several_classes_a_decision_is_refused_as_score_refuses_it(client: Client, decision: str) -> None:
    client.ask(TIMED, decision).ship("three", "multiclass")
    with answering(client) as http:
        client.serve("three")
        assert not http.serving.refresh(now=True)
        assert "needs two classes, one of which is success" in http.serving.troubles
        assert predicted(http, [{"x": 1.0, "shop": "a"}])[0]["prediction"] in ("yes", "no")
    with pytest.raises(BriefError, match="needs two classes, one of which is success"):
        Serving.of(client.brief)


def test_a_decision_that_cannot_be_is_refused_as_score_refuses_it(client: Client) -> None:
    client.ask(more="\n[decision]\nthreshold = 7\n")
    for ask in (lambda: Serving.of(client.brief), lambda: scored(client, pl.DataFrame())):
        with pytest.raises(BriefError, match="threshold is 7, and is held against a probability"):
            ask()
