"""The pages are true: their code runs, and they leave nothing out."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from command import TRACEBACK
from command import artificer as command

from artificer.cli.app import GROUPS
from artificer.core import brief as vocabulary

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
FINE = (0, 3, 4, 99)


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield match.group(1), match.group(2).strip(), match.group(3)


def run_page(page: Path, folder: Path) -> None:
    """Run a page's blocks in order: Python in one process for the page, commands one by one."""
    python: list[str] = []
    for language, info, text in blocks(page):
        if language == "toml" and info.startswith("file="):
            (folder / info.removeprefix("file=")).write_text(text)
        elif language == "python":
            python.append(text)
            run_python("\n".join(python) if "def " in text or len(python) > 1 else text, folder)
            python = [one for one in python if "def " in one]  # later blocks may use what was defined
        elif language == "console":
            run_console(text, folder)


def run_python(text: str, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, f"{text}\n{ended.stderr[-3000:]}"


def run_console(text: str, folder: Path) -> None:
    """Run each `$ artificer …`; what it printed must hold the lines that are shown, "…" standing for anything."""
    shown: list[str] = []
    printed = ""
    for line in [*text.splitlines(), "$"]:
        if not line.startswith("$"):
            shown.append(line)
            continue
        position = 0
        for wanted in shown:
            for part in (one for one in wanted.split("…") if one.strip()):
                found = printed.find(part.strip(), position)
                assert found >= 0, f"{part!r} is not in\n{printed}"
                position = found + len(part.strip())
        shown = []
        words = shlex.split(line.removeprefix("$"))
        if words:
            assert words[0] == "artificer"
            ended = command(*words[1:], cwd=folder)
            assert ended.returncode in FINE, f"{line}\n{ended.stderr[-2000:]}"
            assert TRACEBACK not in ended.stderr
            printed = ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the guide has been followed to its end."""
    folder = tmp_path_factory.mktemp("guide")
    run_page(DOCS / "guide.md", folder)
    return folder


@pytest.mark.slow
def test_the_guide_runs_from_its_first_block_to_its_last(guided: Path) -> None:
    assert (guided / "artificer-work" / "life.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [*sorted((DOCS / "stages").glob("*.md")), DOCS / "package.md"], ids=lambda page: page.stem
)
def test_the_example_of_each_stage_and_of_the_package_runs(page: Path, guided: Path) -> None:
    run_page(page, guided)


@pytest.mark.slow
def test_the_page_on_serving_runs(guided: Path) -> None:
    run_page(DOCS / "serving.md", guided)


@pytest.mark.slow
def test_the_page_on_estimators_runs_as_one_program(tmp_path: Path) -> None:
    run_python("\n".join(text for _, _, text in blocks(DOCS / "estimators.md")), tmp_path)


def test_there_is_a_page_for_each_stage() -> None:
    assert {page.stem for page in (DOCS / "stages").glob("*.md")} == set(
        GROUPS["Stages of the line (each runs what it lacks)"]
    ) | {"ask"}


def test_every_command_has_its_line() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    for section in GROUPS.values():
        for name in section:
            assert f"`artificer {name}" in text, name


def test_every_key_of_the_brief_has_its_line() -> None:
    text = (DOCS / "brief.md").read_text(encoding="utf-8")
    for table in (
        "Data",
        "Target",
        "Features",
        "DecisionPart",
        "Review",
        "Reasons",
        "Accept",
        "Output",
        "Track",
        "Authority",
        "Legal",
        "RunPart",
    ):
        for field in fields(getattr(vocabulary, table)):
            assert re.search(rf"`(\w+\.)?{field.name}`", text), (table, field.name)


def codes() -> set[str]:
    """Codes of findings that stand in the source as they are."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"):
                continue
            given = node.args[:1] + [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            found |= {one.value for one in given if isinstance(one, ast.Constant)}
    return found


def test_every_finding_is_explained() -> None:
    text = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert len(codes()) > 40
    assert {code for code in codes() if f"`{code}`" not in text} == set()


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)
