"""SIGKILL of a server in the middle of feedback, a hundred times: how many acknowledged labels are not in the ledger.

`python bench/faults_feedback.py WORKSPACE_FOLDER [KILLS]` takes a client's folder with a brief and a served version, which is
copied. Four clients send labels one after another, half of them by the id of a prediction that was told just before.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from record import record

from artificer.core.ledger import ledger_of
from artificer.line.ask import read_brief
from artificer_runtime import load

KILLS, CLIENTS = 100, 4


def main(folder: Path, kills: int) -> None:
    """Kill it, and count."""
    with tempfile.TemporaryDirectory() as held:
        place = Path(held) / "client"
        shutil.copytree(folder, place)
        (brief,) = place.glob("*.toml")
        name = read_brief(brief).name
        served = ledger_of(place / "artificer-work").served(name)
        assert served is not None
        predictor = load(place / "artificer-work" / "packages" / served.version)
        label: Any = predictor.contents.classes[0] if predictor.contents.classes else 1.5
        row = {column.name: None for column in predictor.schema.columns}
        told: dict[str, str] = {}
        moments, began = random.Random(7), time.monotonic()
        for kill in range(kills):
            _killed(brief, row, label, kill, moments.uniform(0.02, 0.5), told)
        kept = ledger_of(place / "artificer-work").labels.all(name)
        lost = [key for key in told if key not in kept]
        troubles = [one for one in ledger_of(place / "artificer-work").troubles() if "no run entered" not in one]
        figures = {"kills": kills, "acknowledged": len(told), "lost": len(lost), "troubles": len(troubles)}
        record("faults_feedback", folder.name, **figures, seconds=round(time.monotonic() - began))
        sys.exit(3 if lost or troubles else 0)


def _killed(brief: Path, row: dict[str, Any], label: Any, kill: int, after_s: float, told: dict[str, str]) -> None:
    command = [sys.executable, "-m", "artificer", "serve", str(brief), "--port", "0", "--log-window-s", "0.05"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    clients = [
        threading.Thread(target=_send, args=(address, row, label, f"{kill}-{number}", told))
        for number in range(CLIENTS)
    ]
    for one in clients:
        one.start()
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for one in clients:
        one.join()


def _send(address: str, row: dict[str, Any], label: Any, prefix: str, told: dict[str, str]) -> None:
    """Send labels until the server is gone; each key that was acknowledged is noted."""
    number = 0
    while True:
        number += 1
        try:
            if number % 2:
                sent = {"key": f"{prefix}-{number}", "label": label}
                key = sent["key"]
            else:
                id = _post(f"{address}/predict", row)["predictions"][0]["prediction_id"]
                sent, key = {"prediction_id": id, "label": label}, id
            answer = _post(f"{address}/feedback", sent)
        except (OSError, http.client.HTTPException, ValueError):
            return
        if answer["new"] + answer["same"] + answer["changed"]:
            told[key] = prefix


def _post(url: str, body: Any) -> Any:
    with urllib.request.urlopen(url, data=json.dumps(body).encode(), timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else KILLS)
