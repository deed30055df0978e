"""The prediction log's writer outlives whatever befalls it: what cannot be written waits, and is told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from served_client import ROW

from artificer.core.brief import Brief, Data, Target
from artificer.core.ledger import Ledger
from artificer.line.ship.server.log import Log, Wanted

BRIEF = Brief(target=Target(column="won"), name="calls", data=Data(key=("id",)))
QUICK = Wanted(window_s=0.02)


def told(log: Log) -> str:
    answers: list[dict[str, Any]] = [{"prediction": "yes", "score": 0.75, "decision": "act", "flags": []}]
    log.answered("v1", [ROW], answers)
    id: str = answers[0]["prediction_id"]
    return id


def test_a_writer_that_meets_a_fault_of_ours_tells_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    book = Ledger(tmp_path / "ledger.db")
    log, keep, faults = (
        Log(lambda: book, BRIEF, QUICK),
        Log._keep,
        [MemoryError(), ZeroDivisionError("7")],
    )
    monkeypatch.setattr(
        Log, "_keep", lambda self, batch: (_ for _ in ()).throw(faults.pop()) if faults else keep(self, batch)
    )
    told(log)
    log.flush(10)
    assert log.counts().trouble in ("ZeroDivisionError", "MemoryError")
    log.flush(10)
    log.flush(10)
    assert (log.counts().kept, log.counts().waiting, log.counts().trouble) == (1, 0, "")
    assert "ZeroDivisionError" in caplog.text
    assert "7" not in [record.args[0] for record in caplog.records if record.args]
    log.close()
    book.close()


def test_a_writer_that_finds_no_room_to_start_is_started_by_a_later_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Ledger(tmp_path / "ledger.db")
    log = Log(lambda: book, BRIEF, QUICK)
    with monkeypatch.context() as full:
        full.setattr(
            threading.Thread, "start", lambda self: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
        )
        first = told(log)
    assert log.counts().trouble == "RuntimeError"
    second = told(log)
    log.flush(10)
    assert {one.scoring for one in book.predictions.of("7")} == {first, second}
    log.close()
    book.close()
