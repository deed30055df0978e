"""Pages of packages that were made without training: what is known is shown, what is not is said, text is text."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from client import Client, contents, table
from web import answering

import artificer_runtime
from artificer.core.life import Bins, Reference
from artificer.core.records import Estimate, Finding
from artificer.core.stages import Contract, Line, ModelTest, Requirement, Rule, Verdict
from artificer.core.store import encode, public_json
from artificer.line.ship.scores import score
from artificer.line.ship.server.pages import PAGES
from artificer.line.ship.server.pages.contract import demands
from artificer.line.ship.server.pages.material import _read, _verdict
from artificer_runtime.package import add_files, write
from artificer_runtime.schema import Column, Schema

NAN = float("nan")
SCORE = Estimate(0.81, 0.78, 0.84, "DeLong", 400)
TESTS = (
    ModelTest("overlap", "passed"),
    ModelTest("power", "warned", findings=(Finding("power", "warning", "rows", "rows are few", "bring more"),)),
)
LINES = (
    Line(Requirement("roc_auc", "roc_auc at least 0.7", at_least=0.7), "met", SCORE),
    Line(Requirement("brier", "brier at most 0.1", at_most=0.1), "not shown", SCORE, n_to_show=4321),
    Line(Requirement("size_mb", "at most 1 <MB>", at_most=1.0), "unmet", Estimate(NAN, NAN, NAN, "measured", 1)),
)
VERDICT = Verdict("sealed rows", 400, "roc_auc", SCORE, LINES, slices=(("shop = a", SCORE),), tests=TESTS)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A package alone, as old ones are: no card, no verdict, no contract."""
    write(tmp_path / "package", contents("binary", 1.0))
    return tmp_path / "package"


@pytest.fixture
def judged(bare: Path) -> Path:
    bins = Bins("", "number", (0.25, 0.5, 0.75), (), (0.0, 10.0, 20.0, 30.0, 40.0), (0.0,) * 5, (0.0,) * 5)
    reference = Reference("roc_auc", SCORE, 0.3, 100, (bins,), NAN)
    extra = {"verdict.json": public_json(VERDICT), "reference.json": encode(reference)}
    add_files(bare, extra | {"card.json": json.dumps({"name": "<b>calls</b>", "target": "won"}).encode()})
    return bare


@pytest.fixture
def site(judged: Path) -> Iterator[Any]:
    with answering(judged) as found:
        yield found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_each_page_of_a_bare_package_says_what_is_missing_and_how_to_get_it(bare: Path, page: Any) -> None:
    with answering(bare) as site:
        found = site.get(page.path)
    assert found.status_code == 200
    assert f'aria-current="page">{page.title}</a>' in found.text
    if page.title not in ("Predict", "Batch"):
        assert 'class="absent"' in found.text
        assert "artificer " in found.text


def test_a_server_starts_without_what_only_pages_need() -> None:
    program = "import sys, artificer.line.ship.server.app; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = ended.stdout.split()
    assert "artificer.line.ship.server.pages" in loaded
    assert not {"jinja2", "artificer.core.report.sections", "artificer.line.ship.server.pages.frame"} & {*loaded}


def test_pages_load_nothing_but_their_own_files_and_hold_no_inline_code(site: Any) -> None:
    for page in PAGES:
        found = site.get(page.path)
        assert found.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src 'self'"
        )
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)", found.text), page.path
        for address in re.findall(r'(?:src|href)="([^"]+)"', found.text):
            assert address.startswith(("/", "#")), address
        for address in re.findall(r'(?:src|href)="(/pages/files/[^"]+)"', found.text):
            assert site.get(address).status_code == 200


def test_requirements_are_told_with_what_would_show_them(site: Any) -> None:
    found = site.get("/").text
    assert "the model meets 1 of 3 requirements" in found
    assert "about 4,321 test rows would show it" in found
    assert "at most 1 &lt;MB&gt;" in found
    assert "<b>calls" not in found


def test_tests_that_found_something_come_first(site: Any) -> None:
    found = site.get("/pages/model").text
    assert found.index("power") < found.index("overlap")
    assert "rows are few" in found
    assert "shop = a" in found


def test_a_verdict_comes_back_from_what_others_read_with_figures_that_are_none() -> None:
    found = _verdict(public_json(VERDICT))
    assert found.lines[2].estimate is not None
    assert np.isnan(found.lines[2].estimate.low)
    assert replace(found, lines=LINES) == VERDICT


class TestCalibrated:
    @pytest.mark.parametrize("key", ['key = ["id"]', ""], ids=["by key", "by prediction"])
    @pytest.mark.parametrize("task", ["binary", "multiclass"])
    def test_labels_that_came_in_show_whether_probabilities_come_true(
        self, tmp_path: Path, key: str, task: Any
    ) -> None:
        client = Client(tmp_path).ask(key).ship(task=task).serve()
        with answering(client.brief) as site:
            rows = [{"id": number, "x": number % 60 / 10 - 3, "shop": "a"} for number in range(600)]
            told = site.post("/predict", json={"rows": rows}).json()["predictions"]
            assert 'id="calibrated"' not in site.get("/pages/watching").text
            some = [{"prediction_id": one["prediction_id"], "label": one["prediction"]} for one in told]
            site.post("/feedback", json={"labels": some[:19]})
            early = site.get("/pages/watching").text
            site.post("/feedback", json={"labels": some})
            late = site.get("/pages/watching").text
        assert "19 rows that version v1 answered or scored have a label by now; from 20 on" in early
        assert "600 rows that version v1 answered or scored" in late
        assert late.count('<circle class="dot"') >= 6

    def test_only_the_last_answer_of_the_served_version_counts(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask().ship().ship("v2", slope=-1.0).serve()
        with answering(client.brief) as site:
            for x in (-1, 1):
                site.post("/predict", json={"id": 7, "x": x, "shop": "a"})
            site.post("/feedback", json={"key": 7, "label": "no"})
            site.serving.log.flush(20)
        ((score, _, label),) = client.ledger.answers.outcomes("calls", "v1", 10)
        assert (round(score, 3), label) == (0.731, "no")
        assert client.ledger.answers.outcomes("calls", "v2", 10) == []

    @pytest.mark.parametrize("task", ["binary", "multiclass"])
    def test_rows_scored_into_a_table_count_where_the_ledger_says_what_was_said(
        self, tmp_path: Path, task: Any
    ) -> None:
        client = Client(tmp_path).ask().ship(task=task).ship("v2", task=task, slope=2.0).serve()
        client.rows(table(60))
        score(client.brief, tmp_path / "new.parquet", tmp_path / "scores.csv")
        score(client.brief, tmp_path / "new.parquet", tmp_path / "other.csv", version="v2")
        with answering(client.brief) as site:
            told = site.post("/predict", json={"id": 7, "x": 1, "shop": "a"}).json()["predictions"][0]
            labels = [{"key": number, "label": told["prediction"]} for number in range(5, 45)]
            site.post("/feedback", json={"labels": labels})
            site.serving.log.flush(20)
            page = site.get("/pages/watching").text
        found = client.ledger.answers.outcomes("calls", "v1", 1_000)
        assert len(found) == 40
        assert any(one[0] == told.get("score", max(told["probabilities"].values())) for one in found)
        assert "40 rows that version v1 answered or scored" in page

    def test_numbers_have_no_such_curve(self, tmp_path: Path) -> None:
        client = Client(tmp_path).ask().ship(task="regression").serve()
        with answering(client.brief) as site:
            site.post("/predict", json={"id": 7, "x": 1, "shop": "a"})
            site.post("/feedback", json={"key": 7, "label": 2.5})
            assert 'id="calibrated"' not in site.get("/pages/watching").text


class TestPredict:
    def test_the_form_is_filled_with_usual_values_and_answers_them_without_a_script(
        self, site: Any, judged: Path
    ) -> None:
        page = site.get("/pages/predict").text
        values = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', page)) | {"shop": "b"}
        answer = site.post("/pages/predict", data=values)
        assert answer.status_code == 200
        expected = artificer_runtime.load(judged).predict_proba({"x": float(values["x"]), "shop": "b"})[0, 1]
        assert f'data-chance="{expected}"' in answer.text

    def test_a_wrong_field_keeps_what_was_written_and_says_what_is_wrong(self, site: Any) -> None:
        answer = site.post("/pages/predict", data={"x": "<b>big</b>", "shop": "a"})
        assert answer.status_code == 422
        assert "a number is needed" in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert "&lt;b&gt;big&lt;/b&gt;" in answer.text
        assert "<b>big" not in answer.text

    def test_an_empty_field_is_missing_and_an_unknown_level_is_answered_and_kept(self, site: Any) -> None:
        answer = site.post("/pages/predict", data={"x": "", "shop": "zz"})
        assert answer.status_code == 200
        assert "a value that training never saw" in answer.text
        assert "<option selected>zz</option>" in answer.text

    def test_a_script_gets_the_answer_alone_and_how_it_changed(self, site: Any) -> None:
        sent = {"x": "2", "shop": "a", "artificer:began": "0.5"}
        answer = site.post("/pages/predict", data=sent, headers={"x-part": "answer"})
        assert "<form" not in answer.text
        assert "+38.1 points against the row you began with" in answer.text
        assert "Higher than 60% of the rows" in answer.text

    def test_the_command_for_a_program_asks_this_server_for_what_is_shown(self, site: Any) -> None:
        for headers in ({"x-part": "answer"}, {}):
            found = site.post("/pages/predict", data={"x": "1.25", "shop": "it's"}, headers=headers).text
            command = shlex.split(unescape(re.findall(r'id="program">(.+?)</pre>', found)[0]))
            assert command[:2] == ["curl", f"{site.base_url}/predict".replace("//predict", "/predict")]
            told = site.post("/predict", content=command[-1]).json()["predictions"][0]
            assert f'data-chance="{told["probabilities"]["yes"]}"' in found
        assert 'id="program"' not in site.post("/pages/predict", data={"x": "big"}).text

    def test_why_adds_up_to_the_prediction(self, tmp_path: Path) -> None:
        plain = contents("binary", 1.0)
        (one,) = plain.members
        explained = replace(one, member=replace(one.member, typical=np.array([0.5], np.float32)))
        write(tmp_path / "explained", replace(plain, members=(explained,)))
        with answering(tmp_path / "explained") as site:
            answer = site.post("/pages/predict", data={"x": "2", "shop": "a"}).text
        assert "From 62.2% for rows at large" in answer  # the logistic of 0.5
        assert "× 4.48" in answer  # e to the 1.5

    def test_why_is_left_out_where_the_package_cannot_tell(self, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: Any) -> None:
            raise artificer_runtime.RowsError("it keeps no counts")

        monkeypatch.setattr(artificer_runtime.Predictor, "explain", refused)
        assert "Why is not told: it keeps no counts." in site.get("/pages/predict").text

    def test_nonsense_is_refused_in_words(self, site: Any) -> None:
        assert (
            site.post("/pages/predict", content=b"\xff\xfe=%zz&&&==").status_code == 200
        )  # nothing of a row: all is missing
        assert site.post("/pages/predict", content=b"x=1" * 50_000).status_code == 422
        assert site.post("/pages/predict", content=b"x" * 2_000_000).status_code == 413


def test_a_contract_is_told_in_words() -> None:
    columns = Schema((Column("day", "time"), Column("age", "number"), Column("shop", "category")))
    rules = (
        Rule("present", ("day",)),
        Rule("range", ("day",), low=0.0, high=86_400.0),
        Rule("missing", ("age",), high=0.02),
        Rule("range", ("age",), low=18.0),
        Rule("set", ("shop",), values=tuple(f"s{place}" for place in range(14))),
        Rule("rows", low=10.0, high=20.0),
    )
    told = {about: said for about, _, said in demands(Contract(columns, rules=rules))}
    assert told["day"] == ["1970-01-01 to 1970-01-02"]
    assert told["age"] == ["at most 2.0% missing", "at least 18"]
    assert told["shop"][0].endswith("s11 and 2 more")
    assert told["the delivery"] == ["number of rows 10 to 20"]


def test_a_range_that_no_row_may_pass_is_told_beside_the_usual_one() -> None:
    columns = Schema((Column("age", "number"), Column("day", "time"), Column("size", "number")))
    rules = (
        Rule("range", ("age",), low=18.0, high=89.0, allow=0.01),
        Rule("range", ("age",), low=-53.0, high=160.0, severity="warning"),
        Rule("range", ("day",), low=86_400.0, allow=0.01),
        Rule("range", ("day",), low=0.0, severity="warning"),
        Rule("range", ("size",), high=5.0, allow=0.01),
        Rule("range", ("size",), high=9.0),
        Rule("range", ("size",), high=2.0, where="serving"),
    )
    told = {about: said for about, _, said in demands(Contract(columns, rules=rules))}
    assert told["age"] == ["18 to 89", "never beyond −53 to 160"]
    assert told["day"] == ["at least 1970-01-02", "never below 1970-01-01"]
    assert told["size"] == ["at most 5", "never above 9", "at most 2 (in serving alone)"]


def test_what_cannot_be_read_is_told_on_a_page(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve()
    with answering(client.brief) as site:
        assert site.get("/").status_code == 200
        (client.package("v1") / "members" / "members.json").write_text("{}")
        _read.cache_clear()
        found = site.get("/")
        assert found.status_code == 503
        assert "cannot be shown" in found.text
        assert site.post("/predict", json={"x": 1, "shop": "a"}).status_code == 200
