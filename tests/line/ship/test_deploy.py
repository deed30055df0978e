"""What `artificer deploy` writes is what linters accept, is safe by default, and speaks of metrics that the server gives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from client import Client
from command import artificer, document, refused
from served_client import server

import artificer_runtime

BIN = Path(sys.executable).parent


@pytest.fixture
def folder(client: Client, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    assert artificer("deploy", client.package("v1"), "--out", out).returncode == 0
    return out


def linted(*command: object) -> None:
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


class TestLinters:
    def test_the_dockerfile(self, folder: Path) -> None:
        linted(BIN / "hadolint", folder / "Dockerfile")

    @pytest.mark.slow
    def test_the_compose_file(self, folder: Path) -> None:
        linted(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", folder / "compose.yaml")

    @pytest.mark.slow
    def test_the_kubernetes_manifests(self, folder: Path) -> None:
        linted(BIN / "kubernetes-validate", "--strict", folder / "kubernetes.yaml")

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
    def test_the_unit(self, folder: Path) -> None:
        unit = folder / "artificer-model.service"
        text = (folder / "artificer.service").read_text(encoding="utf-8")
        unit.write_text(text.replace("/opt/artificer/bin/artificer", sys.executable), encoding="utf-8")
        linted("systemd-analyze", "verify", "--man=no", unit)


class TestSafety:
    def test_the_image_is_not_root_and_holds_no_more_than_the_package_and_the_wheels(self, folder: Path) -> None:
        lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
        assert lines.index("USER 10001:10001") < next(k for k, one in enumerate(lines) if one.startswith("ENTRYPOINT"))
        assert (folder / ".dockerignore").read_text(encoding="utf-8").split() == ["*", "!model.zip", "!wheels/"]

    def test_containers_may_not_write_and_have_no_capabilities(self, folder: Path) -> None:
        serve = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]["serve"]
        assert serve["read_only"] is True
        assert serve["cap_drop"] == ["ALL"]
        assert serve["ports"][0].startswith("127.0.0.1:")
        deployment = next(
            one for one in yaml.safe_load_all((folder / "kubernetes.yaml").read_text()) if one["kind"] == "Deployment"
        )
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)

    def test_the_server_refuses_what_its_container_has_no_memory_for(self, client: Client, tmp_path: Path) -> None:
        out = tmp_path / "small"
        assert artificer("deploy", client.package("v1"), "--out", out, "--memory-mb", 384).returncode == 0
        compose = yaml.safe_load((out / "compose.yaml").read_text(encoding="utf-8"))["services"]["serve"]
        (deployment, *_) = yaml.safe_load_all((out / "kubernetes.yaml").read_text(encoding="utf-8"))
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert compose["mem_limit"] == "384m"
        assert container["resources"]["limits"]["memory"] == "384Mi"
        assert compose["command"] == container["args"] == ["--memory-mb", "336"]
        unit = (out / "artificer.service").read_text(encoding="utf-8")
        assert "--memory-mb 336\n" in unit
        assert "MemoryMax=384M" in unit
        with server(client.brief, *container["args"]) as (_, address):
            assert address.startswith("http://")
        refused("deploy", client.brief, "--out", out, "--memory-mb", 200, names="384 or more")

    def test_no_password_stands_in_any_file(self, client: Client, tmp_path: Path, monkeypatch: Any) -> None:
        out = tmp_path / "secret"
        env = {"POSTGRES_PASSWORD": "hunter2hunter2"}
        assert artificer("deploy", client.brief, "--out", out, env=env).returncode == 0
        assert not [path for path in out.iterdir() if b"hunter2" in path.read_bytes()]


class TestContent:
    def test_the_package_in_it_is_the_one_that_was_named(self, client: Client, folder: Path) -> None:
        packed = artificer_runtime.load(folder / "model.zip")
        assert packed.model_hash == artificer_runtime.load(client.package("v1")).model_hash

    def test_a_brief_is_deployed_with_its_served_version(self, client: Client, tmp_path: Path) -> None:
        client.ship("v2", slope=-1.0).serve("v2")
        found = document("deploy", client.brief, "--out", tmp_path / "out")
        packed = artificer_runtime.load(found["files"]["model.zip"])
        assert packed.model_hash == artificer_runtime.load(client.package("v2")).model_hash
        assert 'version="v2"' in Path(found["files"]["Dockerfile"]).read_text(encoding="utf-8")

    def test_names_become_what_kubernetes_allows(self, client: Client, tmp_path: Path) -> None:
        text = client.brief.read_text(encoding="utf-8").replace(
            '"calls"', "\"Términos: '{{x}}' $(rm) `a` & Söhne, 2026\""
        )
        (tmp_path / "other").mkdir()
        client.brief.write_text(text, encoding="utf-8")
        package = client.ship("v3").package("v3")
        assert artificer("deploy", package, "--out", tmp_path / "out").returncode == 0
        held = list(yaml.safe_load_all((tmp_path / "out" / "kubernetes.yaml").read_text(encoding="utf-8")))
        assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", one["metadata"]["name"]) for one in held)
        linted(BIN / "hadolint", tmp_path / "out" / "Dockerfile")

    def test_the_same_again_writes_the_same(self, client: Client, folder: Path, tmp_path: Path) -> None:
        assert artificer("deploy", client.package("v1"), "--out", tmp_path / "again").returncode == 0
        for path in folder.iterdir():
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()

    def test_wrong_input_is_refused(self, client: Client, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        refused("deploy", client.brief, "--out", tmp_path / "file", names="is a file")
        refused("deploy", tmp_path / "nothing", "--out", tmp_path / "out", names="nothing")


def _metrics(text: str) -> set[str]:
    return set(re.findall(r"\b(?:artificer|process)_[a-z_]+", text))


def test_dashboard_and_alerts_ask_for_metrics_that_the_server_gives(client: Client, folder: Path) -> None:
    from starlette.testclient import TestClient

    from artificer.line.ship.server import Serving
    from artificer.line.ship.server.app import application

    with TestClient(application(Serving.of(client.brief))) as server:
        server.post("/predict", json={"x": 99.0, "shop": "a"})
        given = _metrics(server.get("/metrics").text)
    board = json.loads((folder / "grafana.json").read_text(encoding="utf-8"))
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in _metrics(target["expr"])}
    rules = yaml.safe_load((folder / "alerts.yaml").read_text(encoding="utf-8"))
    asked |= {name for rule in rules["groups"][0]["rules"] for name in _metrics(rule["expr"])}
    assert asked - given == set()
