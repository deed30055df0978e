"""What runs a server elsewhere: image, compose file, Kubernetes manifests, systemd unit, dashboard and alert rules.

Each is one template in this folder, filled with the names and limits of one package. The server in them is not root, writes
nothing but a temporary folder, and asks for keys.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import artificer
import artificer_runtime
from artificer.core.errors import ArtificerError
from artificer.core.store import told, write_bytes
from artificer.line.ship.deploy.monitors import alerts, dashboard
from artificer.line.ship.scorer import Scorer, scorer_of
from artificer_runtime.package import is_package, zipped

__all__ = ["deploy"]

TEMPLATES = {
    "Dockerfile": "Dockerfile",
    "dockerignore": ".dockerignore",
    "compose.yaml": "compose.yaml",
    "kubernetes.yaml": "kubernetes.yaml",
    "artificer.service": "artificer.service",
    "README.md": "README.md",
}
MODEL = "model.zip"
LEAST_MB = 384  # 190 MB are in use with a ledger and pages before the first request, and 64 more must be free


@dataclass(frozen=True, slots=True)
class Place:
    """What the templates are filled with.

    Attributes
    ----------
    name : str
        The model's, as names in Kubernetes may be: lower case, digits and hyphens, at most 40.
    memory_mb : int
        What one server may use.
    """

    name: str
    title: str
    version: str
    model_hash: str
    memory_mb: int
    python: str = "3.12"
    artificer: str = artificer.__version__
    runtime: str = artificer_runtime.__version__
    port: int = 8000

    @property
    def data_mb(self) -> int:
        """What the server may ask for: it refuses a request that needs more, where the engine would end it without a word.

        An eighth is left to what is not asked for so: libraries, and files in the temporary folder.
        """
        return self.memory_mb * 7 // 8


def deploy(subject: Path, out: Path, *, workspace: Path | None = None, memory_mb: int = 512) -> tuple[Path, ...]:
    """Write a folder that a container engine, Kubernetes or systemd can run.

    Parameters
    ----------
    subject : path of a package, or of a brief, whose served version is taken
    out : Path
        A folder; files that stand there under the same names are replaced, others stay.
    memory_mb : int
        What one server may use; at `LEAST_MB` it starts, and has room for small requests.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ArtificerError, RuntimeInputError
        When there is no such package, `out` is a file or cannot be written, or the memory is too little.
    """
    if memory_mb < LEAST_MB:
        raise ArtificerError(
            f"memory of {memory_mb} MB is too little for a server to start in; name {LEAST_MB} or more"
        )
    scorer = scorer_of(subject, workspace=workspace)
    if out.exists() and not out.is_dir():
        raise ArtificerError(f"'{out}' is a file; name a folder with --out")
    place = _place(scorer, memory_mb)
    written = {shown: _filled(name, place) for name, shown in TEMPLATES.items()}
    written |= {"alerts.yaml": alerts(place.name), "grafana.json": dashboard(place.title, place.name)}
    with told(out):
        out.mkdir(parents=True, exist_ok=True)
    _pack(scorer.package, out / MODEL)
    for name, text in written.items():
        write_bytes(out / name, text.encode())
    return (out / MODEL, *(out / name for name in written))


def _place(scorer: Scorer, memory_mb: int) -> Place:
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in scorer.brief.name.lower())
    name = "-".join(part for part in plain.split("-") if part)[:40].strip("-") or "model"
    title = " ".join(scorer.brief.name.split()).replace("`", "'") or "model"
    return Place(name, title, scorer.version, scorer.predictor.model_hash, memory_mb)


def _pack(package: Path, path: Path) -> None:
    with told(path):
        if package.is_dir():
            zipped(package, path)
        else:
            assert is_package(package)
            shutil.copyfile(package, path)


def _filled(name: str, place: Place) -> str:
    text: str = (
        _environment().from_string(files(__package__).joinpath(name).read_text(encoding="utf-8")).render(at=place)
    )
    return text


@cache
def _environment() -> Any:
    from jinja2 import Environment, StrictUndefined

    # Plain text of known names: nothing of a client's rows gets in here.
    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
