"""Real servers on one ledger: they come to what is wanted, refuse whom they should, and lose no request."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from client import Client
from command import TRACEBACK, refused

from artificer.core.access import made, written

pytestmark = pytest.mark.slow

ROW = {"id": 1, "x": 0.5, "shop": "a"}


@contextmanager
def server(subject: Path, *options: object) -> Iterator[httpx.Client]:
    """A server in a process of its own, and a client that asks it."""
    command = [sys.executable, "-m", "artificer", "serve", str(subject), "--port", "0", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://"), (line, process.stderr.read() if process.stderr else "")
        with httpx.Client(base_url=line.split()[0], timeout=30) as asking:
            yield asking
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
        assert TRACEBACK not in said, said


def key(client: Client, *scopes: str, name: str = "bob") -> dict[str, str]:
    kept, text = made(name, scopes)
    client.ledger.keys.add(kept)
    return {"authorization": f"Bearer {text}"}


def until(so: Callable[[], bool], within_s: float = 30.0) -> float:
    """Wait for something, and give how long that took."""
    began = time.monotonic()
    while not so():
        assert time.monotonic() - began < within_s
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client with v1 served and v2 beside it, whose ledger stands in either database."""
    if request.param == "postgres":
        monkeypatch.setenv("ARTIFICER_LEDGER_URL", request.getfixturevalue("postgres"))
        client.serve()
    return client.ship("v2", slope=-1.0)


def test_two_replicas_come_to_what_is_wanted_and_roll_back_in_one_call_under_load(two: Client) -> None:
    header = key(two, "operate")
    stop, failed, seen = threading.Event(), [], Counter[str]()

    def ask(address: httpx.URL) -> None:
        with httpx.Client(base_url=address, headers=header, timeout=30) as one:
            while not stop.is_set():
                found = one.post("/predict", json=ROW)
                if found.status_code == 200:
                    seen[found.json()["version"]] += 1
                else:
                    failed.append(found.text)

    with ExitStack() as stack:
        replicas = [stack.enter_context(server(two.brief)) for _ in range(2)]
        asking = [threading.Thread(target=ask, args=(one.base_url,)) for one in replicas for _ in range(2)]
        for one in asking:
            one.start()

        def answers(version: str) -> Callable[[], bool]:
            return lambda: {one.get("/version").json()["version"] for one in replicas} == {version}

        try:
            assert replicas[0].post("/versions/promote", json={"version": "v2"}, headers=header).status_code == 200
            until(answers("v2"))
            back = replicas[1].post("/versions/rollback", json={"because": "worse"}, headers=header)
            assert back.status_code == 200
            until(answers("v1"))
        finally:
            stop.set()
            for one in asking:
                one.join()
        keys_stay_with_their_version(*replicas, header)
    assert failed == []
    assert set(seen) == {"v1", "v2"}
    assert [change.action for change in two.ledger.history("calls")][-2:] == ["promote", "roll back"]


def keys_stay_with_their_version(first: httpx.Client, second: httpx.Client, header: dict[str, str]) -> None:
    """A canary and an A/B test are the same in both replicas, and end."""
    rows = [ROW | {"id": place} for place in range(1000)]

    def told(one: httpx.Client) -> list[str]:
        found = one.post("/predict", json={"rows": rows}, headers=header).json()
        return [answer.get("version", found["version"]) for answer in found["predictions"]]

    sent = {"version": "v2", "share": 0.1, "because": "try it"}
    assert first.post("/versions/canary", json=sent, headers=header).status_code == 200
    until(lambda: "v2" in told(first) and "v2" in told(second))
    drawn = told(first)
    assert drawn == told(second) == told(first)
    assert abs(drawn.count("v2") - 100) < 4 * (1000 * 0.1 * 0.9) ** 0.5
    assert first.post("/predict", json=rows[drawn.index("v2")], headers=header).json()["version"] == "v2"
    both = {"shares": {"v1": 0.5, "v2": 0.5}}
    assert second.post("/versions/ab", json=both, headers=header).status_code == 200
    until(lambda: 400 < told(first).count("v2") < 600)
    assert second.post("/versions/ab", json={"shares": {"v2": 0.5}}, headers=header).status_code == 422
    assert first.post("/versions/rollback", json={}, headers=header).status_code == 200
    until(lambda: set(told(second)) == {"v1"})


def test_a_revoked_key_opens_nothing_within_two_seconds(client: Client) -> None:
    header, other = key(client, "predict"), key(client, "predict", name="eve")
    with server(client.brief) as asking:
        assert asking.post("/predict", json=ROW, headers=header).status_code == 200
        assert asking.post("/predict", json=ROW).status_code == 401
        (id,) = [one.id for one in client.ledger.keys.all() if one.name == "bob"]
        client.ledger.keys.revoke(id)
        assert until(lambda: asking.post("/predict", json=ROW, headers=header).status_code == 401, 10) < 3
        assert asking.post("/predict", json=ROW, headers=other).status_code == 200
        statuses = [asking.post("/predict", json=ROW, headers={"x-api-key": "art_0_0"}).status_code for _ in range(15)]
        assert statuses[-1] == 429
        assert asking.post("/predict", json=ROW, headers=other).status_code == 200


def test_the_author_cannot_approve_and_another_can(client: Client) -> None:
    client.ask(more="[authority]\nfour_eyes = true\n").ship("v2", slope=-1.0)
    client.ledger.rollouts.enter("v2", "ann")
    ann, bob, op = key(client, "approve", name="ann"), key(client, "approve"), key(client, "operate", name="op")
    with server(client.brief) as asking:

        def post(path: str, header: dict[str, str], **body: Any) -> tuple[int, str]:
            found = asking.post(path, json=body, headers=header)
            return found.status_code, found.text

        assert post("/versions/promote", op, version="v2")[0] == 403
        status, says = post("/versions/v2/approve", ann, because="mine")
        assert (status, "made by ann, who cannot approve it" in says) == (403, True)
        assert post("/versions/v2/approve", op, because="quick")[0] == 403
        assert post("/versions/v2/approve", bob)[0] == 422
        assert post("/versions/v2/approve", bob, because="I looked")[0] == 200
        assert post("/versions/promote", op, version="v2", seen=7)[0] == 409
        assert post("/versions/promote", op, version="v2", seen=1)[0] == 200
        found = asking.get("/versions", headers=bob).json()
        assert [(act["who"], act["action"]) for act in found["acts"]] == [("bob", "approve"), ("op", "promote")]


def test_a_shadow_answers_nobody_and_is_counted(client: Client) -> None:
    client.ship("v2", slope=-1.0)
    header = key(client, "operate")
    with server(client.brief) as asking:
        assert asking.post("/versions/shadow", json={"version": "v2"}, headers=header).status_code == 200

        def counted() -> bool:
            found = asking.post("/predict", json=ROW, headers=header)
            assert (found.status_code, found.json()["version"]) == (200, "v1")
            return bool(client.ledger.rollouts.shadowed("calls"))

        until(counted)
    (told,) = client.ledger.rollouts.shadowed("calls")
    assert (told.served, told.shadow, told.n_failed) == ("v1", "v2", 0)
    assert told.n_other == told.n_rows > 0


def test_a_trusted_proxy_is_believed_and_another_peer_is_not(client: Client) -> None:
    said = {"x-forwarded-user": "ann", "x-forwarded-scopes": "admin", "x-forwarded-for": "127.0.0.2"}
    with server(client.brief, "--trust-proxy", "127.0.0.2") as asking:
        assert asking.post("/predict", json=ROW, headers=said).status_code == 401
        proxy = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=asking.base_url, transport=proxy, timeout=30) as trusted:
            assert trusted.post("/predict", json=ROW, headers=said).status_code == 200
            assert trusted.post("/predict", json=ROW).status_code == 401


def test_a_wider_address_without_keys_is_refused_and_with_a_file_of_keys_is_not(client: Client, tmp_path: Path) -> None:
    assert "artificer keys add" in refused("serve", client.brief, "--host", "0.0.0.0", "--port", "0", names="0.0.0.0")
    bare = tmp_path / "elsewhere"
    client.package("v1").rename(bare)
    refused("serve", bare, "--host", "0.0.0.0", "--port", "0", names="--keys")
    kept, text = made("ann", ["predict"])
    (tmp_path / "keys").write_text(written(kept))
    with server(bare, "--host", "0.0.0.0", "--keys", tmp_path / "keys") as asking:
        address = str(asking.base_url).replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(f"{address}/predict", json=ROW).status_code == 401
        assert httpx.post(f"{address}/predict", json=ROW, headers={"x-api-key": text}).status_code == 200
