"""Pages in a real browser: every one is opened, used, and examined by axe, in light and dark, on a desk and in a hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2 as httpx
import polars as pl
import pytest
from browser import chromium
from client import Client
from served_client import server
from watch.shop import feed, rows, shop

import artificer
import artificer_runtime
from artificer import watch
from artificer.core.access import made
from artificer.core.ledger import ledger_of
from artificer.line.ship.server.pages import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DESK, HAND = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
AXE = "axe.run(document, {resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief whose first version was watched once."""
    brief = shop(tmp_path_factory.mktemp("shop"), retrain="alert")
    artificer.run(brief)
    feed(brief, 1, slope=-1.0)
    watch.once(brief)
    return brief


@pytest.fixture(scope="module")
def address(trained: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "artificer", "serve", str(trained), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        place = process.stdout.readline().split()[0]
        labelled(place)
        yield place
    finally:
        process.kill()
        process.communicate(timeout=30)


def labelled(address: str) -> None:
    """Have rows answered, and their labels come in."""
    found = rows(400, 30, slope=1.0)
    sent = {"rows": json.loads(found.drop("returned").write_json())}
    answers = httpx.post(f"{address}/predict", json=sent, timeout=60).json()["predictions"]
    labels = [
        {"prediction_id": answer["prediction_id"], "label": label}
        for answer, label in zip(answers, found["returned"], strict=True)
    ]
    assert httpx.post(f"{address}/feedback", json={"labels": labels}, timeout=60).json()["new"] == 300


@pytest.mark.parametrize(("size", "look"), [(DESK, "light"), (HAND, "dark")], ids=["desk, light", "hand, dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    browser: Any, address: str, size: dict[str, int], look: str
) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context(viewport=size, color_scheme=look, bypass_csp=True)
    page = context.new_page()
    for one in (*(one.path for one in PAGES), "/pages/batch/nothing"):
        page.goto(address + one)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate(axe)
        found = page.evaluate(AXE)["violations"]
        bad = [
            (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")
        ]
        assert not bad, (one, bad)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], one
    context.close()


def test_no_page_asks_another_place_for_anything_or_complains(browser: Any, address: str) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for one in PAGES:
        page.goto(address + one.path)
        assert page.get_by_role("link", name=one.title, exact=True).first.get_attribute("aria-current") == "page"
    assert not said
    assert asked
    assert all(url.startswith(address) for url in asked)
    page.close()


def test_a_person_tries_a_row_without_a_script(browser: Any, address: str, trained: Path) -> None:
    context = browser.new_context(viewport=HAND, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/pages/predict")
    page.locator("#row [name=size]").fill("1.5")
    page.locator("#row [name=colour]").select_option("blue")
    page.get_by_role("button", name="Predict").click()
    at = page.locator("#row [name=at]").input_value()
    served = ledger_of(trained.parent / "artificer-work").served("orders")
    assert served is not None
    predictor = artificer_runtime.load(trained.parent / "artificer-work" / "packages" / served.version)
    expected = predictor.predict_proba(pl.DataFrame({"size": [1.5], "colour": ["blue"], "at": [at]}))[0, 1]
    assert float(page.locator("[data-class=yes]").get_attribute("data-chance") or "nan") == expected
    page.locator("#row [name=size]").fill("much")
    page.get_by_role("button", name="Predict").click()
    assert page.locator("#row [name=size]").get_attribute("aria-invalid") == "true"
    assert page.locator("#row [name=size]").input_value() == "much"
    context.close()


def test_a_slider_is_moved_by_keys_and_the_answer_follows(browser: Any, address: str) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"{address}/pages/predict")
    before = page.locator("#prediction").inner_text()
    page.get_by_label("size, slider").focus()
    page.keyboard.press("End")
    page.wait_for_selector(".change")
    assert page.locator("#prediction").inner_text() != before
    assert page.locator("#row [name=size]").input_value() == page.get_by_label("size, slider").get_attribute("max")
    page.locator("#row [name=size]").fill("much")
    page.wait_for_selector("#answer .wrong")
    page.close()


def test_keys_alone_reach_the_page_the_links_and_the_form(browser: Any, address: str) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.goto(f"{address}/pages/predict")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert {"size", "colour", "at", "Predict", "Log", "Start again"} <= reached
    page.close()


def test_a_file_is_sent_watched_and_fetched(browser: Any, address: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows(300, 5, slope=1.0).drop("returned").write_csv(path)
    page = browser.new_page(viewport=HAND)
    page.goto(f"{address}/pages/batch")
    page.set_input_files("#file", path)
    page.get_by_role("button", name="Score it").click()
    page.wait_for_selector("text=50 rows are scored")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="CSV").click()
    found = pl.read_csv(fetched.value.path())
    assert found.height == 50
    assert found["score"].is_between(0, 1).all()
    page.get_by_role("button", name="Remove it now").click()
    page.wait_for_selector("text=Score a file")
    page.close()


def test_a_person_signs_in_uses_a_form_and_signs_out(browser: Any, tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve()
    kept, text = made("ann", ["predict"])
    client.ledger.keys.add(kept)
    with server(client.brief) as (_, address):
        page = browser.new_page(viewport=DESK)
        page.goto(f"{address}/pages/predict")
        page.get_by_label("Key").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#wrong")
        page.get_by_label("Key").fill(text)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/pages/predict")
        page.locator("#row [name=x]").fill("1.5")
        page.get_by_role("button", name="Predict").click()
        page.wait_for_selector("#prediction")
        assert page.locator("#row [name=x]").input_value() == "1.5"
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{address}/sign-in")
        page.close()


def test_in_a_hand_no_cell_runs_into_the_next(browser: Any, tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").serve("v2")
    with server(client.brief) as (_, address):
        page = browser.new_page(viewport=HAND)
        page.goto(f"{address}/pages/versions")
        wide = (
            "[...document.querySelectorAll('.scroll td:first-child')].filter(one => one.scrollWidth > one.clientWidth)"
        )
        assert page.evaluate(f"{wide}.map(one => one.textContent)") == []
        page.close()


def test_what_came_in_is_told(browser: Any, address: str) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"{address}/pages/watching")
    assert "harm the score" in page.locator(".lead").inner_text()
    assert page.locator("#calibrated svg circle").count() == 10
    assert "300 rows" in page.locator("#calibrated").inner_text()
    page.goto(f"{address}/pages/log")
    page.get_by_role("link", name="audit", exact=False).first.click()
    assert page.locator("main section").count() == 1
    page.close()
