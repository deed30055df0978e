"""The report in a real browser: it needs nothing else, says nothing on the console, and fits a phone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import document

pytestmark = [pytest.mark.slow, pytest.mark.browser]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECTIONS = ("Requirements", "Value against list length", "What we could not know", "Findings", "Leaderboard", "Data")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the client's case."""
    from artificer.case import unpack

    brief = unpack(tmp_path_factory.mktemp("case"))
    return Path(document("run", brief, "--limit", 60)["files"]["report"])


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """A headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_it_names_nothing_beyond_itself(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!#)[^"'#>]+""", html)
    assert "@import" not in html
    assert "url(" not in html
    assert "<script" not in html


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark")])
def test_a_browser_shows_it_whole(report: Path, browser: object, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[attr-defined]
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert asked == [report.as_uri()]
    assert told == []
    for section in SECTIONS:
        assert page.get_by_role("heading", name=section, exact=True).is_visible()
    assert page.get_by_text("Choose whom the call centre rings").first.is_visible()
    assert page.locator("svg").count() > 20
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_printed_it_is_light_and_whole(report: Path, browser: object) -> None:
    page = browser.new_page(color_scheme="dark")  # type: ignore[attr-defined]
    page.goto(report.as_uri())
    height = "document.querySelector('details.notes').getBoundingClientRect().height"
    folded = page.evaluate(height)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(height) > 3 * folded
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 29, 33)"
    page.close()


def test_a_name_that_is_markup_stays_text(tmp_path: Path, browser: object) -> None:
    import polars as pl
    from test_proofs import rows

    nasty = "<img src=x onerror=alert(1)>"
    rows(600).rename({"x": nasty}).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "brief.toml").write_text(
        f'name = "{nasty}"\n[data]\nsource = "rows.parquet"\n[target]\ncolumn = "won"\n'
        '[run]\nlimit_s = 20\nlearners = ["lightgbm", "linear"]\n'
    )
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(Path(document("run", tmp_path / "brief.toml")["files"]["report"]).as_uri())
    assert page.locator("img").count() == 0
    assert page.get_by_text(nasty).count() > 1
    assert pl.read_parquet(tmp_path / "rows.parquet").columns[1] == nasty
    page.close()
