"""The layout says what the system is: twelve stages, layers, names that mean one thing, wheels that hold all."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

import artificer
import artificer.line

ROOT = Path(__file__).parent.parent
STAGES = (
    "ask",
    "audit",
    "choose",
    "describe",
    "design",
    "encode",
    "fit",
    "judge",
    "refine",
    "ship",
    "track",
    "update",
)


def test_the_line_lists_the_twelve_stages_and_nothing_else() -> None:
    assert tuple(module.name for module in pkgutil.iter_modules(artificer.line.__path__)) == STAGES
    assert tuple(sorted(STAGES)) == STAGES


def test_each_public_name_exists_and_is_no_submodule() -> None:
    modules = {module.name for module in pkgutil.iter_modules(artificer.__path__)}
    for name in artificer.__all__:
        assert getattr(artificer, name) is not None
        assert name not in modules


def test_no_name_is_both_a_submodule_and_a_function_of_its_parent() -> None:
    for stage in STAGES:
        parent = importlib.import_module(f"artificer.line.{stage}")
        modules = {module.name for module in pkgutil.iter_modules(parent.__path__)}
        public = set(getattr(parent, "__all__", ()))
        assert not modules & public, (stage, modules & public)


def test_importing_artificer_loads_nothing_heavy() -> None:
    program = (
        "import artificer, sys; "
        "print([name for name in ('numpy', 'polars', 'pandas', 'sklearn', 'lightgbm', 'click') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.slow
def test_estimators_do_not_load_what_only_ledgers_and_contracts_in_sql_need() -> None:
    program = "import artificer.sklearn, sys; print([name for name in ('sqlalchemy', 'duckdb') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_an_audit_of_plain_data_loads_no_functions_of_statistics_and_no_frames_but_its_own(tmp_path: Path) -> None:
    pl.DataFrame({"n": [1.0, 2.0, 4.0], "word": ["a", "b", "a"]}).write_parquet(tmp_path / "rows.parquet")
    program = (
        f"import artificer, sys; artificer.audit({str(tmp_path / 'rows.parquet')!r}); "
        "print([name for name in ('scipy.special', 'scipy.stats', 'pandas', 'sklearn', 'lightgbm') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_no_text_of_the_project_names_an_index_or_a_home() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "/ro" + "ot/", "deb.debian" + ".org")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    texts = [ROOT / name for name in listed if not name.endswith((".parquet", ".png"))]
    assert texts
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [host for host in hosts if host in text], path


@pytest.mark.slow
def test_wheels_hold_all_that_is_needed_elsewhere(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    for name in ("runtime", "src", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        put = shutil.copytree if source.is_dir() else shutil.copy
        copy.mkdir(exist_ok=True)
        put(source, copy / name)
    for source in (copy / "runtime", copy):
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, source]
        subprocess.run(command, check=True, capture_output=True)
    wheels = sorted(tmp_path.glob("*.whl"))
    names = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    for wanted in (
        "artificer/case/calls_2008.parquet",
        "artificer/core/report/template.html",
        "artificer_runtime/schema.py",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith("tests")]
    runtime = next(wheel for wheel in wheels if wheel.name.startswith("artificer_runtime"))
    compiled = any(name.startswith("artificer_runtime/_walk.") and not name.endswith(".pyi") for name in names)
    assert runtime.name.endswith("-py3-none-any.whl") != compiled
    place = tmp_path / "elsewhere"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", place, *wheels]
    subprocess.run(pip, check=True, capture_output=True)
    program = "import artificer, artificer.cli; print(artificer.__file__); artificer.cli.main(['demo', 'case'])"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert str(place) in ended.stdout


@pytest.mark.slow
def test_without_a_compiler_the_wheel_is_for_any_machine_and_numpy_walks(tmp_path: Path) -> None:
    leave = shutil.ignore_patterns("build", "*.so", "*.pyd", "*.egg-info")
    shutil.copytree(ROOT / "runtime", tmp_path / "runtime", ignore=leave)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, tmp_path / "runtime"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "CC": "false"})
    (wheel,) = tmp_path.glob("*-py3-none-any.whl")
    place = tmp_path / "elsewhere"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", place, wheel]
    subprocess.run(pip, check=True, capture_output=True)
    program = "from artificer_runtime import walk; print(walk.KERNEL, walk.__file__)"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith(f"None {place}")
