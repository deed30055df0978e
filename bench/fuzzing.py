"""Every door asked as its own OpenAPI document allows and forbids: thousands of requests by schemathesis; none may end in 5xx.

``python fuzzing.py FOLDER [--seconds 150] [--python PYTHON]``: a client's folder with a brief and a served
version is copied, a second version put beside it, and served with a key that opens every door. PYTHON has schemathesis.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from record import record
from served_client import server

from artificer.core.access import made
from artificer.core.ledger import ledger_of
from artificer.line.ask import read_brief

TESTS = sys.path[0]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def main() -> None:
    """Serve, ask, and count; ends with 3 when anything was answered otherwise than described."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--python", default=sys.executable)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as held:
        place = Path(held) / "client"
        shutil.copytree(asked.folder, place)
        (brief,) = place.glob("*.toml")
        ledger, packages = ledger_of(place / "artificer-work"), place / "artificer-work" / "packages"
        served = ledger.served(read_brief(brief).name)
        assert served is not None, "nothing is served yet"
        shutil.copytree(packages / served.version, packages / f"{served.version}b")
        key, secret = made("bench", ["admin"])
        ledger.keys.add(key)
        with server(brief) as (process, address):
            told = fuzzed(address, secret, asked.python, asked.seconds, asked.seed, Path(held))
            assert process.poll() is None, "the server ended"
            statuses = answered(address)
    figures = {"requests": sum(statuses.values()), "answered": statuses["2"] + statuses["3"], "refused": statuses["4"]}
    n_failures = sum(map(int, re.findall(r"found (\d+) unique failures", told)))
    record("fuzzing", asked.folder.name, **figures, server_errors=statuses["5"], not_as_described=n_failures)
    if n_failures or statuses["5"]:
        print(told, file=sys.stderr)
        raise SystemExit(3)


def fuzzed(address: str, key: str, python: str, seconds: int, seed: int, folder: Path) -> str:
    """What schemathesis says of it."""
    command = [python, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "-H", f"X-API-Key: {key}"]
    command += ["--seed", str(seed), "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-time", str(seconds), "--continue-on-failure", "--no-shrink", "--no-color"]
    around = {**os.environ, "SCHEMATHESIS_HOOKS": "line.ship.kinds"}
    around["PYTHONPATH"] = os.pathsep.join((TESTS, os.environ.get("PYTHONPATH", "")))
    command += ["--generation-database", "none"]
    ended = subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True)
    found = re.search(r"^ *(\d+) generated.*$", ended.stdout, re.MULTILINE)
    assert found, ended.stdout + ended.stderr
    return ended.stdout


def answered(address: str) -> Counter[str]:
    """How many requests ended with each hundred of statuses, as the server itself counts."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found: Counter[str] = Counter()
    for status, n in re.findall(r'^artificer_requests_total{.*status="(\d)\d\d"} (\d+)$', text, re.MULTILINE):
        found[status] += int(n)
    return found


if __name__ == "__main__":
    main()
