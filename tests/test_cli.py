"""What the real command prints and ends with."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import polars as pl
import pytest
from client import Client, table
from command import artificer, document, refused

from artificer import cli
from artificer.cli.app import app

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
BRIEF = (
    '[data]\nsource = "{source}"\nkey = ["odd"]\n[target]\ncolumn = "count"\n{more}\n'
    '[run]\nlimit_s = 20\nlearners = ["lightgbm", "linear"]\n'
)


def rows(n_rows: int = 300) -> pl.DataFrame:
    """Something to learn, in columns whose names are also ours, or polars', or hard to quote."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=n_rows)
    return pl.DataFrame(
        {
            "odd": [f"=k{place}" for place in range(n_rows)],
            'it\'s "x",\ny': x.round(3),
            "row": rng.choice(["Oslo", "Rome", "Lima"], n_rows),
            "count": np.where(x + rng.normal(size=n_rows) > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a brief, and a package, made by the real command."""
    made = tmp_path_factory.mktemp("made")
    rows().write_parquet(made / "rows.parquet")
    brief(made)
    ended = artificer("run", made / "brief.toml")
    assert ended.returncode == 0, ended.stderr
    next(made.glob("artificer-work/packages/*")).rename(made / "package")
    return made


def brief(folder: Path, more: str = "", source: str = "rows.parquet", name: str = "brief.toml") -> Path:
    path = folder / name
    path.write_text(BRIEF.format(source=source, more=more), encoding="utf-8")
    return path


class TestHelp:
    def test_it_is_what_it_was(self) -> None:
        assert artificer("--help", env={"COLUMNS": "90"}).stdout == (HERE / "help.txt").read_text(encoding="utf-8")

    def test_every_command_has_its_own(self) -> None:
        from artificer.cli.app import GROUPS

        for name in (name for group in GROUPS.values() for name in group):
            ended = artificer(name, "--help")
            assert ended.returncode == 0
            assert ended.stdout.startswith(f"Usage: artificer {name}")

    def test_what_goes_out_has_a_short_name(self) -> None:
        from artificer.cli.app import GROUPS

        def options(command: click.Command) -> Iterator[click.Parameter]:
            yield from command.params
            for inner in command.commands.values() if isinstance(command, click.Group) else ():
                yield from options(inner)

        found = []
        for place in (place for group in GROUPS.values() for place in group.values()):
            module, _, name = place.partition(":")
            found += [one.opts for one in options(getattr(import_module(module), name)) if "--out" in one.opts]
        assert len(found) >= 9
        assert all("-o" in one for one in found)

    def test_without_a_command_it_is_shown(self) -> None:
        ended = artificer()
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "Stages of the line" in ended.stderr


class TestBadUsage:
    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            (["run"], "which brief?"),
            (["run", "brief.toml", "--limit", "soon"], "'soon'"),
            (["run", "brief.toml", "--limit", "0"], "'--limit'"),
            (["run", "brief.toml", "--plam"], "--plam"),
            (["run", "rows.parquet"], "artificer ask rows.parquet --target COLUMN"),
            (["run", "package"], "'package' is a package, and a brief is needed here"),
            (["fit", "rows.parquet"], "'rows.parquet' is data, and a brief is needed here"),
            (["audit", "package"], "'package' is a package, and a brief is needed here"),
            (["audit", "rows.parquet", "--contract", "contract.json"], "contract.json"),
            (["audit", "rows.parquet", "--contract", "package/card.json"], "Contract"),
            (["judge", "package"], "on which rows?"),
            (["judge", "brief.toml", "rows.parquet"], "'rows.parquet' is one argument too many"),
            (["ask", "rows.parquet"], "--target"),
            (["ask", "brief.toml", "--target", "count"], "names its own target"),
            (["ask", "package", "--target", "count"], "'package' is a package, and data is needed here"),
            (["ask", "row.parquet", "--target", "count"], "'rows.parquet'"),
            (["predict", "package"], "ROWS"),
            (["predict", "brief.toml", "rows.parquet"], "there is no package"),
            (["verify", "brief.toml"], "is needed here; its packages lie in artificer-work/packages"),
            (["predict", "package", "brief.toml"], "'brief.toml' is a brief, and data is needed here"),
            (["predict", "rows.parquet", "package"], "'package' is a package, and data is needed here"),
            (["predict", "package", "rows.parquet", "--out", "out.xlsx"], "out.xlsx"),
            (["predict", "package", "rows.parquet", "--out", "taken.csv"], "taken.csv"),
            (["run", "--replay", "run.lock"], "run.lock"),
            (["run", "--replay", "brief.toml"], "brief.toml"),
            (["report", "other.toml"], "`artificer run other.toml` makes one"),
            (["clean", "rows"], "'rows' is no workspace"),
            (["clean", "--all"], "--yes"),
            (["doctor", "--workspace", "/proc/1"], ""),
        ],
    )
    def test_it_is_refused_by_name(self, folder: Path, arguments: list[str], names: str) -> None:
        brief(folder, name="other.toml", more='[features]\nexclude = ["row"]')
        (folder / "taken.csv").mkdir(exist_ok=True)
        refused(*arguments, names=names, cwd=folder)

    def test_with_json_the_error_is_a_document_too(self, folder: Path) -> None:
        found = document("run", folder / "rows.parquet")
        assert (found["command"], found["code"]) == ("run", 2)
        assert "a brief is needed here" in found["result"]["error"]


class TestEnds:
    def test_0_when_all_is_met_and_3_or_4_when_not(self, tmp_path: Path) -> None:
        rows().write_parquet(tmp_path / "rows.parquet")
        ends = {
            0: "0.5",
            3: "0.99",
            4: f"{document('run', brief(tmp_path))['result']['verdict']['score']['value']:.3f}",
        }
        for code, bound in ends.items():
            ended = artificer("run", brief(tmp_path, f"[accept]\nroc_auc = {{ at_least = {bound} }}"))
            assert ended.returncode == code
            assert {0: "✓ met", 3: "✗ unmet", 4: "? not shown"}[code] in ended.stdout

    def test_70_with_our_own_fault_told_in_a_line_and_kept_in_a_file(self, folder: Path) -> None:
        program = (
            "import artificer.flow\n"
            "def run(state): raise ZeroDivisionError('of ours')\n"
            "artificer.flow.run = run\n"
            f"from artificer.cli import main; main(['run', {str(folder / 'brief.toml')!r}])"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert ended.returncode == 70
        assert ended.stderr.count("\n") == 1
        kept = Path(ended.stderr.partition("written in ")[2].partition(";")[0])
        assert "in run\nZeroDivisionError: of ours" in kept.read_text()
        kept.unlink()

    def test_130_when_interrupted_and_the_same_command_goes_on(self, case_folder: Path) -> None:
        path = case_folder / "brief.toml"
        command = [sys.executable, "-m", "artificer", "run", str(path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert any("fold 1" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)  # ends with what there is
            assert any("Ctrl-C again" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert process.returncode == 130
        assert said.endswith("artificer: interrupted; the same command goes on where this one stopped\n")
        assert "(as before)" in artificer("run", path).stderr

    @pytest.mark.parametrize("arguments", [["--help"], ["doctor"], ["predict", "package", "rows.parquet"]])
    def test_130_when_nobody_reads_the_output(self, folder: Path, arguments: list[str]) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "artificer", *arguments]
        ended = subprocess.run(command, cwd=folder, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writing)
        assert (ended.returncode, ended.stderr) == (130, "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
    @pytest.mark.parametrize("arguments", [["--help"], ["predict", "package", "rows.parquet"]])
    def test_2_when_the_outputs_disk_is_full(self, folder: Path, arguments: list[str]) -> None:
        command = [sys.executable, "-m", "artificer", *arguments]
        with open("/dev/full", "wb") as full:
            ended = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert ended.returncode == 2
        assert ended.stderr.startswith("artificer: the output cannot be written")

    @pytest.mark.parametrize(
        ("number", "name", "says"),
        [
            (errno.ENOSPC, "a.onnx", "'a.onnx' cannot be written: its disk is full"),
            (errno.EFBIG, None, "the output cannot be written: its disk is full, or holds no larger file"),
            (
                errno.EROFS,
                "a.onnx",
                "'a.onnx' cannot be used: Read-only file system; see that it may be read and written",
            ),
            (errno.EISDIR, "here", "'here' cannot be used: Is a directory"),
        ],
    )
    def test_2_when_a_place_takes_nothing(
        self, monkeypatch: pytest.MonkeyPatch, number: int, name: str | None, says: str
    ) -> None:
        monkeypatch.setattr(app, "main", _raising(OSError(number, os.strerror(number), name)))
        code, told = cli.outcome(["run"])
        assert code == 2
        assert told.startswith(says)

    def test_70_when_a_file_of_ours_is_absent(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setattr(app, "main", _raising(FileNotFoundError(errno.ENOENT, "absent", "card.json")))
        assert cli.outcome(["run"])[0] == 70
        assert len(list(tmp_path.iterdir())) == 1


def _raising(error: Exception) -> Callable[..., None]:
    def main(*_: object, **__: object) -> None:
        raise error

    return main


class TestAsk:
    def test_a_draft_runs_unedited(self, tmp_path: Path) -> None:
        rows().write_csv(tmp_path / "my rows.csv")
        drafted = artificer("ask", "my rows.csv", "--target", "count", cwd=tmp_path)
        assert drafted.returncode == 0
        assert "Who may be treated worse?" in drafted.stdout
        assert drafted.stdout.endswith("artificer run 'my rows.toml'\n")
        ended = artificer("run", "my rows.toml", "--limit", 15, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert "add lines under [accept]" in ended.stdout

    def test_a_draft_replaces_nothing_without_force(self, tmp_path: Path) -> None:
        rows().write_parquet(tmp_path / "rows.parquet")
        for options, code in (([], 0), ([], 2), (["--force"], 0), (["--out", "b.toml"], 0)):
            assert artificer("ask", "rows.parquet", "--target", "count", *options, cwd=tmp_path).returncode == code
        assert (tmp_path / "b.toml").read_bytes() == (tmp_path / "rows.toml").read_bytes()

    def test_a_brief_is_checked_against_its_data(self, folder: Path) -> None:
        found = document("ask", folder / "brief.toml")
        assert (found["result"]["task"], found["result"]["features"]) == ("binary", ['it\'s "x",\ny', "row"])
        assert found["decisions"]


class TestStages:
    @pytest.mark.parametrize(
        "name", ["ask", "audit", "choose", "describe", "design", "encode", "fit", "refine", "judge", "ship"]
    )
    def test_each_shows_its_record_to_people_and_programs(self, folder: Path, name: str) -> None:
        shown = artificer(name, folder / "brief.toml", "--workspace", folder / "stages")
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.strip()
        found = document(name, folder / "brief.toml", "--workspace", folder / "stages")
        assert (found["schema"], found["command"], found["code"]) == ("artificer-result@1", name, 0)
        assert found["result"]
        if name == "ship":
            assert (Path(found["files"]["package"]) / "manifest.json").exists()

    def test_data_are_audited_without_a_brief(self, folder: Path) -> None:
        found = document("audit", folder / "rows.parquet")
        assert found["code"] == 0
        assert found["decisions"][0]["question"] == "Which checks were not run?"

    def test_data_are_checked_against_a_contract(self, folder: Path, tmp_path: Path) -> None:
        assert "✓" in artificer("audit", folder / "rows.parquet", "--contract", folder / "package").stdout
        rows().drop("row").write_parquet(tmp_path / "less.parquet")
        found = document("audit", tmp_path / "less.parquet", "--contract", folder / "package" / "contract.json")
        assert found["code"] == 3
        assert [finding["where"] for finding in found["findings"] if finding["severity"] == "blocker"] == ["row"]

    def test_a_contract_is_written_edited_and_enforced(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "contract.toml"
        assert artificer("audit", folder / "brief.toml", "--write-contract", path).returncode == 0
        own = '[[polars]]\nname = "few"\nexpression = "row <> \'Oslo\'"\n'
        path.write_text(path.read_text(encoding="utf-8") + own, encoding="utf-8")
        parts = ["--quarantine", tmp_path / "aside.csv", "--accepted", tmp_path / "kept.parquet"]
        ended = artificer("audit", folder / "rows.parquet", "--contract", path, *parts)
        assert ended.returncode == 3
        aside = (tmp_path / "aside.csv").read_text(encoding="utf-8")
        assert "few" in aside
        assert "'=k" in aside  # nothing starts a formula
        assert "Oslo" not in pl.read_parquet(tmp_path / "kept.parquet")["row"].to_list()
        found = document("audit", folder / "rows.parquet", "--contract", path)
        assert found["result"]["offending"] == {"few": found["result"]["n_offending"]}

    def test_a_mistake_in_a_contract_is_told_by_its_line(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "contract.toml").write_text("contract = 2\n[columns.row]\nste = ['Oslo']\n")
        ended = artificer("audit", folder / "rows.parquet", "--contract", tmp_path / "contract.toml")
        assert ended.returncode == 2
        assert "line 3: 'ste'" in ended.stderr

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            (["audit", "brief.toml", "--quarantine", "a.csv"], "--quarantine needs --contract"),
            (["audit", "brief.toml", "--history", "row"], "--write-contract"),
            (["audit", "brief.toml", "--write-contract", "c.toml", "--history", "row"], "'row' holds no moments"),
            (["audit", "rows.parquet", "--contract", "package", "--table", "x"], "NAME=FILE"),
        ],
    )
    def test_options_that_lack_another_are_refused(self, folder: Path, arguments: list[str], names: str) -> None:
        ended = artificer(*arguments, cwd=folder)
        assert ended.returncode == 2
        assert names in ended.stderr


class TestRun:
    def test_the_plan_trains_nothing(self, folder: Path) -> None:
        ended = artificer("run", folder / "brief.toml", "--plan", "--workspace", folder / "planned")
        assert ended.returncode == 0
        assert "contacts: nothing beyond this machine" in ended.stdout
        assert not list((folder / "planned" / "tasks").glob("fit-*"))
        assert not (folder / "planned" / "packages").exists()

    def test_the_time_limit_counts_from_the_start_of_the_process(self) -> None:
        program = "import time; time.sleep(0.5); from artificer.cli.show import age_s; print(age_s())"
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert 0.5 <= float(ended.stdout) < 30

    def test_a_second_run_trains_nothing_anew(self, folder: Path) -> None:
        said = artificer("run", folder / "brief.toml").stderr
        assert "fold 1" not in said
        assert "(as before)" in said

    def test_paths_are_printed_as_one_types_them_here(self, folder: Path) -> None:
        shown = artificer("run", "brief.toml", cwd=folder).stdout
        package = next(line.split()[1] for line in shown.splitlines() if line.startswith("package"))
        assert not Path(package).is_absolute()
        assert f"artificer predict {package} ROWS" in shown

    def test_a_packages_lock_is_replayed_on_a_briefs_data(self, folder: Path) -> None:
        refused("run", "--replay", "package/run.lock", names="rows.parquet", cwd=folder)
        found = document("run", "brief.toml", "--replay", "package/run.lock", cwd=folder)
        assert found["result"]["same"] is True
        assert {path.name for path in (folder / "package").iterdir()} == {
            *(
                "manifest.json",
                "schema.json",
                "card.json",
                "contract.json",
                "contract.toml",
                "reference.json",
                "verdict.json",
                "run.lock",
                "brief.json",
                "parity.json",
                "sbom.json",
                "verification.json",
            ),
            *("recipe", "members"),
        }

    def test_other_data_are_not_replayed(self, folder: Path, tmp_path: Path) -> None:
        rows(301).write_parquet(tmp_path / "rows.parquet")
        arguments = ["run", brief(tmp_path), "--replay", folder / "package" / "run.lock", "--workspace", tmp_path]
        refused(*arguments, names="the data has changed")


class TestPredict:
    def test_a_brief_stands_for_the_package_that_is_served(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask().ship().ship("v2", slope=-1.0).serve("v2")
        table(20).write_csv(tmp_path / "new.csv")
        by_brief = artificer("predict", client.brief, tmp_path / "new.csv")
        assert by_brief.returncode == 0, by_brief.stderr
        assert by_brief.stdout == artificer("predict", client.package("v2"), tmp_path / "new.csv").stdout
        assert by_brief.stdout != artificer("predict", client.package("v1"), tmp_path / "new.csv").stdout

    def test_keys_stand_beside_predictions_and_nothing_starts_a_formula(self, folder: Path) -> None:
        lines = artificer("predict", folder / "package", folder / "rows.parquet").stdout.splitlines()
        assert lines[0] == "odd,predicted count,probability no,probability yes,odd_"
        assert lines[1].startswith("'=k0,")
        assert len(lines) == 301

    @pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "arrow"])
    def test_every_form_is_read_and_written_alike(self, folder: Path, tmp_path: Path, form: str) -> None:
        from artificer.data.readers import read
        from artificer.data.table import save_rows

        given, made = tmp_path / f"given.{form}", tmp_path / f"made.{form}"
        save_rows(rows().with_columns(odd=pl.col("odd").str.strip_prefix("=")), given)
        assert artificer("predict", folder / "package", given, "--out", made).returncode == 0
        found = read(made).frame
        whole = document("predict", folder / "package", given)["result"]["rows"]
        assert found["odd"].to_list() == [row["odd"] for row in whole]
        assert found["probability yes"].to_list() == pytest.approx([row["probability yes"] for row in whole])

    def test_rows_without_their_key_are_numbered(self, folder: Path, tmp_path: Path) -> None:
        rows().drop("odd", "count").write_parquet(tmp_path / "new.parquet")
        found = document("predict", folder / "package", tmp_path / "new.parquet")["result"]["rows"]
        assert [row["row"] for row in found] == list(range(300))


class TestCare:
    def test_a_report_is_written_again_from_records_alone(self, folder: Path) -> None:
        shown = artificer("run", folder / "brief.toml", "--json").stdout
        path = Path(json.loads(shown)["files"]["report"])
        before = path.read_bytes()
        path.unlink()
        ended = artificer("report", folder / "brief.toml")
        assert (ended.stdout, ended.stderr) == (f"{path}\n", "")
        assert path.read_bytes() == before
        assert document("report", folder / "brief.toml")["files"] == {"report": str(path)}

    def test_clean_keeps_what_the_last_run_rests_on(self, tmp_path: Path) -> None:
        rows().write_parquet(tmp_path / "rows.parquet")
        old = brief(tmp_path, '[features]\nexclude = ["row"]')
        assert artificer("run", old).returncode == 0
        assert artificer("run", brief(tmp_path)).returncode == 0
        n_tasks = len(list(tmp_path.glob("artificer-work/tasks/*")))
        shown = artificer("clean", tmp_path / "brief.toml", "--yes").stdout
        left = list(tmp_path.glob("artificer-work/tasks/*"))
        assert shown.startswith(f"removed: {n_tasks - len(left)} folders of tasks, ")
        assert 0 < len(left) < n_tasks
        assert "fold 1" not in artificer("run", tmp_path / "brief.toml").stderr
        assert artificer("clean", tmp_path / "artificer-work", "--all", "--yes").returncode == 0
        assert {path.name for path in (tmp_path / "artificer-work").iterdir() if not path.is_dir()} >= {"ledger.db"}
        assert list(tmp_path.glob("artificer-work/packages/*"))
        assert not list(tmp_path.glob("artificer-work/[tr][au][sn]*/*"))

    def test_clean_asks_before(self, folder: Path) -> None:
        arguments = ["clean", folder / "artificer-work", "--all"]
        assert "nothing was removed" in artificer(*arguments, given="n\n").stdout
        refused(*arguments, names="--yes")
        assert list(folder.glob("artificer-work/tasks/*"))

    def test_doctor_says_what_is_here(self) -> None:
        checks = document("doctor")["result"]
        assert not [check for check in checks if check["sign"] == "✗"]
        told = " ".join(check["says"] for check in checks)
        for what in (
            f"Python {sys.version_info.major}",
            "lightgbm",
            "catboost",
            "OpenMP",
            "the compiled walk of trees",
            "MB are free",
            "cores",
            "GB",
        ):
            assert what in told

    def test_output_in_a_narrow_encoding_is_no_fault(self) -> None:
        for encoding in ("ascii", "latin-1"):
            assert artificer("doctor", env={"PYTHONIOENCODING": encoding}).returncode == 0
