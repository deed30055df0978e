"""Packages that lie in a workspace, and whose each is: briefs of one folder share it, and none answers for another."""

from __future__ import annotations

import json
from pathlib import Path

from artificer.core.errors import WorkspaceError, closest
from artificer_runtime.reading import MANIFEST

PACKAGES = "packages"


def stored(packages: Path, name: str) -> list[str]:
    """Versions of one model that lie in a folder; those of which nobody knows whose they are count too."""
    if not packages.is_dir():
        return []
    folders = [path for path in packages.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(path.name for path in folders if belongs(path, name))


def belongs(package: Path, name: str) -> bool:
    """Whether a package is of this model, or does not say of which it is."""
    return _name_of(package) in ("", name)


def found(packages: Path, version: str, name: str) -> Path:
    """The package of a version of this model.

    Raises
    ------
    WorkspaceError
        When it is absent, or another model's.
    """
    package, known = packages / version, stored(packages, name)
    holds = f"it holds {', '.join(known) or 'none'}"
    if version in known:
        return package
    if version and package.is_dir() and not version.startswith("."):
        raise WorkspaceError(
            f"'{version}' is a version of '{_name_of(package)}', and '{name}' is meant here: briefs of one folder share "
            f"'{packages}'; of '{name}' {holds}"
        )
    raise WorkspaceError(
        f"there is no package '{version}' of '{name}' in '{packages}'{closest(version, known, 'closest version')}; {holds}"
    )


def _name_of(package: Path) -> str:
    """The name of the model that the manifest says; "" where it says none or is damaged."""
    try:
        said = json.loads((package / MANIFEST).read_bytes())
    except (OSError, ValueError):  # whoever opens the package says what is wrong with it
        return ""
    return str(said.get("name", "")) if isinstance(said, dict) else ""
