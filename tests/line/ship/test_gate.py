"""Who may use which door: keys, a trusted proxy's word, sessions in a browser, and what is open without any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Client
from starlette.testclient import TestClient

from artificer.core.access import Access, made, written
from artificer.core.errors import ArtificerError
from artificer.line.ship.server import Serving
from artificer.line.ship.server.access import Gate
from artificer.line.ship.server.app import application
from artificer.line.ship.server.attempts import MOST, Attempts
from artificer.line.ship.server.doors import RefusedError
from artificer.line.ship.server.sessions import COOKIE, Sessions
from artificer.line.ship.server.sign_in import inside

ROW = {"x": 0.5, "shop": "a"}
Opened = Callable[..., TestClient]


@pytest.fixture
def opened(client: Client) -> Iterator[Opened]:
    """A function that opens a server's application with a gate, asked from an address."""
    entered: list[TestClient] = []

    def make(access: Access | None = None, host: str = "127.0.0.1", peer: str = "127.0.0.1") -> TestClient:
        serving = Serving.of(client.brief)
        serving.gate = Gate(access, client.ledger.keys, host)
        found = TestClient(
            application(serving), base_url="http://127.0.0.1", client=(peer, 5000), follow_redirects=False
        )
        entered.append(found.__enter__())
        return found

    yield make
    for one in entered:
        one.__exit__(None, None, None)


def key(client: Client, *scopes: str, name: str = "ann") -> dict[str, str]:
    """A new key of the ledger, as a header."""
    kept, text = made(name, scopes)
    client.ledger.keys.add(kept)
    return {"authorization": f"Bearer {text}"}


class TestKeys:
    def test_a_key_opens_what_its_scopes_allow_in_either_header(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        found = opened()
        assert found.post("/predict", json=ROW, headers=header).status_code == 200
        assert found.post("/predict", json=ROW, headers={"x-api-key": header["authorization"][7:]}).status_code == 200
        refused = found.post("/versions/rollback", json={}, headers=header)
        assert refused.status_code == 403
        assert "ann lacks the scope 'operate'" in refused.json()["errors"][0]["says"]
        assert 'scope="operate"' in refused.headers["www-authenticate"]

    def test_json_that_a_client_calls_a_form_is_json(self, client: Client, opened: Opened) -> None:
        header = key(client, "operate") | {"content-type": "application/x-www-form-urlencoded"}
        found = opened().post("/versions/shadow", content=b'{"version": ""}', headers=header)
        assert (found.status_code, found.json()["shadow"]) == (200, "")

    def test_once_there_is_a_key_nobody_predicts_without_one(self, client: Client, opened: Opened) -> None:
        key(client, "predict")
        found = opened()
        refused = found.post("/predict", json=ROW)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="artificer"'
        assert "artificer keys add" in refused.json()["errors"][0]["fix"]
        assert found.post("/predict", json=ROW, headers={"authorization": "Bearer art_1_2"}).status_code == 401
        assert found.post("/predict", json=ROW, headers={"authorization": "Basic YTpi"}).status_code == 401
        assert found.get("/healthz").status_code == 200

    def test_revoking_the_last_key_opens_nothing_again(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        client.ledger.keys.revoke(client.ledger.keys.all()[0].id)
        found = opened()
        assert found.post("/predict", json=ROW).status_code == 401
        assert found.post("/predict", json=ROW, headers=header).status_code == 401

    def test_a_key_that_is_revoked_or_made_is_seen_at_the_next_look(self, client: Client) -> None:
        gate = Gate(None, client.ledger.keys)
        header = key(client, "predict")
        scope = asked(header)
        assert gate.admit(scope, "predict").way == "open"
        gate.refresh()
        assert gate.admit(asked(header), "predict").name == "ann"
        client.ledger.keys.revoke(client.ledger.keys.all()[0].id)
        gate.refresh()
        with pytest.raises(RefusedError):
            gate.admit(asked(header), "predict")

    def test_the_day_of_use_is_kept(self, client: Client) -> None:
        header = key(client, "predict")
        gate = Gate(None, client.ledger.keys)
        gate.admit(asked(header), "predict")
        gate.refresh()
        (kept,) = client.ledger.keys.all()
        assert len(kept.used) == 10

    def test_a_ledger_that_is_gone_leaves_the_keys_of_before_and_is_told(self, client: Client, tmp_path: Path) -> None:
        kept, text = made("ann", ["predict"])
        file = tmp_path / "keys"
        file.write_text(written(kept))
        gate = Gate(Access(keys=file))
        file.unlink()
        gate.refresh()
        assert "cannot be read" in gate.trouble
        assert gate.admit(asked({"x-api-key": text}), "predict").name == "ann"

    def test_keys_from_a_file_and_a_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (one, first), (other, second) = made("ann", ["predict"]), made("bob", ["admin"])
        (tmp_path / "keys").write_text(written(one))
        monkeypatch.setenv("OUR_KEYS", written(other))
        gate = Gate(Access(keys=tmp_path / "keys", keys_env="OUR_KEYS"), host="0.0.0.0")
        assert [gate.admit(asked({"x-api-key": text}), "predict").name for text in (first, second)] == ["ann", "bob"]
        with pytest.raises(ArtificerError, match="no environment variable 'NO_KEYS'"):
            Gate(Access(keys_env="NO_KEYS"))


def asked(headers: dict[str, str], method: str = "POST", peer: str = "127.0.0.1") -> dict[str, Any]:
    """A request as ASGI tells it."""
    return {
        "type": "http",
        "method": method,
        "path": "/predict",
        "query_string": b"",
        "scheme": "http",
        "client": (peer, 5000),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }


class TestWithoutKeys:
    def test_on_this_machine_predictions_and_pages_are_open_and_changes_are_not(self, opened: Opened) -> None:
        found = opened()
        assert found.post("/predict", json=ROW).status_code == 200
        assert found.get("/schema").status_code == 200
        assert found.get("/versions").status_code == 200
        for path in ("/versions/promote", "/versions/rollback", "/versions/v1/approve"):
            refused = found.post(path, json={"version": "v1", "because": "x"})
            assert refused.status_code == 401
            assert "needs a key" in refused.json()["errors"][0]["says"]

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "example.org"])
    def test_wider_than_this_machine_is_refused(self, client: Client, host: str) -> None:
        with pytest.raises(ArtificerError, match="artificer keys add"):
            Gate(None, client.ledger.keys, host)

    def test_with_dead_keys_alone_too(self, client: Client) -> None:
        client.ledger.keys.add(made("ann", ["predict"], -1.0)[0])
        with pytest.raises(ArtificerError, match="artificer keys add"):
            Gate(None, client.ledger.keys, "0.0.0.0")

    @pytest.mark.parametrize(
        "headers",
        [
            {"host": "evil.example"},
            {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
            {"host": "127.0.0.1:8000", "origin": "http://evil.example"},
            {"host": "127.0.0.1:8000", "origin": "null"},
            {"host": "127.0.0.1:8000", "origin": "null", "sec-fetch-site": "none"},
            {"host": "127.0.0.1:8000", "origin": "null", "sec-fetch-site": "cross-site"},
            {"host": "127.0.0.1:8000", "sec-fetch-site": "cross-site"},
            {"host": "127.0.0.1:8000", "sec-fetch-site": "same-site"},
            {"host": "127.0.0.1:8000", "x-forwarded-for": "8.8.8.8"},
        ],
    )
    def test_another_site_in_a_browser_here_or_a_proxy_that_was_not_named_is_refused(
        self, headers: dict[str, str]
    ) -> None:
        gate = Gate(host="127.0.0.1")
        with pytest.raises(RefusedError):
            gate.admit(asked(headers), "predict")

    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.0.0.1", "LOCALHOST"])
    def test_its_own_names_are_not(self, host: str) -> None:
        gate = Gate(host="127.0.0.1")
        assert gate.admit(asked({"host": host, "origin": f"http://{host}"}), "feedback").way == "open"
        hidden = {"host": host, "origin": "null", "sec-fetch-site": "same-origin"}
        assert gate.admit(asked(hidden), "feedback").way == "open"


class TestProxy:
    access = Access(trust_proxy=("10.0.0.0/8", "::1"), identity_header="X-User", scopes_header="X-Scopes")

    def gate(self) -> Gate:
        return Gate(self.access, host="0.0.0.0")

    def test_a_trusted_proxy_says_who_asks_and_what_they_may(self) -> None:
        found = self.gate().admit(
            asked({"x-user": "ann", "x-scopes": "predict, operate nonsense"}, peer="10.1.2.3"), "operate"
        )
        assert (found.name, found.scopes, found.way) == ("ann", ("predict", "operate"), "proxy")
        assert self.gate().admit(asked({"x-user": "ann"}, peer="::ffff:10.1.2.3"), "predict").scopes == ("predict",)
        for none in ("", " ", "nonsense"):
            with pytest.raises(RefusedError) as refused:
                self.gate().admit(asked({"x-user": "ann", "x-scopes": none}, peer="10.1.2.3"), "predict")
            assert refused.value.status == 403

    @pytest.mark.parametrize("peer", ["11.1.2.3", "127.0.0.1", "", "nonsense"])
    def test_the_same_from_anybody_else_is_ignored_and_taken_away(self, peer: str) -> None:
        scope = asked({"x-user": "admin", "x-scopes": "admin", "x-other": "stays"}, peer=peer)
        with pytest.raises(RefusedError) as caught:
            self.gate().admit(scope, "predict")
        assert caught.value.status == 401
        assert [name for name, _ in scope["headers"]] == [b"x-other"]

    def test_it_is_taken_away_at_open_doors_and_without_any_proxy_too(self) -> None:
        for gate, headers in ((self.gate(), {"x-user": "a"}), (Gate(), {"x-forwarded-user": "a"})):
            scope = asked(headers, peer="11.1.2.3")
            gate.admit(scope, "")
            assert scope["headers"] == []

    def test_a_peer_that_claims_to_be_forwarded_by_the_proxy_is_still_itself(self) -> None:
        scope = asked({"x-user": "ann", "x-forwarded-for": "10.1.2.3"}, peer="11.1.2.3")
        with pytest.raises(RefusedError):
            self.gate().admit(scope, "predict")
        assert self.gate().proxies.client(scope) == "11.1.2.3"

    def test_two_names_are_none(self) -> None:
        scope = asked({"x-user": "ann"}, peer="10.1.2.3")
        scope["headers"].append((b"x-user", b"root"))
        with pytest.raises(RefusedError) as caught:
            self.gate().admit(scope, "predict")
        assert "more than one name" in caught.value.errors[0]["says"]

    def test_a_post_from_another_site_through_the_proxy_is_refused(self) -> None:
        scope = asked(
            {"x-user": "ann", "x-scopes": "operate", "host": "us.example", "origin": "https://evil.example"}, peer="::1"
        )
        with pytest.raises(RefusedError) as caught:
            self.gate().admit(scope, "operate")
        assert caught.value.status == 403

    def test_behind_it_the_client_is_whom_it_added_last(self) -> None:
        scope = asked({"x-forwarded-for": "1.1.1.1, 2.2.2.2"}, peer="10.1.2.3")
        assert self.gate().proxies.client(scope) == "2.2.2.2"

    def test_an_address_that_is_none_is_told(self) -> None:
        with pytest.raises(ArtificerError, match=r"'proxy\.local' is no address"):
            Gate(Access(trust_proxy=("proxy.local",)))


class TestAttempts:
    def test_an_address_that_fails_too_often_is_refused_and_its_neighbours_with_good_keys_are_not(
        self, client: Client
    ) -> None:
        good, unused = key(client, "predict"), key(client, "predict", name="bob")
        gate = Gate(None, client.ledger.keys)
        gate.admit(asked(good), "predict")
        for _ in range(MOST):
            with pytest.raises(RefusedError) as caught:
                gate.admit(asked({"x-api-key": "art_0_0"}), "predict")
            assert caught.value.status == 401
        for header in ({"x-api-key": "art_0_0"}, unused):  # a guess that is right is refused like any other
            with pytest.raises(RefusedError) as caught:
                gate.admit(asked(header), "predict")
            assert caught.value.status == 429
            assert 0 < int(caught.value.headers["retry-after"]) <= 61
        assert gate.admit(asked(good), "predict").name == "ann"
        assert gate.admit(asked(unused, peer="127.0.0.2"), "predict").name == "bob"

    def test_it_may_try_again_after_a_while(self) -> None:
        now = [0.0]
        attempts = Attempts(lambda: now[0])
        for _ in range(MOST):
            assert attempts.refused_s("1.1.1.1") == 0
            attempts.failed("1.1.1.1")
        assert attempts.refused_s("1.1.1.1") == 60
        now[0] = 60.5
        assert attempts.refused_s("1.1.1.1") == 0

    def test_addresses_of_one_network_of_version_6_count_together_and_memory_is_bounded(self) -> None:
        attempts = Attempts()
        for number in range(MOST):
            attempts.failed(f"2001:db8::{number:x}")
        assert attempts.refused_s("2001:db8::ffff") > 0
        assert attempts.refused_s("2001:db9::1") == 0
        for number in range(10_100):
            attempts.failed(f"10.{number // 256 // 256}.{number // 256 % 256}.{number % 256}")
        assert len(attempts._failed) == 10_000


class TestSessions:
    def sign_in(self, found: TestClient, header: dict[str, str], place: str = "/") -> Any:
        return found.post("/sign-in", data={"key": header["authorization"][7:], "next": place})

    def test_a_person_signs_in_and_is_led_to_the_page_they_wanted(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        found = opened()
        led = found.get("/")
        assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/")
        assert 'type="password"' in found.get(led.headers["location"]).text
        signed = self.sign_in(found, header, "/")
        assert (signed.status_code, signed.headers["location"]) == (303, "/")
        cookie = signed.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert header["authorization"][7:] not in cookie
        assert found.get("/schema").status_code == 200

    def test_a_wrong_key_is_told_on_the_page_and_counted(self, client: Client, opened: Opened) -> None:
        key(client, "predict")
        found = opened()
        statuses = [self.sign_in(found, {"authorization": "Bearer wrong"}).status_code for _ in range(MOST + 1)]
        assert statuses == [401] * MOST + [429]
        assert COOKIE not in found.cookies

    def test_a_form_needs_the_token_of_its_session(self, client: Client, opened: Opened) -> None:
        header = key(client, "operate")
        found = opened()
        self.sign_in(found, header)
        token = Sessions().token(found.cookies[COOKIE])
        ask = {"shadow": ""}
        assert found.post("/versions/shadow", json=ask).status_code == 403
        assert found.post("/versions/shadow", data={"csrf": "wrong"}).status_code == 403
        assert found.post("/versions/shadow", data=ask).status_code == 403
        assert found.post("/versions/shadow", json=ask, headers={"x-csrf-token": token}).status_code == 200
        assert found.post(f"/versions/shadow?csrf={token}", json=ask).status_code == 200
        sent = found.post("/versions/shadow", data={"csrf": token})
        assert (sent.status_code, sent.headers["location"]) == (303, "/pages/versions")
        other = {"x-csrf-token": token, "origin": "http://evil.example"}
        assert found.post("/versions/shadow", json=ask, headers=other).status_code == 403

    def test_it_ends_with_the_key_or_when_the_person_ends_it(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        gate = Gate(None, client.ledger.keys)
        cookie = {"cookie": f"{COOKIE}={gate.sessions.opened(client.ledger.keys.all()[0].id)}"}
        assert gate.admit(asked(cookie, "GET"), "predict").way == "session"
        client.ledger.keys.revoke(client.ledger.keys.all()[0].id)
        gate.refresh()
        with pytest.raises(RefusedError):
            gate.admit(asked(cookie, "GET"), "predict")
        found = opened()
        assert self.sign_in(found, header).status_code == 401
        assert 'artificer="";' in found.post("/sign-out").headers["set-cookie"]

    def test_a_cookie_that_was_changed_or_is_at_its_end_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sessions = Sessions("secret")
        value = sessions.opened("abc")
        assert sessions.key(value) == "abc"
        ends, nonce, signature = value.split(".")[1:]
        for wrong in (
            f"abd.{ends}.{nonce}.{signature}",
            f"abc.{int(ends) + 1}.{nonce}.{signature}",
            value[:-1],
            "",
            "ä",
            ".",
        ):
            assert sessions.key(wrong) == ""
        assert Sessions("another").key(value) == ""
        monkeypatch.setattr("time.time", lambda: int(ends) + 1.0)
        assert sessions.key(value) == ""

    def test_another_site_cannot_sign_a_person_in(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        found = opened()
        data = {"key": header["authorization"][7:]}
        refused = found.post("/sign-in", data=data, headers={"origin": "http://evil.example"})
        assert refused.status_code == 403
        assert "Another site sent this" in refused.text
        assert 'type="password"' in refused.text
        assert COOKIE not in found.cookies

    @pytest.mark.parametrize(
        "place", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\r\nx: y"]
    )
    def test_signing_in_leads_nowhere_else(self, place: str) -> None:
        assert inside(place) == "/"

    def test_behind_https_the_cookie_stays_there(self, client: Client, opened: Opened) -> None:
        header = key(client, "predict")
        found = opened(Access(trust_proxy=("127.0.0.1",)))
        signed = found.post(
            "/sign-in", data={"key": header["authorization"][7:]}, headers={"x-forwarded-proto": "https"}
        )
        assert "Secure" in signed.headers["set-cookie"]

    def test_the_page_cannot_be_made_to_say_something_else(self, opened: Opened) -> None:
        page = opened().get('/sign-in?next=/"><script>x</script>')
        assert "<script>" not in page.text
        assert re.search(r"frame-ancestors 'none'", page.headers["content-security-policy"])
