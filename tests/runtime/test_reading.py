"""Whatever a package's files hold, it is read as it was written or refused as a PackageError; nothing is made on its word."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from client import contents

from artificer_runtime import PackageError, load
from artificer_runtime import reading as reader
from artificer_runtime.package import add_files, is_package, npz, write, zipped
from artificer_runtime.reading import arrays_of

ROWS = {"x": [-1.0, 0.0, 2.5, None], "shop": ["a", "b", "?", None]}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    write(folder, contents("binary", 1.0))
    return folder


def rewritten(package: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change a JSON file of a package as one who means harm would: the manifest fits."""
    document = json.loads((package / name).read_text())
    add_files(package, {name: json.dumps(change(document)).encode()})


@pytest.mark.parametrize(
    "name",
    ["../out", "/etc/out", "a/../../out", "a//b", "./a", "C:/out", "a\\..\\out", "..", "recipe/..", "a/./b"],
)
def test_a_name_that_leads_elsewhere_is_refused(package: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.zip"
    zipped(package, path)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"hello")
    with pytest.raises(PackageError, match=r"leads out of it|p\.zip"):
        load(path)
    assert not (tmp_path / "out").exists()


def test_a_name_that_stands_twice_is_refused(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    zipped(package, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("schema.json", b"{}")
    with pytest.raises(PackageError, match="twice"):
        load(path)


def test_links_are_refused(package: Path, tmp_path: Path) -> None:
    zipped(package, tmp_path / "p.zip")
    with zipfile.ZipFile(tmp_path / "p.zip", "a") as archive:
        info = zipfile.ZipInfo("more.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    with pytest.raises(PackageError, match="link"):
        load(tmp_path / "p.zip")
    (tmp_path / "schema.json").write_bytes((package / "schema.json").read_bytes())
    (package / "schema.json").unlink()
    (package / "schema.json").symlink_to(tmp_path / "schema.json")
    with pytest.raises(PackageError, match="link"):
        load(package)


def test_a_pipe_in_the_folder_is_not_waited_for(package: Path) -> None:
    (package / "schema.json").unlink()
    os.mkfifo(package / "schema.json")
    with pytest.raises(PackageError, match=r"lacks 'schema\.json'"):
        load(package)


def test_a_zip_that_grows_without_end_is_refused(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    zipped(package, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.bin", bytes(80 << 20))
    assert path.stat().st_size < 1 << 18
    with pytest.raises(PackageError, match="would grow"):
        load(path)


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_BYTES"])
def test_too_many_files_or_bytes_are_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    zipped(package, tmp_path / "p.zip")
    monkeypatch.setattr(reader, limit, 3)
    for path in (package, tmp_path / "p.zip"):
        with pytest.raises(PackageError, match="holds more than"):
            load(path)


def npy(shape: tuple[int, ...], data: bytes = bytes(24), descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    "data",
    [
        npy((1 << 60,)),
        npy((4,)),
        npy((-3,)),
        npy((2,)),
        npy((3,), descr="'|O'"),
        npy((3,), descr="[('a', '<f8')]"),
        npy((3,), descr="'<M8[s]'"),
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000,
        b"\x93NUMPY\x03\x00" + bytes(40),
        b"hello",
    ],
)
def test_an_array_that_is_not_what_its_header_says_is_refused(package: Path, data: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("intercept.npy", data)
    with pytest.raises((ValueError, SyntaxError, MemoryError)):
        arrays_of(made.getvalue())
    add_files(package, {"members/0.npz": made.getvalue()})
    with pytest.raises(PackageError, match="damaged"):
        load(package)


def test_arrays_that_are_compressed_are_refused_before_they_grow() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy((1 << 20,), bytes(8 << 20)))
    with pytest.raises(ValueError, match="compressed"):
        arrays_of(made.getvalue())


def test_arrays_are_read_as_they_were_written() -> None:
    arrays = {
        "none": np.empty((0, 3), np.float32),
        "one": np.array(3.5),
        "texts": np.array(["a", "bc"]),
        "flags": np.array([True, False]),
        "many": np.arange(12, dtype=np.int16).reshape(3, 4),
    }
    found = arrays_of(npz(arrays))
    for name, wanted in arrays.items():
        assert found[name].dtype == wanted.dtype
        np.testing.assert_array_equal(found[name], wanted)
        assert found[name].flags.writeable


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("schema.json", lambda one: []),
        ("schema.json", lambda one: {**one, "columns": 3}),
        ("schema.json", lambda one: {**one, "missing": 3}),
        ("schema.json", lambda one: {**one, "columns": [{**one["columns"][0], "kind": "shell"}]}),
        ("schema.json", lambda one: {**one, "columns": [{**one["columns"][0], "low": "0"}, *one["columns"][1:]]}),
        ("schema.json", lambda one: {**one, "columns": [{**one["columns"][0], "name": 3}, *one["columns"][1:]]}),
        ("schema.json", lambda one: {**one, "columns": [one["columns"][0], {**one["columns"][1], "levels": [1]}]}),
        ("recipe/recipe.json", lambda one: {**one, "states": []}),
        ("recipe/recipe.json", lambda one: {**one, "blocks": [{**one["blocks"][0], "step": "../../x@1"}]}),
        ("recipe/recipe.json", lambda one: {**one, "blocks": [{**one["blocks"][0], "columns": ["y"]}]}),
        ("members/members.json", lambda one: {**one, "members": []}),
        ("members/members.json", lambda one: {**one, "members": [{**one["members"][0], "weight": "much"}]}),
        ("members/members.json", lambda one: {**one, "members": [{**one["members"][0], "weight": float("nan")}]}),
        ("members/members.json", lambda one: {**one, "members": [{**one["members"][0], "blocks": ["none"]}]}),
        ("members/members.json", lambda one: {**one, "members": [{**one["members"][0], "meta": 3}]}),
        ("members/members.json", lambda one: {**one, "members": [{**one["members"][0], "form": ["linear@1"]}]}),
        ("members/members.json", lambda one: {**one, "classes": ["yes"]}),
        ("members/members.json", lambda one: {**one, "classes": [1, 2]}),
        ("members/members.json", lambda one: {**one, "temperature": []}),
        ("members/members.json", lambda one: {**one, "residuals": 3}),
    ],
)
def test_values_of_a_wrong_type_are_refused(package: Path, name: str, change: Callable[[Any], Any]) -> None:
    rewritten(package, name, change)
    with pytest.raises(PackageError):
        load(package)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "3", "null", '{"files": {"a": 3}}', "\xff", '{"format": "artificer-package"}']
)
def test_a_manifest_that_is_none_is_refused(package: Path, text: str) -> None:
    (package / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(PackageError, match=r"manifest\.json"):
        load(package)


def test_every_kind_of_byte_flip_is_refused_or_changes_no_bit(package: Path) -> None:
    wanted, model_hash = load(package).predict_proba(ROWS), load(package).model_hash
    files = sorted(file for file in package.rglob("*") if file.is_file())
    draw = np.random.default_rng(5)
    n_refused = 0
    for turn in range(120):
        file = files[turn % len(files)]
        whole = file.read_bytes()
        changed = bytearray(whole)
        changed[int(draw.integers(len(whole)))] ^= 1 << int(draw.integers(8))
        file.write_bytes(changed)
        try:
            read = load(package)
            np.testing.assert_array_equal(read.predict_proba(ROWS), wanted)
            assert (read.model_hash, read.task, read.contents.target) == (model_hash, "binary", "won")
        except PackageError:
            n_refused += 1
        file.write_bytes(whole)
    assert n_refused >= 110


def test_a_changed_manifest_is_seen_by_its_seal(package: Path) -> None:
    manifest = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps({**manifest, "target": "lost"}))
    with pytest.raises(PackageError, match=r"manifest\.json"):
        load(package)
    del manifest["seal"]  # as those of before there were seals
    (package / "manifest.json").write_text(json.dumps(manifest))
    assert load(package).contents.target == "won"


def test_a_file_that_the_manifest_does_not_list_is_no_part_of_it(package: Path) -> None:
    from artificer_runtime.package import read

    (package / "card.json").write_text("{}")
    assert "card.json" not in read(package)[2]
    data = (package / "schema.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == read(package)[1]["files"]["schema.json"]


def repacked(package: Path, path: Path, method: int) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        for one in sorted(package.rglob("*")):
            if one.is_file():
                archive.write(one, one.relative_to(package).as_posix())
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_zip_that_is_packed_in_another_way_is_refused_before_it_is_unpacked(
    package: Path, tmp_path: Path, method: int
) -> None:
    repacked(package, tmp_path / "p.zip", method)
    with pytest.raises(PackageError, match="packed in another way"):
        load(tmp_path / "p.zip")


def test_a_zip_whose_list_of_files_is_damaged_is_told_to_be_so(package: Path, tmp_path: Path) -> None:
    data, path = repacked(package, tmp_path / "p.zip", zipfile.ZIP_DEFLATED), tmp_path / "p.zip"
    place = data.rfind(b"PK\x01\x02")
    data[place : place + 4] = b"XXXX"
    path.write_bytes(data)
    assert is_package(path)
    with pytest.raises(PackageError, match="or a damaged one"):
        load(path)
