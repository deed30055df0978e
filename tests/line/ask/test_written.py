"""What a client writes is read key by key; nothing in it is ignored."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, NotBuiltError
from artificer.line.ask.written import NOT_BUILT, check, read_brief

LEAST: dict[str, Any] = {"target": {"column": "deposit"}}


def nested(place: str, value: Any) -> dict[str, Any]:
    """A brief with one more value, at a dotted place."""
    *tables, key = place.split(".")
    written: dict[str, Any] = {name: dict(table) for name, table in LEAST.items()}
    table = written
    for name in tables:
        table = table.setdefault(name, {})
    table[key] = value
    return written


def test_only_the_target_is_needed() -> None:
    assert check(LEAST) == Brief(target=check(LEAST).target)
    with pytest.raises(BriefError, match="lacks 'target'"):
        check({})
    with pytest.raises(BriefError, match=r"lacks 'target\.column'"):
        check({"target": {}})


def test_what_is_written_arrives() -> None:
    brief = check(
        tomllib.loads(
            """
            [data]
            key = ["id", "day"]
            columns = { age = "years" }
            [target]
            column = "deposit"
            known_after = ["duration"]
            [features]
            effect = { balance = "increasing" }
            [decision]
            capacity = { top = 500, every = "7d" }
            value = { currency = "EUR", acted = -6, success = "balance * 0.1" }
            [accept]
            roc_auc = { at_least = 0.7, must = true }
            [run]
            limit_s = 30
            """
        )
    )
    assert (brief.data.key, brief.data.columns) == (("id", "day"), {"age": "years"})
    assert brief.target.known_after == ("duration",)
    assert brief.features.effect == {"balance": "increasing"}
    assert brief.decision.capacity is not None
    assert brief.decision.capacity.top == 500
    assert brief.decision.value is not None
    assert (brief.decision.value.acted, brief.decision.value.success) == (-6, "balance * 0.1")
    assert (brief.accept["roc_auc"].at_least, brief.accept["roc_auc"].must) == (0.7, True)
    assert brief.run.limit_s == 30


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("targt", {}, "closest known key: 'target'"),
        ("data.tme", "day", "closest known key: 'time'"),
        ("features.exlude", [], "closest known key: 'exclude'"),
        ("decision.capacity", {"tpo": 3}, "closest known key: 'top'"),
        ("accept.roc_auc", {"atleast": 0.7}, "closest known key: 'at_least'"),
        ("data.key", "id", '[data.key] in the brief is "id"; a list is needed'),
        ("data.time", 3, "data.time"),
        ("target.kind", "klass", "it should be '', 'class' or 'number'"),
        ("run.limit_s", "long", "run.limit_s"),
        ("run.seed", 1.5, "run.seed"),
        ("features.effect", {"age": "up"}, "features.effect.age"),
        ("accept.roc_auc", 0.7, "a table is needed, such as { at_least = … }"),
        ("run.limit_s", -4, "[run.limit_s] is -4.0; write a number from 1 up"),
        ("run.limit_s", float("nan"), "write a number from 1 up"),
        ("run.seed", -1, "from 0 up"),
        ("authority.max_flipped", 50, "[authority.max_flipped] is 50.0; write a number from 0 to 1"),
        ("track.every", "weekly", "[track.every] is 'weekly', which is no duration"),
        (
            "decision.capacity",
            {"top": 3, "every": "7 days"},
            "[decision.capacity.every] is '7 days', which is no duration",
        ),
    ],
)
def test_a_wrong_key_or_type_is_named(place: str, value: Any, says: str) -> None:
    with pytest.raises(BriefError) as refused:
        check(nested(place, value))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("place", NOT_BUILT)
def test_what_no_stage_honours_yet_is_refused_by_name_and_passes_when_it_asks_for_nothing(place: str) -> None:
    with pytest.raises(NotBuiltError) as refused:
        check(nested(place, "something"))
    assert f"[{place}]" in str(refused.value)
    for nothing in ("", 0, "0d", [], {}):
        assert check(nested(place, nothing)) == check(LEAST)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("data.password", "hunter2"),
        ("api_key", "hunter2"),
        ("data.source", "postgresql://me:hunter2@host/base"),
        ("track.token", "hunter2"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(place: str, value: str) -> None:
    with pytest.raises(BriefError, match="environment variable") as refused:
        check(nested(place, value))
    assert place in str(refused.value)
    assert "hunter2" not in str(refused.value)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.dictionaries(st.text(), one)))
def test_whatever_is_written_is_read_or_refused(written: Any) -> None:
    for place in ("data", "target", "features", "decision", "run", "more"):
        with pytest.raises(BriefError):
            check(
                {place: {"nonsense": written, "": written}} | ({"target": LEAST["target"]} if place != "target" else {})
            )


class TestFiles:
    def test_an_absent_one_names_the_closest(self, tmp_path: Path) -> None:
        (tmp_path / "brief.toml").touch()
        with pytest.raises(BriefError, match=r"'brief\.toml'"):
            read_brief(tmp_path / "breif.toml")

    @pytest.mark.parametrize("content", [b"[data", b"\xff\xfe", b"a = 1\na = 2"])
    def test_one_that_is_no_toml_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "brief.toml").write_bytes(content)
        with pytest.raises(BriefError, match=r"brief\.toml"):
            read_brief(tmp_path / "brief.toml")

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BriefError, match="cannot be read"):
            read_brief(tmp_path)
