"""Keys are known by their hashes, live until they are revoked or at their end, and are compared in constant time."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from artificer.core import access
from artificer.core.access import KEY_ENV, Key, NotAllowedError, Ring, account, allows, made, person, read, written
from artificer.core.errors import ArtificerError, WorkspaceError
from artificer.core.ledger import Ledger


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A fresh ledger in either database."""
    where = tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    found = Ledger(where)
    yield found
    found.close()


def test_a_key_that_was_added_is_known_and_one_that_was_revoked_is_not(ledger: Ledger) -> None:
    key, text = made("ann", ["predict", "approve"])
    ledger.keys.add(key)
    assert ledger.keys.all() == [key]
    assert Ring(ledger.keys.all()).holder(text) == key
    assert ledger.keys.revoke(key.id).revoked
    after = Ring(ledger.keys.all())
    assert after.holder(text) is None
    assert after.any_made
    with pytest.raises(WorkspaceError, match=f"closest id: '{key.id}'"):
        ledger.keys.revoke(key.id[:-1])


def test_nothing_of_the_text_but_its_id_and_hash_is_kept(ledger: Ledger) -> None:
    key, text = made("ann", ["predict"])
    ledger.keys.add(key)
    kept = repr(ledger.keys.all())
    assert text not in kept
    assert text.split("_", 2)[2] not in kept
    assert len(text.split("_", 2)[2]) == 43  # 32 bytes


def test_the_last_day_of_use_never_goes_back(ledger: Ledger) -> None:
    key, _ = made("ann", ["predict"])
    ledger.keys.add(key)
    for day in ("2026-03-01", "2026-02-01"):
        ledger.keys.note([(key.id, day)])
    assert ledger.keys.all()[0].used == "2026-03-01"


def test_a_key_at_its_end_opens_nothing() -> None:
    dead, text = made("ann", ["predict"], expires_s=-1.0)
    alive, other = made("bob", ["predict"], expires_s=60.0)
    ring = Ring([dead, alive])
    assert ring.holder(text) is None
    assert ring.holder(other) == alive


@pytest.mark.parametrize(
    "text", ["", "art", "art_", "art__", "art_{id}_", "art_{id}_wrong", "x" * 10_000, "ä_\ud800_ö"]
)
def test_what_is_no_key_opens_nothing(text: str) -> None:
    key, whole = made("ann", ["predict"])
    ring = Ring([key])
    assert ring.holder(text.format(id=key.id) if "{" in text else text) is None
    assert ring.holder(whole + "x") is None
    assert ring.holder(whole) == key


def test_keys_are_compared_by_one_comparison_that_takes_the_same_time_and_is_reached_for_unknown_ids_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree = ast.parse(inspect.getsource(Ring.holder).lstrip())
    assert [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and not _is_length(node)] == []
    seen: list[tuple[int, int]] = []

    def compare(one: str, other: str) -> bool:
        seen.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(access.hmac, "compare_digest", compare)
    key, text = made("ann", ["predict"])
    ring = Ring([key])
    for given in (text, f"art_{key.id}_wrong", "art_unknown_wrong", "nothing"):
        ring.holder(given)
    assert seen == [(64, 64)] * 4


def _is_length(node: ast.Compare) -> bool:
    """The form of the text is no secret."""
    return isinstance(node.left, ast.Call) and getattr(node.left.func, "id", "") == "len"


@pytest.mark.parametrize(
    ("name", "scopes", "says"),
    [
        ("a b", ["predict"], "'a b' is no name"),
        ("", ["predict"], "is no name"),
        ("ann", [], "needs a scope"),
        ("ann", ["aprove"], "closest name here: 'approve'"),
    ],
)
def test_a_wrong_name_or_scope_is_told(name: str, scopes: list[str], says: str) -> None:
    with pytest.raises(ArtificerError, match=says):
        made(name, scopes)


def test_a_key_without_an_end_in_the_calendar_is_told() -> None:
    with pytest.raises(ArtificerError, match="cannot live so long"):
        made("ann", ["predict"], expires_s=1e15)


def test_scopes() -> None:
    everything = ("", "predict", "feedback", "operate", "approve", "admin")
    assert [one for one in everything if allows([], one)] == [""]
    assert [one for one in everything if allows(["feedback"], one)] == ["", "feedback"]
    assert [one for one in everything if allows(["operate"], one)] == ["", "predict", "operate"]
    assert [one for one in everything if allows(["admin"], one)] == list(everything)


def test_lines_of_a_file_give_the_same_keys_back() -> None:
    keys = [made("ann", ["predict"], 60.0)[0], made("bob@x.org", ["admin", "predict"])[0]]
    assert read("# ours\n\n" + "\n".join(map(written, keys)), "'k'") == keys
    assert read(";".join(map(written, keys)), "'k'") == keys


@pytest.mark.parametrize("line", ["a b c", "id {hash} all now - ann", "id 12ab predict now - ann", "secret"])
def test_a_line_that_is_none_is_told_by_its_number_and_not_shown(line: str) -> None:
    text = f"# one\n{line.format(hash='a' * 64)}"
    with pytest.raises(ArtificerError, match="line 2 of 'k' is no key") as caught:
        read(text, "'k'")
    assert line not in str(caught.value)


def test_who_acts_is_the_holder_of_the_key_in_the_environment_or_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Ledger(tmp_path / "ledger.db").keys
    monkeypatch.delenv(KEY_ENV, raising=False)
    assert person(keys, "approve") == account() != ""
    key, text = made("ann", ["operate"])
    monkeypatch.setenv(KEY_ENV, text)
    with pytest.raises(NotAllowedError, match="opens nothing here"):
        person(keys)
    keys.add(key)
    assert person(keys, "operate") == "ann"
    with pytest.raises(NotAllowedError, match="lacks the scope 'approve'"):
        person(keys, "approve")


def test_a_record_of_a_key_shows_no_secret_in_its_name() -> None:
    assert Key.__slots__ == ("id", "name", "hash", "scopes", "created", "expires", "used", "revoked")
