"""A signed package is refused when it was changed, when another key signed it, and when it holds what was not signed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from client import contents

from artificer.core.errors import ArtificerError
from artificer.line.ship.signing import new_key, sign
from artificer_runtime import PackageError, load
from artificer_runtime.package import add_files, write, zipped
from artificer_runtime.signature import REQUIRED
from artificer_runtime.verification import verify, written


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    write(folder, contents("binary", 1.0))
    predictor = load(folder)
    add_files(folder, {"verification.json": written(predictor, [{"x": 0.5, "shop": "a"}, {"x": None, "shop": "?"}])})
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "mine", new_key(tmp_path / "mine")


@pytest.fixture(params=["folder", "zip"])
def signed(request: pytest.FixtureRequest, package: Path, keys: tuple[Path, Path]) -> Path:
    path = package
    if request.param == "zip":
        path = package.with_suffix(".zip")
        zipped(package, path)
    sign(path, keys[0])
    return path


def test_a_signed_package_is_read_by_who_requires_it(signed: Path, keys: tuple[Path, Path]) -> None:
    predictor = load(signed, require_signed=keys[1])
    assert predictor.predict({"x": 3.0, "shop": "a"}) == ["yes"]
    assert load(signed, require_signed=keys[1].read_bytes()).model_hash == predictor.model_hash
    assert verify(signed, require_signed=keys[1]).n_rows == 2
    assert load(signed).model_hash == predictor.model_hash, "who requires nothing reads it too"


def test_what_is_not_signed_is_refused(package: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(PackageError, match="is not signed"):
        load(package, require_signed=keys[1])


def test_another_key_is_refused(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not as the required key signed it"):
        load(signed, require_signed=new_key(tmp_path / "other"))


@pytest.mark.parametrize("name", ["manifest.json", "schema.json", "signature.json", "members/0.npz"])
def test_a_changed_file_is_refused(package: Path, keys: tuple[Path, Path], name: str) -> None:
    sign(package, keys[0])
    data = bytearray((package / name).read_bytes())
    data[len(data) // 2] ^= 4
    (package / name).write_bytes(data)
    with pytest.raises(PackageError):
        load(package, require_signed=keys[1])


def test_a_file_that_the_manifest_does_not_list_is_refused_and_never_read(
    package: Path, keys: tuple[Path, Path]
) -> None:
    sign(package, keys[0])
    (package / "card.json").write_text(json.dumps({"key": ["planted"]}))
    with pytest.raises(PackageError, match=r"'card\.json', which its signature does not cover"):
        load(package, require_signed=keys[1])


def test_a_manifest_made_anew_over_changed_files_is_refused(package: Path, keys: tuple[Path, Path]) -> None:
    sign(package, keys[0])
    add_files(package, {"card.json": b"{}"})
    assert load(package)
    with pytest.raises(PackageError, match="not as the required key signed it"):
        load(package, require_signed=keys[1])


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"algorithm": "none"}', '{"algorithm": "Ed25519", "signature": 3}', "[" * 100_000]
)
def test_a_signature_that_is_none_is_refused(package: Path, keys: tuple[Path, Path], text: str) -> None:
    (package / "signature.json").write_text(text)
    with pytest.raises(PackageError, match="not as the required key signed it"):
        load(package, require_signed=keys[1])


def test_the_environment_requires_it_of_every_package(
    package: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRED, str(keys[1]))
    with pytest.raises(PackageError, match="is not signed"):
        load(package)
    sign(package, keys[0])
    assert load(package)


def test_a_key_from_the_environment_signs_and_is_never_shown(
    package: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", keys[0].read_text())
    sign(package, key_env="MY_KEY")
    assert load(package, require_signed=keys[1])
    monkeypatch.setenv("MY_KEY", "hunter2")
    with pytest.raises(ArtificerError, match="no Ed25519 private key") as refused:
        sign(package, key_env="MY_KEY")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ArtificerError, match="'ABSENT' is not set"):
        sign(package, key_env="ABSENT")


def test_a_key_is_its_owners_alone_and_never_overwritten(keys: tuple[Path, Path]) -> None:
    assert keys[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(ArtificerError, match="exists"):
        new_key(keys[0])


@pytest.mark.parametrize("data", [b"", b"hello", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"])
def test_a_public_key_that_is_none_is_refused(package: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(PackageError, match="public key"):
        load(package, require_signed=tmp_path / "key")
    with pytest.raises(PackageError, match="public key"):
        load(package, require_signed=tmp_path / "absent")


def test_signing_again_gives_the_same_bytes(package: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(package, tmp_path / "copy")
    sign(package, keys[0])
    sign(package, keys[0])
    sign(tmp_path / "copy", keys[0])
    assert (package / "signature.json").read_bytes() == (tmp_path / "copy" / "signature.json").read_bytes()
