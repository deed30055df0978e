"""`artificer why`: what stands behind one prediction, and what would turn it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from client import Client, table
from command import artificer as artificer_command
from command import refused
from served_client import answering

import artificer
from artificer import turning
from artificer.core.errors import DataError
from artificer.core.figures import figure
from artificer.line.ship import reasons
from artificer.line.ship.server import Wanted
from artificer.why import account_told, accounts_of

LISTED = """
[features]
changeable = ["x", "shop"]
[decision]
capacity = { top = 5 }
reasons = { count = 2 }
[track]
new = "new.parquet"
[output]
table = "out.parquet"
"""


@pytest.fixture
def listed(tmp_path: Path) -> Client:
    """A client that scored 20 rows for a list of five; success is the logistic of x."""
    return scored(Client(tmp_path).ask(more=LISTED).ship().serve())


def scored(client: Client) -> Client:
    client.rows(table())
    artificer.score(client.brief)
    return client


def story(client: Client, key: object, rows: str = "") -> tuple[Any, str]:
    (account, *_) = accounts_of(str(key), client.folder / "artificer-work", rows=rows)
    return account, "\n".join(account_told(account))


def ranked(client: Client) -> pl.DataFrame:
    return pl.read_parquet(client.folder / "out.parquet").sort("score", descending=True)


def test_a_row_below_the_list_is_told_what_would_put_it_there(listed: Client) -> None:
    best = ranked(listed)
    last, below = best.row(4, named=True), best.row(5, named=True)
    account, told = story(listed, below["id"])
    assert account.predicted.turns == last["score"]
    assert f"below the last score on its list, {last['score']:.3f}" in told
    (turn,) = account.turning.turns
    x = table().row(by_predicate=pl.col("id") == last["id"], named=True)["x"]
    assert (turn.column, account.turning.tried) == ("x", ("x", "shop"))
    assert x <= turn.then < x + 0.01
    assert turn.score >= last["score"]
    assert "one change alone would turn it: x " in told
    assert "[decision.capacity] the 5 rows with the highest score" in told


def test_a_row_on_the_list_is_told_its_reasons_and_what_would_take_it_off(listed: Client) -> None:
    best = ranked(listed)
    first = best.row(0, named=True)
    account, told = story(listed, first["id"])
    assert f"what moved its score most: {first['reasons']}" in told
    assert first["reasons"].startswith("x (")
    assert account.turning.turns[0].score < best.row(4, named=True)["score"]


def test_an_older_package_that_cannot_tell_reasons_says_so_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = scored(Client(tmp_path).ask(more=LISTED.replace("reasons = { count = 2 }\n", "")).ship().serve())
    client.ask(more=LISTED)
    for module in (turning, reasons):
        monkeypatch.setattr(module, "counted", lambda _: False)
    told = story(client, ranked(client).row(0, named=True)["id"])[1]
    assert "what moved its score most: not known, as the package cannot tell: it was made before trees kept" in told
    assert "one change alone would turn it: x " in told


def test_the_reasons_of_a_row_that_is_left_are_told_where_the_row_is_found(listed: Client) -> None:
    lowest = ranked(listed).row(19, named=True)
    assert lowest["reasons"] == ""
    assert "what moved its score most: x (" in story(listed, lowest["id"])[1]


def test_a_row_that_is_gone_or_another_is_said_to_be(listed: Client) -> None:
    key = ranked(listed).row(7, named=True)["id"]
    listed.rows(table().filter(pl.col("id") != key))
    assert "it is not in new.parquet\n" in story(listed, key)[1] + "\n"
    listed.rows(table().with_columns(pl.col("x") + 1))
    assert "its row in new.parquet is another by now" in story(listed, key)[1]
    listed.rows(table(), "kept.parquet")
    assert story(listed, key, str(listed.folder / "kept.parquet"))[0].turning.turns
    with pytest.raises(DataError, match="no file"):
        story(listed, key, str(listed.folder / "nope.parquet"))


def test_a_row_that_a_server_answered_is_not_said_to_be_gone(listed: Client) -> None:
    with answering(listed) as http:
        known = table().select("id", "x", "shop").row(3, named=True)
        http.post("/predict", json={"rows": [{"id": "new", "x": 0.5, "shop": "a"}, known]})
    assert "a server answered it, and keeps no score that turns it" in story(listed, known["id"])[1]
    told = story(listed, "new")[1]
    assert "a server answered it, and kept no row, as it does with --log-rows; it is not in new.parquet either" in told


def test_a_row_that_a_server_kept_is_told_what_would_turn_it(tmp_path: Path) -> None:
    kept = '[legal]\nkeep = { rows = "9d" }\n'
    listed = LISTED.replace("capacity = { top = 5 }", "threshold = 0.7").replace('[track]\nnew = "new.parquet"\n', kept)
    client = Client(tmp_path).ask(more=listed).ship().serve()
    with answering(client, Wanted(rows=True)) as http:
        (answer,) = http.post("/predict", json={"id": "new", "x": 0.25, "shop": None}).json()["predictions"]
    for key in ("new", answer["prediction_id"]):
        account, told = story(client, key)
        assert account.turning.rows == "the ledger"
        (turn,) = account.turning.turns
        assert (turn.column, turn.now) == ("x", 0.25)
        assert turn.then == pytest.approx(np.log(0.7 / 0.3), abs=0.01)
        assert "what moved its score most: x (" in told


def test_a_threshold_and_a_value_turn_where_they_say(tmp_path: Path) -> None:
    client = Client(tmp_path).ask(more=LISTED.replace("capacity = { top = 5 }", "threshold = 0.7")).ship().serve()
    scored(client)
    row = ranked(client).filter(pl.col("score") < 0.65).row(0, named=True)
    account, told = story(client, row["id"])
    (turn,) = account.turning.turns
    assert turn.then == pytest.approx(np.log(0.7 / 0.3), abs=0.01)
    assert turn.score >= 0.7
    assert "below where its decision turns, 0.700" in told
    value = 'value = { acted = "-cost", success = 10 }'
    client.ask(more=LISTED.replace("capacity = { top = 5 }", value).replace('["x", "shop"]', '["shop"]'))
    artificer.score(client.brief)
    account, told = story(client, row["id"])
    cost = table().row(by_predicate=pl.col("id") == row["id"], named=True)["cost"]
    assert account.predicted.turns == pytest.approx(cost / 10)
    assert "no change of shop alone would turn it" in told
    assert "[decision.value] -cost + score × 10 above 0" in told


def test_a_number_turns_the_decision_as_it_is_told(tmp_path: Path) -> None:
    client = Client(tmp_path).ask(more=LISTED.replace("capacity = { top = 5 }", "threshold = 0.7")).ship().serve()
    scored(client)
    for key in ranked(client)["id"].to_list():
        account, told = story(client, key)
        (turn,) = account.turning.turns
        typed = told.partition(" → ")[2].partition(" (score")[0].replace("−", "-").replace(",", "")
        assert len(typed) <= 8
        row = table().filter(pl.col("id") == key).with_columns(x=float(typed))
        score = artificer.load(account.package).predict_proba(row)[0, 1]
        assert (score >= 0.7) != (account.predicted.decision == "act")
        assert score == pytest.approx(turn.score)


def test_a_number_is_told_with_its_interval_to_who_asks_and_to_who_decides(tmp_path: Path) -> None:
    more = LISTED.replace("capacity = { top = 5 }", 'review = { when = ["interval > 3"] }')
    client = scored(Client(tmp_path).ask(more=more).ship("v1", "regression", spread=2.0).serve())
    key, score, low, high = ranked(client).select("id", "score", "low", "high").row(0)
    account, told = story(client, key)
    assert (account.predicted.low, account.predicted.high) == (low, high)
    interval = f"{figure(score)} (nine in ten: {figure(low)} to {figure(high)})"
    assert f"said {interval}" in told
    (waits,) = client.ledger.reviews("calls").reviews(key=str(key))
    assert (waits.score, waits.low, waits.high) == (score, low, high)
    assert f"score {interval}" in artificer_command("review", "brief.toml", cwd=tmp_path).stdout


def test_control_and_review_are_told(tmp_path: Path) -> None:
    more = LISTED.replace(
        "capacity = { top = 5 }", 'threshold = 0.7\ncontrol = 0.3\nreview = { when = ["score > 0.6"] }'
    )
    client = scored(Client(tmp_path).ask(more=more).ship().serve())
    best = ranked(client)
    control = best.filter(pl.col("decision") == "control")["id"][0]
    assert "it is in the control share" in story(client, control)[1]
    waits = best.filter(pl.col("decision") == "review")["id"][0]
    assert "its review is open: person decides, because of score > 0.6" in story(client, waits)[1]
    client.ledger.reviews("calls").answer(str(waits), "leave")
    assert " to leave" in story(client, waits)[1]


def test_without_a_changeable_column_nothing_is_looked_for(tmp_path: Path) -> None:
    client = scored(Client(tmp_path).ask(more=LISTED.replace('["x", "shop"]', "[]")).ship().serve())
    account, told = story(client, 1)
    assert account.turning.turns == ()
    assert "[features] changeable names no column" in told


def test_the_brief_may_be_named_as_other_commands_take_it(listed: Client) -> None:
    (listed.folder / "artificer-work" / "tasks").mkdir(exist_ok=True)
    key = str(ranked(listed).row(0, named=True)["id"])
    shown = [artificer_command("why", key, *how) for how in ((listed.brief,), ("--brief", listed.brief))]
    assert [one.returncode for one in shown] == [0, 0]
    assert shown[0].stdout == shown[1].stdout
    refused("why", key, listed.brief, "--brief", listed.brief, names="Name it once")


def test_where_nothing_is_decided_nothing_is_said_to_turn(tmp_path: Path) -> None:
    client = scored(Client(tmp_path).ask(more=LISTED.replace("capacity = { top = 5 }", "")).ship().serve())
    assert "[decision] is empty in the brief, so nothing hangs on it" in story(client, 1)[1]
