"""The systems, and the Python that each runs in: a virtual environment of its own under bench/.envs, made when lacking."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".envs"


@dataclass(frozen=True, slots=True)
class System:
    """One system.

    Attributes
    ----------
    module : str
        File of `systems/` that fits it, and text of `requirements/` that its environment is made of.
    options : dict
        What the module is told beside data and budget.
    """

    module: str
    options: Mapping[str, str] = field(default_factory=dict)


SYSTEMS = {
    "artificer": System("artificer"),
    "autogluon_best": System("autogluon", {"presets": "best_quality"}),
    "autogluon_high": System("autogluon", {"presets": "high_quality"}),
    "flaml": System("flaml"),
    "lightgbm": System("lightgbm"),
}


def python_of(system: str, given: Mapping[str, str]) -> str:
    """Find the interpreter of a system's environment, and make the environment where there is none.

    Parameters
    ----------
    system : str
        A key of `SYSTEMS`.
    given : dict of str to str
        Interpreters by system, or by the name of its module ("autogluon" is for both of its presets).

    Returns
    -------
    str
        Artificer's is the one that runs this, so that what is measured is the commit that is recorded.
    """
    module = SYSTEMS[system].module
    named = given.get(system) or given.get(module)
    if named:
        return os.path.abspath(named)  # not resolved: an environment's python is a link
    if module == "artificer":
        return sys.executable
    folder = ENVIRONMENTS / module
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making the environment of {module} in {folder}: minutes", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        for wanted in requirements(module):
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", wanted], check=True)
        (folder / "complete").touch()
    return str(python)


def requirements(module: str) -> list[str]:
    """What is installed, one after another: an earlier line's version holds where a later one allows it."""
    lines = (HERE / "requirements" / f"{module}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
