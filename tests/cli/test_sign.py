"""Signing and verifying from the command line, and what is refused unless signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client import Client, table
from command import TRACEBACK, artificer

from artificer_runtime import load
from artificer_runtime.package import add_files
from artificer_runtime.verification import written


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = Client(tmp_path).ask().ship().serve()
    predictor = load(client.package("v1"))
    add_files(client.package("v1"), {"verification.json": written(predictor, [{"x": 0.5, "shop": "a"}])})
    return client


@pytest.mark.slow
def test_what_is_not_signed_is_refused_by_predict_score_and_serve_until_it_is(client: Client) -> None:
    package, rows, here = client.package("v1"), client.rows(table(), "new.csv"), client.folder
    made = artificer("sign", "--new-key", "key", cwd=here)
    assert made.returncode == 0, made.stderr
    assert "hand it out" in made.stdout
    predict = ("predict", package, rows, "--require-signed", "key.pub")
    fill = ("score", "brief.toml", "--rows", rows, "--out", "out.csv", "--require-signed", "key.pub")
    serve = ("serve", "brief.toml", "--port", "0", "--require-signed", "key.pub")
    for command in (predict, fill, serve, ("verify", package, "--public", "key.pub")):
        refused = artificer(*command, cwd=here)
        assert (refused.returncode, TRACEBACK in refused.stderr) == (2, False), command
        assert "is not signed" in refused.stderr
    assert artificer("sign", package, "--key", "key", cwd=here).returncode == 0
    for command in (predict, fill):
        ended = artificer(*command, cwd=here)
        assert ended.returncode == 0, ended.stderr
    verified = artificer("verify", package, "--public", "key.pub", "--json", cwd=here)
    assert json.loads(verified.stdout)["result"]["n_rows"] == 1
    (package / "members" / "more.npz").write_bytes(b"")
    ended = artificer(*predict, cwd=here)
    assert (ended.returncode, "does not cover" in ended.stderr) == (2, True)
    wrong = artificer("predict", package, rows, "--require-signed", "brief.toml", cwd=here)
    assert (wrong.returncode, "public key" in wrong.stderr, TRACEBACK in wrong.stderr) == (2, True, False)


def test_a_key_is_needed_and_only_one(client: Client) -> None:
    for given in ((), ("--key", "a", "--key-env", "B")):
        ended = artificer("sign", client.package("v1"), *given)
        assert (ended.returncode, "which key" in ended.stderr) == (2, True)
    assert artificer("sign").returncode == 2
