"""The page of versions, and the forms that change what is served."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client import Client
from web import answering

from artificer.core.rollout import Shadowed
from artificer.line.ask import read_brief
from artificer.line.ship.versions import Versions


def test_versions_of_a_workspace_are_listed_and_compared(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2", slope=2.0).serve("v2")
    with answering(client.brief) as site:
        found = site.get("/pages/versions").text
        assert "Version v2 is served" in found
        assert found.count("<b>served</b>") == 1
        assert "served before" in found
        assert "These two have not met" in site.get("/pages/versions?a=v1&b=v2").text
        assert "not open to you here" in found
        log = site.get("/pages/log?stage=serve").text
        assert "promote v2" in log
        assert site.get("/pages/log?stage=<b>").status_code == 200


def signed_in(client: Client, *scopes: str, changed: Callable[[], None] | None = None) -> tuple[Any, str]:
    """A browser's session of someone with a new key, and the token that its forms send."""
    from starlette.testclient import TestClient

    from artificer.core.access import made
    from artificer.line.ship.server import Serving
    from artificer.line.ship.server.access import Gate
    from artificer.line.ship.server.app import application

    kept, text = made("ann", scopes)
    client.ledger.keys.add(kept)
    serving = Serving.of(client.brief)
    serving.changed = changed or serving.changed
    serving.gate = Gate(None, client.ledger.keys, "127.0.0.1")
    site = TestClient(application(serving), base_url="http://127.0.0.1")
    assert site.post("/sign-in", data={"key": text, "next": "/pages/versions"}).status_code == 200
    (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', site.get("/pages/versions").text))
    return site, token


def test_who_may_promote_gets_forms_that_ask_twice_and_do_it(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").serve("v2")
    site, token = signed_in(client, "predict", "operate")
    assert "-H &#39;authorization: Bearer KEY&#39;" in site.get("/pages/predict").text
    found = site.get("/pages/versions").text
    assert found.count('name="version" value="v1"') == 2  # promote it, or go back to it
    assert "Yes, serve v1" in found
    assert site.post("/versions/rollback", data={"seen": "2"}).status_code == 403
    done = site.post("/versions/rollback", data={"seen": "2", "csrf": token})
    assert done.status_code == 200
    assert done.url.path == "/pages/versions"
    assert "Version v1 is served" in done.text
    assert client.ledger.served("calls").version == "v1"


def test_what_is_tried_out_is_told_and_ended_by_its_own_form(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").serve("v2").ship("v3")
    them = Versions(read_brief(client.brief), client.ledger, client.package("v1").parent, "bob")
    them.shadow("v3")
    them.share({"v1": 0.05})
    client.ledger.rollouts.add("calls", Shadowed("v2", "v3", n_rows=40, n_other=3, difference=0.4, largest=0.2))
    site, token = signed_in(client, "predict", "operate")
    found = site.get("/pages/versions").text
    assert "<td>canary, 5% of keys</td>" in found
    assert "<td>shadow</td>" in found
    assert "v3 on 40 rows of v2: 3 other predictions" in found
    assert "End the canary of v1; v2 answers everything" in found
    assert "Roll back" not in found
    ended = site.post("/versions/rollback", data={"seen": "2", "csrf": token}).text
    assert "Version v2 is served" in ended
    assert "Roll back to v1" in ended


def test_a_trial_is_told_with_who_wanted_it_and_why(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").ship("v3")
    them = Versions(read_brief(client.brief), client.ledger, client.package("v1").parent, "bob")
    with answering(client.brief) as site:
        them.share({"v2": 0.001}, "carefully.")
        canary, log = site.get("/pages/versions").text, site.get("/pages/log?stage=serve").text
        them.share({"v2": 0.5, "v3": 0.5})
        halves = site.get("/pages/versions").text
    assert "Canary of v2: v2 answers 0.1% of keys, v1 answers the others. Since 20" in canary
    assert "UTC, by bob: carefully.</p>" in canary
    assert "<td>canary, 0.1% of keys</td>" in canary
    assert "<b>canary v2</b>: bob: carefully." in log
    assert "A/B test of v2 and v3: v2 answers 50% of keys, v3 answers 50% of keys, v1 answers none." in halves


def test_one_version_alone_is_said_to_be_compared_with_none(tmp_path: Path) -> None:
    with answering(Client(tmp_path).ask().ship().serve().brief) as site:
        assert "are compared below" not in site.get("/pages/versions").text


def test_no_form_leads_back_to_a_version_that_is_gone(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").serve("v2").ship("v3")
    site, _ = signed_in(client, "predict", "operate")
    shutil.rmtree(client.package("v1"))
    found = site.get("/pages/versions").text
    assert "Roll back to v1" not in found
    assert "v1, is not kept any more" in found


def test_the_page_after_a_change_names_the_version_that_is_served_now(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2")
    site, token = signed_in(client, "predict", "operate")
    sent = {"version": "v2", "seen": "1", "csrf": token}
    page = site.post("/versions/promote", data=sent, follow_redirects=True).text
    assert '<span class="version">version v2</span>' in page


def test_what_a_form_cannot_do_is_told_on_a_page_with_a_way_back(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2")
    site, token = signed_in(client, "predict", "operate")
    sent = {"version": "v2", "seen": "0", "csrf": token}
    person = {"accept": "text/html,*/*;q=0.8", "referer": "http://127.0.0.1/pages/versions"}
    late = site.post("/versions/promote", data=sent, headers=person)
    assert late.status_code == 409
    assert "What is served has changed since you looked; look again." in late.text
    assert 'href="/pages/versions"' in late.text
    assert site.post("/versions/promote", data=sent).json()["errors"][0]["field"] == "seen"
    assert "There is no such page" in site.get("/pages/nowhere", headers=person).text
    site.cookies.clear()
    ended = site.post("/versions/promote", data=sent, headers=person)
    assert ended.status_code == 401
    assert "the session has ended" in ended.text
    assert 'href="/sign-in?next=/pages/versions"' in ended.text
    strange = site.get("/pages/nowhere", headers=person | {"referer": "http://127.0.0.1//evil.example/"})
    assert 'href="/"' in strange.text


def test_who_serves_hears_of_what_a_person_changed(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2")
    heard: list[str] = []
    site, token = signed_in(client, "predict", "operate", changed=lambda: heard.append("again"))
    for path, sent in (
        ("promote", {"version": "v1"}),
        ("canary", {"version": "v2", "share": "0.1"}),
        ("promote", {"version": "v9"}),
    ):
        site.post(f"/versions/{path}", data=sent | {"csrf": token})
    assert heard == []
    for path, sent in (("promote", {"version": "v2"}), ("rollback", {})):
        assert site.post(f"/versions/{path}", data=sent | {"csrf": token}).status_code == 200
    assert heard == ["again", "again"]


def test_who_may_only_predict_gets_no_such_form_and_every_other(tmp_path: Path) -> None:
    client = Client(tmp_path).ask().ship().serve().ship("v2").serve("v2")
    site, token = signed_in(client, "predict")
    assert "Yes, serve" not in site.get("/pages/versions").text
    assert f'name="csrf" value="{token}"' in site.get("/pages/predict").text
    assert site.post("/pages/predict", data={"x": "1", "shop": "a"}).status_code == 403
    assert site.post("/pages/predict", data={"x": "1", "shop": "a", "csrf": token}).status_code == 200
    (action,) = re.findall(r'action="(/pages/batch[^"]*)"', site.get("/pages/batch").text)
    rows = {"file": ("rows.csv", b"x,shop\n1,a\n")}
    assert site.post("/pages/batch", files=rows).status_code == 403
    job = site.post(action, files=rows)
    assert job.status_code == 200
    assert "rows.csv" in job.text
    assert site.post("/sign-out", data={"csrf": token}).url.path == "/sign-in"


def test_four_eyes_ask_for_a_reason(tmp_path: Path) -> None:
    client = Client(tmp_path).ask(more="[authority]\nfour_eyes = true\n").ship().serve().ship("v2")
    site, token = signed_in(client, "predict", "approve")
    assert 'action="/versions/v2/approve"' in site.get("/pages/versions").text
    done = site.post("/versions/v2/approve", data={"csrf": token, "because": "it was checked"})
    assert done.status_code == 403  # the door answers: it does not know who made v2
    assert "who made 'v2'" in done.text
