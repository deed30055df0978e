"""Keys and versions at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client import Client

from artificer.cli import outcome
from artificer.core.access import account

Said = Callable[..., tuple[int, str]]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A client whose package v1 is served."""
    found = Client(tmp_path).ask().ship().serve()
    (tmp_path / "artificer-work" / "tasks").mkdir()
    return found


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """A function that runs a command and gives its exit code, and what it printed or was refused with."""
    monkeypatch.delenv("ARTIFICER_KEY", raising=False)

    def run(*arguments: object) -> tuple[int, str]:
        code, error = outcome([*map(str, arguments)])
        told = capsys.readouterr()
        return code, error or told.out

    return run


def result(said: Said, *arguments: object) -> Any:
    code, text = said(*arguments, "--json")
    assert code == 0, text
    return json.loads(text)["result"]


class TestKeys:
    def test_a_key_is_added_listed_and_revoked(self, client: Client, said: Said) -> None:
        code, text = said("keys", "add", "ann", client.brief, "--scope", "predict", "--expires", "90d")
        assert (code, text[:4]) == (0, "art_")
        id, secret = text.strip().split("_", 2)[1:]
        _, listed = said("keys", "list", client.brief)
        assert id in listed
        assert secret not in listed
        assert said("keys", "revoke", id, client.brief)[0] == 0
        (kept,) = result(said, "keys", "list", client.brief)
        assert kept["revoked"]
        assert "revoked" in said("keys", "list", client.brief)[1]

    def test_and_in_a_file(self, tmp_path: Path, said: Said) -> None:
        file = tmp_path / "keys"
        ids = [result(said, "keys", "add", name, "--file", file, "--scope", "predict")["id"] for name in ("ann", "bob")]
        assert file.stat().st_mode & 0o777 == 0o600
        assert said("keys", "revoke", ids[0], "--file", file)[0] == 0
        assert [one["id"] for one in result(said, "keys", "list", "--file", file)] == ids[1:]
        assert "no key" in said("keys", "revoke", ids[0], "--file", file)[1]

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            (("revoke", "nothing"), "no key 'nothing'"),
            (("add", "ann", "--scope", "predict", "--expires", "soon"), "--expires"),
            (("add", "ann", "--scope", "everything"), "everything"),
            (("add", "a b", "--scope", "predict"), "'a b' is no name"),
            (("add", "ann"), "--scope"),
        ],
    )
    def test_what_is_wrong_is_told(self, client: Client, said: Said, arguments: tuple[str, ...], names: str) -> None:
        code, text = said("keys", *arguments[:2], client.brief, *arguments[2:])
        assert code == 2
        assert names in text

    def test_a_file_that_holds_something_else_is_told(self, tmp_path: Path, said: Said) -> None:
        (tmp_path / "keys").write_text("hello")
        assert "line 1" in said("keys", "list", "--file", tmp_path / "keys")[1]


class TestVersions:
    @pytest.fixture
    def two(self, client: Client) -> Client:
        return client.ship("v2", slope=-1.0)

    def test_they_are_shown_and_tried_out(self, two: Client, said: Said) -> None:
        found = result(said, "versions", two.brief, "--canary", "v2", "--share", "0.2")
        assert found["wanted"]["shares"] == {"v2": 0.2}
        assert "20%" in said("versions", two.brief)[1]
        assert said("versions", two.brief, "--shadow", "v2", "--because", "look")[0] == 0
        found = result(said, "versions", two.brief, "--ab", "v1=0.5", "--ab", "v2=0.5")
        assert found["wanted"] == {"revision": 3, "shadow": "v2", "shares": {"v1": 0.5, "v2": 0.5}}
        found = result(said, "versions", two.brief, "--end")
        assert (found["wanted"]["shadow"], found["wanted"]["shares"]) == ("", {})
        assert {act["who"] for act in found["acts"]} == {account()}

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            (("--ab", "v1=0.5"), "add up to 0.5"),
            (("--ab", "v1"), "VERSION=SHARE"),
            (("--canary", "v9"), "no package 'v9'"),
            (("--canary", "v2", "--shadow", "v2"), "exclude each other"),
        ],
    )
    def test_what_is_wrong_is_told(self, two: Client, said: Said, arguments: tuple[str, ...], names: str) -> None:
        code, text = said("versions", two.brief, *arguments)
        assert code == 2
        assert names in text

    def test_an_approval_is_kept_and_under_four_eyes_not_the_authors(self, two: Client, said: Said) -> None:
        assert f"approved by {account()}" in said("approve", two.brief, "v2", "--because", "it is good")[1]
        two.ask(more="[authority]\nfour_eyes = true\n").ship("v3", slope=2.0)
        two.ledger.rollouts.enter("v3", account())
        assert "cannot approve it" in said("approve", two.brief, "v3", "--because", "mine")[1]
        code, text = said("update", two.brief, "--promote", "v3")
        assert code == 2
        assert "four_eyes" in text

    def test_who_acts_may_be_the_holder_of_a_key(
        self, two: Client, said: Said, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = result(said, "keys", "add", "ann", two.brief, "--scope", "approve")["key"]
        monkeypatch.setenv("ARTIFICER_KEY", key)
        code, text = outcome(["approve", str(two.brief), "v2", "--because", "yes"])
        assert (code, text) == (0, "")
        assert two.ledger.rollouts.acts("calls")[-1].who == "ann"
        assert "lacks the scope 'operate'" in said("versions", two.brief, "--shadow", "v2")[1]


def test_of_a_ledger_that_the_environment_names_no_workspace_is_needed(
    said: Said, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert said("keys", "add", "shop", "--scope", "predict")[0] == 2
    monkeypatch.setenv("ARTIFICER_LEDGER_URL", postgres)
    assert said("keys", "add", "shop", "--scope", "predict")[0] == 0
    assert [one["name"] for one in result(said, "keys", "list")] == ["shop"]
    assert list((tmp_path / "empty").iterdir()) == []
