"""The runtime alone: small beside numpy, and predicting loads nothing but numpy and the standard library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*/*.zip"))
LARGEST_MB = 1.0
PROGRAM = """
import json, sys
import artificer_runtime
for path in sys.argv[1:]:
    predictor = artificer_runtime.load(path)
    rows = json.load(open(path.replace(".zip", ".json"), encoding="utf-8"))["rows"]
    predictor.predict_full(rows), predictor.predict(rows[0])
tops = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(tops - set(sys.stdlib_module_names) - {"__main__", "__mp_main__"})))
"""


def run(*arguments: object, path: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(path)}
    ended = subprocess.run([sys.executable, *map(str, arguments)], env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_predicting_with_every_step_and_member_loads_numpy_alone() -> None:
    (loaded,) = run("-c", PROGRAM, *GOLDEN, path=ROOT / "runtime" / "src").splitlines()
    others = {name for name in json.loads(loaded) if not name.startswith(("_", "sitecustomize"))}
    assert others == {"artificer_runtime", "numpy"}


@pytest.mark.slow
def test_installed_beside_numpy_it_is_at_most_one_megabyte_and_predicts(tmp_path: Path) -> None:
    leave = shutil.ignore_patterns("build", "*.so", "*.pyd", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "runtime", tmp_path / "runtime", ignore=leave)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, tmp_path / "runtime"]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "elsewhere"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target"]
    subprocess.run([*pip, place, wheel], check=True, capture_output=True)
    size_mb = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6
    assert size_mb <= LARGEST_MB
    said = json.loads(run("-m", "artificer_runtime", "--verify", GOLDEN[0], path=place))
    assert said["n_rows"] > 0
    assert max(said["largest_difference"].values()) <= 1e-6
