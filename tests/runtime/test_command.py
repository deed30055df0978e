"""The runtime's own command: a file's rows in, JSON out, numpy alone; bad input is one line and 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from artificer_runtime import load
from artificer_runtime.__main__ import main
from artificer_runtime.members.linear import Linear
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import Block, Recipe, fit_recipe
from artificer_runtime.schema import Column, Schema

SCHEMA = Schema((Column("x", "number", low=0.0, high=1.0), Column("city", "category", levels=("Oslo", "Rome"))))
ROWS = [{"x": "0.25", "city": "Oslo"}, {"x": "", "city": "Paris"}, {"x": "7", "city": "Rome"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package's folder."""
    blocks = (Block("scaled", "scaled@1", ("x",)), Block("one_hot", "one_hot@1", ("city",)))
    encoded = SCHEMA.encode({"x": [0.0, 1.0, 0.5], "city": ["Oslo", "Rome", "Rome"]})
    recipe, made = fit_recipe(Recipe(blocks), SCHEMA, encoded, np.array([0.0, 1.0, 1.0]), n_classes=2)
    width = sum(block.shape[1] for block in made.values())
    member = Linear(np.ones((1, width)), np.zeros(1), np.zeros(width, np.float32), "logit")
    weighted = (Weighted(member, 1.0, ("scaled", "one_hot")),)
    write(tmp_path / "package", Contents("binary", "won", ("no", "yes"), "string", recipe, weighted))
    return tmp_path / "package"


def test_it_predicts_a_file_and_loads_numpy_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("city,x\nOslo,0.25\nParis,\nRome,7\n")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    program = (
        "import sys\n"
        "from artificer_runtime.__main__ import main\n"
        "code = main(sys.argv[1:])\n"
        "others = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(name for name in others if not name.startswith('_')), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    for name in ("rows.csv", "rows.jsonl"):
        command = [sys.executable, "-c", program, str(folder), str(tmp_path / name)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        found = [json.loads(line) for line in ended.stdout.splitlines()]
        wanted = load(folder).predict_full(ROWS)
        assert [one["prediction"] for one in found] == wanted.values.tolist()
        assert wanted.probabilities is not None
        assert [list(one["probabilities"].values()) for one in found] == wanted.probabilities.tolist()
        assert [one["odd"] for one in found] == [[], ["unseen"], ["outside"]]
        others = {word.strip("[]',") for word in ended.stderr.split()}
        assert "numpy" in others
        assert others <= {"artificer_runtime", "numpy", "sitecustomize"}, others


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("rows.csv", "x\n1\n", "'city' is absent"),
        ("rows.csv", "x,city\n1,Oslo,9\n", "line 2"),
        ("rows.jsonl", "{", "one row a line"),
        ("rows.jsonl", "7", "give each row as a dict"),
        ("rows.xlsx", "", "neither"),
        ("rows.csv", "x,city\nsecret,Oslo\n", "'x' must hold a number"),
    ],
)
def test_bad_rows_are_one_line(
    folder: Path, tmp_path: Path, name: str, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert main([str(folder), str(tmp_path / name)]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert "secret" not in told.err
    assert told.out == ""


def test_an_absent_file_or_argument_is_bad_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 2
    assert main([str(folder), "nowhere.csv"]) == 2
    assert main(["nowhere", "nowhere.csv"]) == 2
    assert "there is no package" in capsys.readouterr().err


def test_it_explains_each_row_when_asked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    assert main(["--explain", str(folder), str(tmp_path / "rows.jsonl")]) == 0
    told = load(folder).explain(ROWS)
    for row, line in enumerate(capsys.readouterr().out.splitlines()):
        found = json.loads(line)["explanation"]
        assert found["scale"] == "log-odds"
        assert list(found) == ["scale", "yes"]
        assert found["yes"]["base"] == told.base[0]
        assert found["yes"]["total"] == told.totals[row, 0]
        assert found["yes"]["contributions"] == dict(zip(told.columns, told.contributions[row, :, 0], strict=True))
        sizes = [abs(one) for one in found["yes"]["contributions"].values()]
        assert sizes == sorted(sizes, reverse=True)


def test_the_case_of_a_files_ending_is_no_matter(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ROWS.CSV").write_text("city,x\nOslo,0.25\n")
    assert main([str(folder), str(tmp_path / "ROWS.CSV")]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"] in ("no", "yes")
