"""Bad input: exit code 2, the offender named, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import artificer, document, refused

pytestmark = pytest.mark.slow


def table(n_rows: int = 300) -> pl.DataFrame:
    """A small table with something to learn."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=n_rows)
    city = rng.choice(["Oslo", "Rome", "Lima"], n_rows)
    return pl.DataFrame(
        {"age": x.round(3), "city": city, "bought": np.where(x + rng.normal(size=n_rows) > 0, "yes", "no")}
    )


def brief(folder: Path, more: str = "", source: str = "rows.csv", target: str = "bought") -> Path:
    path = folder / "brief.toml"
    path.write_text(
        f'[data]\nsource = "{source}"\n[target]\ncolumn = "{target}"\n{more}\n'
        '[run]\nlimit_s = 20\nlearners = ["lightgbm", "linear"]\n',
        encoding="utf-8",
    )
    return path


def csv(folder: Path, frame: pl.DataFrame | None = None) -> Path:
    path = folder / "rows.csv"
    (table() if frame is None else frame).write_csv(path)
    return path


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package made by the real command."""
    folder = tmp_path_factory.mktemp("made")
    csv(folder)
    found = document("run", brief(folder))
    return Path(found["files"]["package"])


def test_an_absent_brief(tmp_path: Path) -> None:
    brief(tmp_path)
    message = refused("run", tmp_path / "breif.toml", names="breif.toml")
    assert "brief.toml" in message.replace("breif.toml", "")


def test_an_absent_data_file(tmp_path: Path) -> None:
    csv(tmp_path)
    assert "closest name there: 'rows.csv'" in refused("run", brief(tmp_path, source="row.csv"), names="row.csv")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"")
    refused("run", brief(tmp_path), names="rows.csv")


def test_a_header_and_no_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("age,city,bought\n")
    refused("run", brief(tmp_path), names="rows.csv")


def test_an_absent_target_names_the_closest_column(tmp_path: Path) -> None:
    csv(tmp_path)
    assert "'bought'" in refused("run", brief(tmp_path, target="bougth"), names="bougth")
    assert "'bought'" in refused("ask", tmp_path / "rows.csv", "--target", "bougth", names="bougth")
    assert "bought" in refused("ask", tmp_path / "rows.csv", names="which column shall be predicted; there are")


def test_a_target_that_is_missing_everywhere(tmp_path: Path) -> None:
    csv(tmp_path, table().with_columns(bought=pl.lit(None, pl.String)))
    refused("run", brief(tmp_path), names="bought")


def test_one_class(tmp_path: Path) -> None:
    csv(tmp_path, table().with_columns(bought=pl.lit("yes")))
    refused("run", brief(tmp_path), names="'yes'")


def test_a_class_with_one_row(tmp_path: Path) -> None:
    frame = table()
    csv(tmp_path, frame.with_columns(bought=pl.Series(["maybe", *frame["bought"].to_list()[1:]])))
    refused("run", brief(tmp_path), names="'maybe'")


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("age,age,bought\n1,2,yes\n2,3,no\n")
    refused("run", brief(tmp_path), names="'age'")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"age,bought\n" + bytes(range(256)) * 20)
    refused("run", brief(tmp_path), names="rows.csv")


def test_bytes_in_another_encoding_are_read_and_told(tmp_path: Path) -> None:
    frame = table().with_columns(city=pl.col("city").str.replace("Lima", "Málaga"))
    (tmp_path / "rows.csv").write_bytes(frame.write_csv().encode("latin-1"))
    found = document("audit", brief(tmp_path))
    asked = document("ask", tmp_path / "brief.toml")
    assert found["code"] == 0
    assert any(finding["code"] == "encoding" for finding in asked["findings"])


def test_ragged_rows_name_their_numbers(tmp_path: Path) -> None:
    lines = table(20).write_csv().splitlines()
    lines[7] += ",extra"
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    refused("run", brief(tmp_path), names="ragged")


def test_a_number_of_1e308_and_infinities_are_told_and_survived(tmp_path: Path) -> None:
    ages = table()["age"].to_list()
    ages[:4] = [1e308, -1e308, float("inf"), float("-inf")]
    csv(tmp_path, table().with_columns(age=pl.Series(ages)))
    found = document("run", brief(tmp_path))
    assert found["code"] in (0, 4)
    assert any(finding["code"] == "infinite" and finding["where"] == "age" for finding in found["findings"])


def test_a_column_of_lists(tmp_path: Path) -> None:
    table(50).with_columns(tags=pl.Series([["a", "b"]] * 50)).write_parquet(tmp_path / "rows.parquet")
    found = document("run", brief(tmp_path, source="rows.parquet"))
    assert any(finding["code"] == "nested" and finding["where"] == "tags" for finding in found["findings"])
    refused("run", brief(tmp_path, source="rows.parquet", target="tags"), names="'tags' holds lists")


def test_a_cut_parquet_file(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "rows.parquet")
    whole = (tmp_path / "rows.parquet").read_bytes()
    (tmp_path / "rows.parquet").write_bytes(whole[: len(whole) // 2])
    refused("run", brief(tmp_path, source="rows.parquet"), names="rows.parquet")


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ("[features]\nexclude = 3", "features.exclude"),
        ("[features]\nexlude = []", "exclude"),
        ('[decision]\ncapacity = { top = "many" }', "decision.capacity.top"),
        ("[accept]\nroc_acu = { at_least = 0.7 }", "roc_auc"),
        ("[accept]\nroc_auc = { at_most = 0.7 }", "at_most"),
        ('[accept]\nbeats = { rule = "__import__(1)", by = 0.1 }', "__import__"),
        ('[accept]\nbeats = { rule = "agee > 3", by = 0.1 }', "agee"),
        ('[accept]\nbeats = { rule = "city > 3", by = 0.1 }', "city > 3"),
        ("[accept]\nrecall_gap = { at_most = 0.1 }", "recall_gap"),
        ('[features]\neffect = { city = "increasing" }', "'city'"),
        ('[output]\nevery = "Mon 06:00"', "output.every"),
        ("[decision]\ncontrol = 0.05", "[decision] control"),
        ("[decision]\nthreshold = 0.5\ncontrol = 5.0", "control is 5"),
        ('[decision]\nreview = { when = ["unsene"] }', "'unsene'"),
        ('[decision]\nreview = { when = ["interval > 0.3"] }', "only a predicted number has an interval"),
        ('[decision]\nreview = { when = ["score > 3"] }', "between 0 and 1"),
        ("[decision]\nreasons = { count = -1 }", "count is -1"),
        ('[decision]\nreasons = { count = 2, never = ["agee"] }', "'agee'"),
        ('[legal]\nkeep = { rows = "a month" }', "legal.keep.rows"),
        ('[legal]\nkeep = { row = "30d" }', "legal.keep.row"),
        ('[legal]\npersonal = ["citty"]', "citty"),
        ('[legal]\npersonal = ["city"]\n[features]\nprotected = ["city"]', "features.protected"),
        ('password = "hunter2"', "password"),
    ],
)
def test_a_wrong_brief(tmp_path: Path, more: str, names: str) -> None:
    csv(tmp_path)
    message = refused("run", brief(tmp_path, more), names=names)
    assert "hunter2" not in message


def test_a_brief_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "brief.toml").write_text("[data\n")
    refused("run", tmp_path / "brief.toml", names="brief.toml")


def test_a_limit_nobody_can_meet_is_unmet_and_ships_all_the_same(tmp_path: Path) -> None:
    csv(tmp_path)
    latency = 'latency_ms = { p99_at_most = 0, where = "package" }'
    more = f"[accept]\nroc_auc = {{ at_least = 1.5 }}\nsize_mb = {{ at_most = 0 }}\n{latency}"
    found = document("run", brief(tmp_path, more))
    assert found["code"] == 3
    assert {line["outcome"] for line in found["result"]["verdict"]["lines"]} == {"unmet"}
    assert (Path(found["files"]["package"]) / "manifest.json").exists()


def test_an_unknown_command_names_the_closest() -> None:
    assert "'predict'" in refused("predcit", names="predcit")


def test_a_brief_is_not_replaced_without_force(tmp_path: Path) -> None:
    csv(tmp_path)
    path = brief(tmp_path)
    before = path.read_bytes()
    refused("ask", tmp_path / "rows.csv", "--target", "bought", "--out", path, names="brief.toml")
    assert path.read_bytes() == before


class TestWhatIsReadIsNeverWrittenOver:
    def test_by_predictions(self, package: Path, tmp_path: Path) -> None:
        rows = csv(tmp_path)
        before = rows.read_bytes()
        for read, out in ((rows, rows), (tmp_path / "r*.csv", rows), (rows, tmp_path / "brief.toml")):
            subject = brief(tmp_path) if out != rows else package
            refused("predict", subject, read, "--out", out, names=f"--out would write over '{out}', which is read here")
        assert rows.read_bytes() == before

    def test_by_a_script_that_nobody_named(self, package: Path, tmp_path: Path) -> None:
        (tmp_path / "train.py").write_text("mine")
        refused("export", "code", package, names="'train.py' is there already", cwd=tmp_path)
        assert (tmp_path / "train.py").read_text() == "mine"


class TestPackages:
    def test_an_absent_package(self, tmp_path: Path) -> None:
        rows = csv(tmp_path)
        refused("predict", tmp_path / "nothing", rows, names="nothing")

    def test_a_folder_that_is_no_package(self, tmp_path: Path) -> None:
        rows = csv(tmp_path)
        refused("predict", tmp_path, rows, names="manifest.json")

    @pytest.mark.parametrize("name", ["manifest.json", "schema.json", "members/0.npz", "recipe/recipe.json"])
    @pytest.mark.parametrize("how", ["cut", "changed", "absent"])
    def test_a_damaged_file_is_named(self, package: Path, tmp_path: Path, name: str, how: str) -> None:
        copy = tmp_path / "package"
        shutil.copytree(package, copy)
        data = (copy / name).read_bytes()
        if how == "absent":
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(data[: len(data) // 2] if how == "cut" else data[:-9] + b"123456789")
        refused("predict", copy, csv(tmp_path), names=name)

    def test_a_newer_version(self, package: Path, tmp_path: Path) -> None:
        copy = tmp_path / "package"
        shutil.copytree(package, copy)
        manifest = json.loads((copy / "manifest.json").read_text())
        (copy / "manifest.json").write_text(json.dumps(manifest | {"version": 99}))
        refused("predict", copy, csv(tmp_path), names="version 99")

    def test_a_cut_zip(self, package: Path, tmp_path: Path) -> None:
        from artificer_runtime.package import zipped

        path = tmp_path / "package.zip"
        zipped(package, path)
        assert artificer("predict", path, csv(tmp_path)).returncode == 0
        path.write_bytes(path.read_bytes()[:-200])
        refused("predict", path, csv(tmp_path), names="package.zip")


class TestRowsToPredict:
    def test_an_absent_column_names_the_closest(self, package: Path, tmp_path: Path) -> None:
        rows = csv(tmp_path, table().rename({"age": "Age"}))
        assert "'Age'" in refused("predict", package, rows, names="'age'")

    def test_a_column_of_another_type(self, package: Path, tmp_path: Path) -> None:
        rows = csv(tmp_path, table().with_columns(age=pl.lit("old")))
        refused("predict", package, rows, names="'age'")

    def test_extra_and_reordered_columns_change_nothing(self, package: Path, tmp_path: Path) -> None:
        plain = artificer("predict", package, csv(tmp_path)).stdout
        frame = table().with_columns(extra=pl.lit(1)).select("extra", "bought", "city", "age")
        frame.write_csv(tmp_path / "other.csv")
        assert artificer("predict", package, tmp_path / "other.csv").stdout == plain

    def test_an_unseen_category_is_predicted_and_told(self, package: Path, tmp_path: Path) -> None:
        rows = csv(tmp_path, table().with_columns(city=pl.lit("Paris")))
        found = document("predict", package, rows)
        assert all("unseen" in row["odd"] for row in found["result"]["rows"])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
    try:
        csv(tmp_path)
        refused("run", brief(tmp_path), "--workspace", small / "work", names="disk")
        assert not list(small.rglob(".*"))
    finally:
        subprocess.run(["umount", small], check=True)
    assert artificer("run", tmp_path / "brief.toml").returncode == 0
