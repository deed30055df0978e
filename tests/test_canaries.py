"""What few rows hold, and what the brief calls personal, is planted in training rows and searched in all that leaves them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import artificer

from artificer_runtime.package import zipped

pytestmark = pytest.mark.slow

N = 900
BRIEF = """
name = "letters"
[data]
source = "rows.parquet"
key = ["id"]
group = "person"
[target]
column = "answered"
positive = "yes"
[accept]
roc_auc = { at_least = 0.6 }
[features]
changeable = ["size", "city", "x", "since", "said"]
[legal]
personal = ["id", "person", "name", "mail", "income", "born"]
[run]
limit_s = 25
learners = ["lightgbm", "linear"]
"""
# A value of each kind, which few rows hold or a personal column does.
TEXTS = ("canaryid", "canaryperson", "Canaria Birdsong", "canarymail", "Atlantis", "Xanadu", "quetzalcoatlus")
NUMBERS = (986754.25, 4242424.5, -313131.75, 7777123.125)  # none whose digits are those of a share such as 26 / 81
DAYS = ("1901-02-03", "1902-03-04")


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(2)
    x = rng.normal(size=N).round(3)
    size = rng.lognormal(3, 1, N).round(2)
    size[[5, 50]] = NUMBERS[0], NUMBERS[2]
    city = np.array(["Oslo", "Rome", "Lima", "Bern"])[rng.integers(4, size=N)].astype(object)
    city[:6], city[6] = "Atlantis", "Xanadu"
    words = np.array(["late", "early", "parcel", "letter", "invoice", "refund", "broken", "missing", "blue", "stamp"])
    said = [" ".join(rng.choice(words, 6)) for _ in range(N)]
    for place in (3, 33, 333):
        said[place] += " quetzalcoatlus"
    since = np.datetime64("2020-01-01") + rng.integers(0, 900, N)
    since[7] = np.datetime64(DAYS[1])
    answered = rng.random(N) < 1 / (1 + np.exp(-2 * x - (city == "Rome")))
    return pl.DataFrame(
        {
            "id": [f"canaryid{place}" for place in range(N)],
            "person": [f"canaryperson{place // 2}" for place in range(N)],
            "name": ["Canaria Birdsong" if place % 3 else f"Canaria Birdsong {place}" for place in range(N)],
            "mail": [f"canarymail{place}@example.org" for place in range(N)],
            "income": np.where(np.arange(N) % 2, NUMBERS[1], NUMBERS[3]),
            "born": [DAYS[0] if place % 2 else "1950-01-01" for place in range(N)],
            "x": x,
            "size": size,
            "city": city.tolist(),
            "said": said,
            "since": since,
            "answered": np.where(answered, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's folder after a run, cards, a scored table and a look at new rows; what was printed lies in printed/."""
    folder = tmp_path_factory.mktemp("client")
    rows().write_parquet(folder / "rows.parquet")
    (folder / "brief.toml").write_text(BRIEF)
    printed = folder / "printed"
    printed.mkdir()
    for name, given in {
        "run": ("run", "brief.toml"),
        "json": ("run", "brief.toml", "--json"),
        "audit": ("audit", "brief.toml"),
        "describe": ("describe", "brief.toml"),
        "cards": ("report", "brief.toml", "--cards", "cards"),
    }.items():
        ended = artificer(*given, cwd=folder)
        assert ended.returncode in (0, 3, 4), ended.stderr
        (printed / name).write_text(ended.stdout + ended.stderr)
    (package,) = (folder / "artificer-work" / "packages").iterdir()
    zipped(package, folder / "artificer-work" / "package.zip")
    return folder


def left(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that may leave the house: packages, reports, run.lock, ledger, what was printed; not the rows that tasks work on."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name == "rows.parquet" or name.startswith("artificer-work/tasks/"):
            continue
        data = path.read_bytes()
        yield name, data
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from ((f"{name}/{one}", archive.read(one)) for one in archive.namelist())


def spellings(name: str) -> Iterator[tuple[str, bytes]]:
    """How a canary may be written in a file; four bytes of single precision stand somewhere in any large file."""
    for text in TEXTS:
        for one in (text, text.lower()):
            yield text, one.encode()
            yield text, one.encode("utf-32-le")
    for number in NUMBERS:
        yield str(number), str(number).encode()
        yield str(number), f"{number:,.0f}".encode()
        yield str(number), f"{number:.0f}".encode()
        yield str(number), struct.pack("<d", number)
        if name.endswith(".npz"):
            yield str(number), struct.pack("<f", number)
    for day in DAYS:
        seconds = np.datetime64(day, "s").astype(np.int64)
        yield day, day.encode()
        yield day, str(seconds).encode()
        yield day, struct.pack("<d", float(seconds))


def test_nothing_that_leaves_holds_a_canary(folder: Path) -> None:
    found = {(name, text) for name, data in left(folder) for text, spelt in spellings(name) if spelt in data}
    assert not found, sorted(found)


def test_what_is_searched_is_what_leaves_and_would_be_found(folder: Path) -> None:
    names = [name for name, _ in left(folder)]
    for wanted in (
        "report.html",
        "run.lock",
        "ledger.db",
        "package.zip/schema.json",
        "manifest.json",
        "model-card.md",
        "run",
    ):
        assert [name for name in names if name.endswith(wanted)], (wanted, names)
    planted = (folder / "rows.parquet").read_bytes()
    held = rows().write_csv().encode() + planted
    for text in (*TEXTS, *DAYS):
        assert text.encode() in held
    whole = b"".join(data for _, data in left(folder))
    assert b"Oslo" in whole, "a level that many hold does leave"
