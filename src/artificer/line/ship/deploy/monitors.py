"""A Grafana dashboard and Prometheus alert rules, on the metrics that the server gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: expressions with their legends."""

    title: str
    unit: str
    asked: tuple[tuple[str, str], ...]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert: it fires when its expression has held for so long."""

    name: str
    asked: str
    holds: str
    severity: str
    says: str


PANELS = (
    Panel("Requests", "reqps", (("sum by (status) (rate(artificer_requests_total[1m]))", "{{status}}"),)),
    Panel(
        "Time to answer",
        "s",
        tuple(
            (f"histogram_quantile({q}, sum by (le) (rate(artificer_request_seconds_bucket[5m])))", f"p{100 * q:g}")
            for q in (0.5, 0.95, 0.99)
        ),
    ),
    Panel("Rows predicted", "rowsps", (("sum(rate(artificer_rows_total[1m]))", "rows"),)),
    Panel(
        "Rows that training did not know",
        "percentunit",
        (
            (
                "sum by (flag) (rate(artificer_flags_total[5m])) "
                "/ ignoring (flag) group_left sum(rate(artificer_rows_total[5m]))",
                "{{flag}}",
            ),
        ),
        "Share of rows flagged: unseen levels, values outside training's range.",
    ),
    Panel("Requests under way", "short", (("sum(artificer_in_flight)", "under way"),)),
    Panel("Memory", "bytes", (("process_resident_memory_bytes", "{{instance}}"),)),
    Panel("Which version answers", "short", (("sum by (version) (artificer_model_info)", "{{version}}"),)),
)
RULES = (
    Rule("Down", "up == 0", "2m", "critical", "A server does not answer."),
    Rule(
        "Errors",
        'sum(rate(artificer_requests_total{status=~"5.."}[5m])) / sum(rate(artificer_requests_total[5m])) > 0.01',
        "5m",
        "critical",
        "More than one request in a hundred ends in an error of the server.",
    ),
    Rule(
        "Slow",
        "histogram_quantile(0.99, sum by (le) (rate(artificer_request_seconds_bucket[5m]))) > 0.25",
        "10m",
        "warning",
        "One request in a hundred takes more than a quarter of a second.",
    ),
    Rule(
        "Strange rows",
        "sum(rate(artificer_flags_total[30m])) / sum(rate(artificer_rows_total[30m])) > 0.2",
        "30m",
        "warning",
        "Many rows hold what training never saw: `artificer track` says whether that harms the score.",
    ),
    Rule(
        "Mixed versions",
        "count(count by (version) (artificer_model_info)) > 1",
        "15m",
        "warning",
        "Replicas answer with different versions for longer than a roll-out takes.",
    ),
)


def alerts(name: str) -> str:
    """Prometheus rules as YAML; a JSON text is YAML too, so each value is written as one."""
    lines = ["groups:", f"  - name: {name}", "    rules:"]
    for one in RULES:
        alert = "Artificer" + "".join(part.capitalize() for part in one.name.split())
        lines += [
            f"      - alert: {alert}",
            f"        expr: {json.dumps(one.asked)}",
            f"        for: {one.holds}",
            "        labels:",
            f"          severity: {one.severity}",
            "        annotations:",
            f"          summary: {json.dumps(f'{name}: {one.says}', ensure_ascii=False)}",
        ]
    return "\n".join(lines) + "\n"


def dashboard(title: str, name: str) -> str:
    """A dashboard as Grafana imports it."""
    held = {
        "title": title,
        "uid": f"artificer-{name}"[:40],
        "tags": ["artificer"],
        "timezone": "",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "panels": [_panel(place, one) for place, one in enumerate(PANELS)],
    }
    return json.dumps(held, indent=1, ensure_ascii=False) + "\n"


def _panel(place: int, one: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    targets = [
        {"refId": chr(ord("A") + number), "datasource": source, "expr": asked, "legendFormat": legend}
        for number, (asked, legend) in enumerate(one.asked)
    ]
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": one.title,
        "description": one.says,
        "datasource": source,
        "gridPos": {"x": 12 * (place % 2), "y": 8 * (place // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": one.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": targets,
    }
