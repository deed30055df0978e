"""results.jsonl, accuracy.jsonl, peers.jsonl and notes.md → results.md: the newest line of each figure."""

from __future__ import annotations

import json
from pathlib import Path

from peers.lines import measured
from peers.table import section

HERE = Path(__file__).parent
TITLES = {
    "startup": "Start",
    "prediction": "Prediction from a package, trees walked by compiled code",
    "one_row": "One row from a dict or a frame of pandas, predicted and explained, and batches of 10,000 rows from pandas",
    "walk": "Trees walked, microseconds a call; one thread where two are not named",
    "exported": "A whole package, raw columns to predictions: the runtime, and onnxruntime on its exported file; one thread",
    "exported_code": "A package's script, run without Artificer: its predictions of kept-out rows against the package's",
    "scoring": "Rows of 20 columns, a million if not said, scored from a Parquet file into a table, in a process of its own",
    "tracking": "A million rows of 20 columns tracked against a package, in a process of its own",
    "auditing": "Plain data audited in one pass, imports not counted, in a process of its own",
    "contracts": "Contracts learned from one half of up to 60,000 real rows and held against the other: rules that it breaks",
    "repairs": "Problems planted in 4/5 of up to 6,000 rows: what audit says that mending gains, and what the repairs that it"
    " kept are worth on the rest, which are clean",
    "serving": "Single predictions over HTTP on loopback, one worker",
    "faults_server": "Predictions while the served version changes every two seconds; none may fail",
    "faults_bodies": "Bodies of a gigabyte, and hundreds of clients that send a byte a second, while others ask",
    "fuzzing": "Every door asked as its own OpenAPI document allows and forbids, by schemathesis",
    "faults_memory": "Requests that need more than the server has, one and 24 at once; a body of 12 MB and a row afterwards",
    "faults_feedback": "A server killed in the middle of feedback: acknowledged labels that are lost",
    "faults_score": "`artificer score` killed at any moment, and called again: rows doubled or lost",
    "prediction_log": "What keeping an answer costs a request, and how many a second reach the ledger",
    "demo": "`artificer demo`: a run, six looks at what came in with their retrainings, and a table",
    "budget": "Budget kept: `Classifier` or `Regressor` asked for so many seconds, ended when?",
    "network": "A network with numpy and with PyTorch: eight folds, 32 epochs, 30 features, one thread",
    "slices": "Weak slices of 5% of the rows, planted in a LightGBM's test rows; the library `sliceline` beside",
    "large": "Ten million rows of 20 columns, in a process of its own",
    "label_errors": "Wrong labels, 5% planted, found among at most 10,000 rows; `says`: audit reports them",
    "planted": "Faults planted in sets on which no threshold was set: found by audit, or by the tests of a model;"
    " `said_before`: sets on which the same was said without the fault",
    "planted_roles": "Faults of time, groups and keys, each beside a clean twin: found by audit, and said of the twin",
    "planted_models": "Faults put upon models, each beside the model without it: found by its test, and said of the other",
    "calibrated": "Chances pushed towards 0 and 1, found wrong in so many of 100 draws: by an interval of the gain alone, and"
    " by the test as it is; `1.0`: right chances",
    "leaks": "Leaks planted in ten sets and found by audit; none: its alarms about leaks on the sets as they are",
    "interval_costs": "What an interval of a score costs, rows by themselves and in groups of two or so",
    "coverage": "How often nominal 95% intervals hold the truth: draws from real rows that trained nothing",
    "ten": "The line on ten data sets, on the unedited output of `ask`, 60 s each",
}
HIDDEN = ("script", "commit", "machine", "when")


def main() -> None:
    """Write one table a script."""
    lines = [json.loads(line) for line in (HERE / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    out = [
        "# Results",
        "",
        "Made by `python bench/tables.py` from `results.jsonl`, `accuracy.jsonl` and `peers.jsonl`; how each is measured"
        " stands in its script.",
    ]
    for script, title in TITLES.items():
        newest = {line["name"]: line for line in lines if line["script"] == script}
        if not newest:
            continue
        columns = list(dict.fromkeys(name for line in newest.values() for name in line if name not in HIDDEN))
        out += ["", f"## {title}", "", f"| {' | '.join(columns)} | commit |", f"|{'---|' * (len(columns) + 1)}"]
        out += [
            f"| {' | '.join(str(line.get(name, '')) for name in columns)} | {line['commit']} |"
            for line in newest.values()
        ]
        out.append("")
        out.append(f"Measured on {next(reversed(newest.values()))['machine']}.")
    out += section(measured())
    out += ["", (HERE / "notes.md").read_text(encoding="utf-8").rstrip()]
    (HERE / "results.md").write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
