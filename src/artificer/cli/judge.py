"""The command that tests a model: a brief's, one in a file, or a column of predictions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artificer.cli.show import How, coloured, document, line_options
from artificer.cli.stages import run_stage
from artificer.cli.subject import Subject, refuse_over, what

if TYPE_CHECKING:
    import polars as pl

    from artificer.line.judge.about import About
    from artificer.line.judge.examination import Examination
    from artificer.line.judge.explanation import Explanation

MODELS = (".onnx", ".skops", ".cbm", ".pkl", ".pickle", ".joblib", ".sav")


@dataclass(frozen=True, slots=True)
class Given:
    """What was said of a model and its rows; "" and None where nothing was."""

    target: str = ""
    predictions: str = ""
    train: Path | None = None
    previous: str = ""
    metric: str = ""
    positive: str | None = None
    time: str = ""
    group: str = ""
    weight: str = ""
    protected: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    effect: tuple[str, ...] = ()


@click.command()
@click.argument("subject", metavar="BRIEF|MODEL|TABLE", type=click.Path(path_type=Path))
@click.argument("data", metavar="[DATA]", required=False)
@line_options
@click.option("--target", default="", help="The column of DATA that holds the labels; a package knows its own.")
@click.option("--predictions", default="", help="The column of TABLE that holds predictions: there is no model.")
@click.option("--train", type=click.Path(path_type=Path), help="The rows that trained the model: more tests run.")
@click.option("--previous", default="", help="The model in use; with --predictions, the column of its predictions.")
@click.option("--metric", default="", help="What to score by; default: the task's usual one.")
@click.option("--positive", help="Of two classes, the one that is success; default: the last in sorted order.")
@click.option("--time", default="", help="The column that holds each row's moment.")
@click.option("--group", default="", help="The column whose equal values belong together.")
@click.option("--weight", default="", help="The column that holds how many rows each one stands for.")
@click.option("--protected", multiple=True, help="A column whose groups shall fare alike; may be given again.")
@click.option("--changeable", multiple=True, help="A column that a person can change; may be given again.")
@click.option("--effect", multiple=True, help="COLUMN=increasing or COLUMN=decreasing, as the prediction must go.")
@click.option("--explain", is_flag=True, help="Say what MODEL's predictions hang on, and what would turn them.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write the tests as JUnit XML, a test case each.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def judge(
    subject: Path, data: str | None, how: How, junit: Path | None, strict: bool, explain: bool, **given: Any
) -> int:
    """Test the model of BRIEF on the sealed rows; or any MODEL on the labelled rows of DATA; or predictions in TABLE.

    A MODEL is a package, an .onnx or .skops file, or one that LightGBM or CatBoost saved; a pickle is not opened. Ends with 3
    where a test failed.
    """
    asked = Given(**given)
    refuse_over("--junit", junit, subject, data, asked.train)
    if not _is_model(subject, data, asked):
        Subject("brief").convert(subject, None, None)
        said = {**given, "junit": junit, "strict": strict, "explain": explain}
        if wrong := [f"--{name}" for name, value in said.items() if value]:
            raise click.UsageError(
                f"{', '.join(wrong)}: of a MODEL or a TABLE alone; a brief says itself what its model is tested for, and the "
                "report explains it (artificer report BRIEF)"
            )
        return run_stage("judge", subject, how)
    if explain and asked.predictions:
        raise click.UsageError("predictions alone cannot be explained; --explain needs MODEL and DATA")
    found, told = (_of_table(subject, asked), None) if asked.predictions else _of_model(subject, data, asked, explain)
    code = found.exit_code(strict=strict)
    if junit is not None:
        from artificer.core.store import write_bytes

        write_bytes(junit, found.junit(strict=strict).encode())
    if how.as_json:
        result = {"metric": found.metric, "score": found.score, "n_rows": found.n_rows, "tests": found.tests}
        result |= {"explanation": told} if told is not None else {}
        document("judge", code, result, findings=found.findings, files={"junit": junit} if junit else {})
        return code
    for line in str(found).splitlines():
        click.echo(coloured(line))
    for fault in found.faults(strict=True):
        click.echo(f"to mend: {fault.where}: {fault.fix}")
    if told is not None:
        click.echo(str(told))
    return code


def _is_model(subject: Path, data: str | None, asked: Given) -> bool:
    """Whether a model is judged, not a brief.

    Raises
    ------
    click.UsageError
        When it cannot be both, or lacks its rows.
    """
    kind = what(subject)
    if kind == "brief":
        if data is not None:
            raise click.UsageError(f"only one brief is judged at a time, and '{data}' is one argument too many")
        return False
    if asked.predictions:
        if data is not None:
            raise click.UsageError(
                f"with --predictions, the table holds labels too, and '{data}' is one argument too many"
            )
        return True
    if data is None and kind == "data" and asked.target and subject.suffix.lower() not in MODELS:
        raise click.UsageError(
            f"'{subject}' holds rows, and no model: --predictions COLUMN names the column that holds its predictions; or give "
            f"the model first, artificer judge MODEL {shlex.quote(str(subject))} --target {shlex.quote(asked.target)}"
        )
    if data is None and (kind == "package" or subject.suffix.lower() in MODELS):
        raise click.UsageError("on which rows? Labelled ones that did not train it: artificer judge MODEL DATA")
    return data is not None


def _of_table(table: Path, asked: Given) -> Examination:
    from artificer.line.judge.any_model import examine_predictions

    frame = _labelled(_rows(table), asked.target, table.name)
    y, shown = _column(frame, asked.target, "--target"), _column(frame, asked.predictions, "--predictions")
    previous = _column(frame, asked.previous, "--previous") if asked.previous else None
    named = [name for name in (asked.target, asked.predictions, asked.previous) if name]
    return examine_predictions(y, shown, frame.drop(named), previous=previous, **_about(asked))


def _of_model(path: Path, data: str | None, asked: Given, explain: bool) -> tuple[Examination, Explanation | None]:
    from artificer.data.table import fingerprint
    from artificer.line.judge.about import About
    from artificer.line.judge.any_model import shown
    from artificer.line.judge.examination import examined
    from artificer.line.judge.explanation import explanation
    from artificer.line.judge.model_files import OurModel, open_model

    model = open_model(path)
    about = About(**_about(asked))
    target, whole = asked.target, _rows(data)
    missing: tuple[str, ...] = ()
    if isinstance(model, OurModel):
        about, target = _by_brief(model, about, whole.columns), target or model.target
        missing = model.brief.data.missing if model.brief is not None else ()
    frame = _labelled(whole, target, str(data), missing, getattr(model, "task", ""))
    train = None
    if asked.train is not None:
        train = _labelled(_rows(asked.train), target, asked.train.name, missing, getattr(model, "task", ""))
    seen = shown(
        model,
        _features(frame, target),
        _column(frame, target, "--target"),
        about=about,
        train=None if train is None else (_features(train, target), _column(train, target, "--target")),
        previous=open_model(Path(asked.previous)) if asked.previous else None,
        folder=path,
    )
    predictor = None
    if isinstance(model, OurModel):
        predictor, own = model.predictor, model.verdict if seen.metric == model.metric else None
        seen = replace(seen, made_from=fingerprint(whole) == model.made_of, verdict=own)
    return examined(seen), explanation(seen, predictor=predictor) if explain else None


def _by_brief(model: Any, about: About, columns: Sequence[str]) -> About:
    """What was not said is as in the brief that a package was made from, and in its verdict.

    Raises
    ------
    DataError
        When the rows lack a column that the brief names.
    """
    from artificer.core.errors import DataError

    about = replace(about, metric=about.metric or model.metric)
    if model.brief is None:
        return about
    data, features = model.brief.data, model.brief.features
    for place, name in (("data.time", data.time), ("data.group", data.group), ("data.weight", data.weight)):
        option = place.removeprefix("data.")
        if name and name not in columns and not getattr(about, option):
            raise DataError(
                f"the rows lack the column '{name}', which the package's brief names as {place}: bring it, or name another by "
                f"--{option}"
            )
    return replace(
        about,
        positive=about.positive if about.positive is not None else model.brief.target.positive or None,
        time=about.time or data.time,
        group=about.group or data.group,
        weight=about.weight or data.weight,
        protected=about.protected or features.protected,
        changeable=about.changeable or features.changeable,
        effects=about.effects or {name: effect for name, effect in features.effect.items() if effect != "any"},
    )


def _about(asked: Given) -> dict[str, Any]:
    names = ("metric", "positive", "time", "group", "weight", "protected", "changeable")
    return {name: getattr(asked, name) for name in names} | {"effects": dict(map(_effect, asked.effect))}


def _effect(text: str) -> tuple[str, str]:
    column, sign, effect = text.rpartition("=")
    if not sign or effect not in ("increasing", "decreasing"):
        raise click.UsageError(f"--effect '{text}' is no COLUMN=increasing or COLUMN=decreasing")
    return column, effect


def _rows(source: Any) -> pl.DataFrame:
    from artificer.data.readers import read

    return read(source).frame


def _labelled(frame: pl.DataFrame, target: str, name: str, missing: Sequence[str] = (), task: str = "") -> pl.DataFrame:
    """The rows that have a label, read as in training; how many have none yet is told, as of a brief's rows.

    Raises
    ------
    DataError
        When none has one.
    """
    from artificer.core.brief import Brief, Data, Target
    from artificer.core.errors import DataError
    from artificer.core.figures import counted
    from artificer.line.ask.labels import as_labels, has_label

    if target not in frame.columns:
        return frame  # refused where the column is taken
    known = has_label(frame, Brief(target=Target(column=target), data=Data(missing=tuple(missing))))
    if not known.any():
        raise DataError(f"no row of '{name}' has a label in '{target}'; bring rows whose outcome is known")
    if n_lacking := int((~known).sum()):
        lack = counted(n_lacking, "has no label and is", "have no label and are")
        click.echo(f"note: of {frame.height:,} rows of '{name}' {lack} left out", err=True)
    kept = frame.filter(known)
    wanted = Target(column=target, kind="number" if task == "regression" else "")
    return kept.with_columns(as_labels(kept[target], wanted))


def _features(frame: pl.DataFrame, target: str) -> pl.DataFrame:
    return frame.drop(target, strict=False)


def _column(frame: pl.DataFrame, name: str, option: str) -> pl.Series:
    """A column, or which option names it.

    Raises
    ------
    DataError
        When it is not named, or not there.
    """
    from artificer.core.errors import DataError, there_are

    if not name:
        raise DataError(f"which column? {option} names it; there are {', '.join(frame.columns)}")
    if name not in frame.columns:
        raise DataError(f"there is no column '{name}', which {option} names{there_are(name, frame.columns)}")
    return frame[name]
