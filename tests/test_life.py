"""The commands of a model's life, as a user types them: from training through scoring and watching to the account."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from command import artificer, document, refused
from watch.shop import feed, shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a model was trained, scored new rows, was watched and replaced."""
    brief = shop(tmp_path_factory.mktemp("shop"), track="")
    assert artificer("run", brief).returncode in (0, 3, 4)
    feed(brief, 1, slope=-2.0)
    assert artificer("score", brief, "--out", brief.parent / "list.csv").returncode == 0
    watched = artificer("watch", brief, "--once")
    assert watched.returncode == 0, watched.stderr
    return brief.parent


def test_why_goes_back_from_a_row_to_all_that_stands_behind_its_prediction(lived: Path) -> None:
    shown = artificer("why", "o1800", "--brief", lived / "brief.toml").stdout
    assert "'orders' said" in shown
    assert "[decision] threshold: a score of 0.5 or more" in shown
    assert "list.csv" in shown
    assert "trained on" in shown
    assert "what became of it:" in shown
    assert "another version is served by now" in shown
    (account,) = document("why", "o1800", "--workspace", lived / "artificer-work")["result"]
    assert account["card"]["trained_on"]["rows"] > 1000
    assert account["run"]


def test_a_key_that_nobody_knows_is_answered_with_the_closest(lived: Path) -> None:
    assert "closest key there: 'o" in refused("why", "o180o", "--brief", lived / "brief.toml", names="'o180o'")


def test_the_ledger_is_shown(lived: Path) -> None:
    brief = lived / "brief.toml"
    runs = document("ledger", "runs", brief)["result"]
    assert len(runs) == 2
    assert all(one["ended"] for one in runs)
    versions = document("ledger", "versions", brief)["result"]
    assert [one["action"] for one in versions] == ["first", "promote"]
    assert versions[1]["version"] in artificer("ledger", "versions", cwd=lived).stdout
    assert document("ledger", "decisions", brief, "--run", runs[1]["id"])["decisions"]
    assert "closest run" in refused("ledger", "decisions", brief, "--run", runs[1]["id"][:-1], names="knows no run")


def test_a_ledger_that_was_lost_is_made_again_as_far_as_files_tell(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(lived, folder)
    for path in folder.glob("artificer-work/ledger.db*"):
        path.unlink()
    assert len(document("ledger", "rebuild", folder / "brief.toml")["result"]["packages"]) == 2


def test_a_check_finds_what_is_broken(lived: Path, tmp_path: Path) -> None:
    assert artificer("ledger", "check", lived / "brief.toml").returncode == 0
    folder = tmp_path / "broken"
    shutil.copytree(lived, folder)
    with closing(sqlite3.connect(folder / "artificer-work" / "ledger.db")) as connection:
        (version,) = connection.execute("select version from served").fetchone()
    (folder / "artificer-work" / "packages" / version / "schema.json").unlink()
    ended = artificer("ledger", "check", folder / "brief.toml")
    assert ended.returncode == 3
    assert "schema.json" in ended.stdout


def test_a_run_on_bad_input_leaves_its_end_in_the_ledger(tmp_path: Path) -> None:
    brief = shop(tmp_path / "a")
    brief.write_text(brief.read_text().replace('column = "returned"', 'column = "retrned"'))
    refused("run", brief, names="retrned")
    ended = document("ledger", "runs", brief)["result"]
    assert [one["code"] for one in ended] in ([2], [])


def test_track_shows_what_moved_and_ends_with_three_when_it_harms(lived: Path) -> None:
    package = document("ledger", "versions", lived / "brief.toml")["result"][0]["version"]
    ended = artificer("track", lived / "artificer-work" / "packages" / package, lived / "new_1.parquet")
    assert ended.returncode == 3
    assert ended.stdout.startswith("✗ 600 new rows, 600 labelled: roc_auc worse by 0.")
    assert "roc_auc −" not in ended.stdout
    found = document("track", lived / "artificer-work" / "packages" / package, lived / "new_1.parquet")
    assert {"score_fell", "relation_changed"} <= {finding["code"] for finding in found["findings"]}
    seen = document("track", lived / "brief.toml")["result"]
    assert seen["n_rows"] == 0


def test_wrong_usage_is_told(lived: Path, tmp_path: Path) -> None:
    package = next(lived.glob("artificer-work/packages/*"))
    refused("track", package, names="which rows?")
    refused("ledger", "runs", tmp_path, names="no workspace")
    refused("ledger", "runs", cwd=tmp_path, names="no workspace here")
    refused("update", lived / "brief.toml", "--promote", "x", "--roll-back", names="exclude each other")
    refused("watch", lived / "brief.toml", "--json", names="--once")
    refused("watch", lived / "new_1.parquet", "--once", names="a brief is needed")


def test_a_person_is_forgotten_with_all_that_was_computed_from_them(lived: Path, tmp_path: Path) -> None:
    folder = tmp_path / "forgetting"
    shutil.copytree(lived, folder)
    brief, work = folder / "brief.toml", folder / "artificer-work"
    found = document("forget", "o1810", "--brief", brief, "--dry-run")["result"]
    assert found["ledger"] == {"labels": 1, "predictions": 1}
    assert [(one["how"], one["served"]) for one in found["models"]] == [
        ("trained", True)
    ]  # the challenger; not the first
    assert [one.partition(",")[0] for one in found["sources"]] == ["new_*.parquet"]
    # Of two runs, only the retraining met the person: what the first rests on stays.
    assert 0 < len(found["tasks"]) < len(list((work / "tasks").iterdir()))
    assert artificer("forget", "o1810", "--brief", brief, "--yes").returncode == 0
    left = [path for path in work.rglob("*") if path.is_file() and b"o1810" in path.read_bytes()]
    assert left == []
    filled = (lived / "list.csv").read_text()  # where the table stood when it was filled, and not in the copied folder
    assert "o1810," not in filled
    assert "o1811," in filled
    back = document("score", brief, "--out", folder / "list.csv")
    assert "forgotten_returns" in [one["code"] for one in back["findings"]]
    tracked = document("track", brief)
    assert "forgotten_returns" in [one["code"] for one in tracked["findings"]]
