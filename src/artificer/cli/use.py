"""Commands for who uses a model: the demo, predictions, the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from artificer.cli.show import (
    How,
    age_s,
    brief_argument,
    document,
    json_option,
    limit_option,
    progress,
    typed,
    workspace_option,
)
from artificer.cli.sign import require_signed_option
from artificer.cli.subject import Subject, refuse_over, what
from artificer.core.figures import counted

INTERVAL = ("low 90%", "high 90%")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="artificer-demo")
@limit_option
def demo(folder: Path, limit_s: float | None) -> int:
    """Run a real client's case in FOLDER: a bank chooses whom its call centre rings, and two years go by.

    Exits 0 whatever the verdict.
    """
    from artificer.case import ATTRIBUTION, unpack
    from artificer.cli.line import run_line

    brief = unpack(folder)
    click.echo(f"The client's brief is {brief}; their calls of 2008 lie beside it.\nData: {ATTRIBUTION}\n", err=True)
    run_line(brief, How(limit_s=limit_s))
    _time_goes_by(brief, limit_s)
    click.echo(
        f"\nTry it: artificer serve {typed(brief)}   Change the brief and run it again: artificer run {typed(brief)}"
    )
    return 0


def _time_goes_by(brief: Path, limit_s: float | None) -> None:
    """Let what came later come in, a few months at a time, and look at each."""
    from artificer.case import FEEDS, arrive
    from artificer.cli.watch import show
    from artificer.watch import once

    for name, year, months in FEEDS:
        if arrive(brief.parent, year, months):
            click.echo(f"\n{name} has come in: artificer watch {typed(brief)} --once")
            found = once(brief, limit_s=limit_s, progress=progress(age_s()))
            show("watch", found, How())
    _list_calls(brief)


def _list_calls(brief: Path) -> None:
    import artificer
    from artificer.cli.score import show

    click.echo(f"\nWhom to ring: artificer score {typed(brief)}")
    show(artificer.score(brief))


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.argument("rows", type=Subject("data"))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Write .csv, .parquet, .jsonl or .arrow; default: CSV to stdout.",
)
@require_signed_option
@workspace_option
@json_option
def predict(subject: Path, rows: Path, out: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Predict the ROWS of a file with a PACKAGE, or that which is served of a BRIEF.

    Gives the prediction, probabilities, and what was odd about a row.
    """
    import artificer_runtime
    from artificer.data.readers import read
    from artificer.data.table import csv_bytes, save_rows

    refuse_over("--out", out, subject, rows)
    package = _served(subject, workspace) if what(subject) == "brief" else subject
    predictor = artificer_runtime.load(package)
    frame = read(rows).frame
    predicted = predictions(predictor, frame, keys_of(package))
    if out is not None:
        save_rows(predicted, out)
        click.echo(f"{counted(predicted.height, 'prediction is', 'predictions are')} in {out}", err=True)
        if as_json:
            document("predict", 0, {"n_rows": predicted.height}, files={"predictions": out})
        return 0
    if as_json:
        document("predict", 0, {"rows": predicted.to_dicts()})
        return 0
    click.echo(csv_bytes(predicted), nl=False)
    return 0


def _served(brief: Path, workspace: Path | None) -> Path:
    from artificer.line.ship.scorer import scorer_of

    return scorer_of(brief, workspace=workspace).package


def predictions(predictor: Any, frame: Any, keys: list[str]) -> Any:
    """Predictions as a table: keys or the row's number, prediction, its interval or each class's probability, flags."""
    import polars as pl

    from artificer_runtime.predictor import ends_told

    full = predictor.predict_full(frame)
    columns = [frame[name] for name in keys if name in frame.columns] or [pl.Series("row", range(frame.height))]
    columns.append(pl.Series(f"predicted {predictor.contents.target}", full.values.tolist()))
    if full.probabilities is not None:
        classes = predictor.contents.classes
        columns += [pl.Series(f"probability {one}", full.probabilities[:, at]) for at, one in enumerate(classes)]
    if full.intervals is not None:
        ends = (ends_told(side) for side in full.intervals.T.tolist())
        columns += [pl.Series(name, side, pl.Float64) for name, side in zip(INTERVAL, ends, strict=True)]
    odd = [[name for name, flag in full.flags.items() if flag[row]] for row in range(frame.height)]
    columns.append(pl.Series("odd", [" ".join(names) for names in odd], dtype=pl.String))
    return pl.DataFrame(_told_apart(columns))


def _told_apart(columns: list[Any]) -> Iterator[Any]:
    """A key column may be called "odd": ours, which come later, give way."""
    taken: set[str] = set()
    for column in columns:
        while column.name in taken:
            column = column.alias(f"{column.name}_")
        taken.add(column.name)
        yield column


def keys_of(package: Path) -> list[str]:
    """Columns that identify a row, from the package's card."""
    import json

    from artificer_runtime.package import read

    card = read(package)[2].get("card.json")
    return list(json.loads(card).get("key", [])) if card else []


@click.command()
@brief_argument
@workspace_option
@click.option(
    "--cards",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a model card, a data sheet and technical documentation into this folder too.",
)
@json_option
def report(brief: Path, workspace: Path | None, cards: Path | None, as_json: bool) -> int:
    """Write the report of BRIEF again, from the records of its last run, and print where it is."""
    from artificer.runs import cards_again, report_again

    files = {"report": report_again(brief, workspace=workspace)}
    if cards is not None:
        files |= {path.stem: path for path in cards_again(brief, cards, workspace=workspace)}
    if as_json:
        document("report", 0, {}, files=files)
    else:
        for path in files.values():
            click.echo(str(path))
    return 0
