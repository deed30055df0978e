"""Whatever the server's own description allows, and what it forbids, is answered as that description says; never with a 5xx."""

from __future__ import annotations

from pathlib import Path

import pytest
from client import Client
from served_client import server

from artificer.core.access import made

pytestmark = pytest.mark.slow
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis (extra dev) is not installed")


def test_every_door_answers_as_it_is_described(tmp_path: Path) -> None:
    from hypothesis import HealthCheck, given, settings
    from hypothesis.errors import Unsatisfiable
    from line.ship import kinds
    from requests import Session
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    assert kinds.VALUES  # what it registers is needed
    client = Client(tmp_path).ask(more=DECIDED).ship().ship("v2", slope=2.0).serve()
    key, secret = made("fuzz", ["admin"])
    client.ledger.keys.add(key)
    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    asked: set[str] = set()
    with server(client.brief) as (_, address), Session() as session:
        session.headers["X-API-Key"] = secret
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers=dict(session.headers))
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters):
                    continue  # nothing of it can be wrong

                @given(case=operation.as_strategy(generation_mode=mode))
                @settings(max_examples=6, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
                def answered(case: schemathesis.Case) -> None:
                    case.call_and_validate(session=session, checks=wanted)

                try:
                    answered()
                except Unsatisfiable:
                    assert mode is GenerationMode.NEGATIVE, (
                        operation.label
                    )  # it finds nothing that would be wrong there
                asked.add(operation.label)
    assert len(asked) >= 25
    assert {"POST /predict", "POST /predict/batch", "POST /predict/stream", "POST /versions/canary"} <= asked


DECIDED = "\n[decision]\nthreshold = 0.5\n"
