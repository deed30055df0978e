"""Commands that write a model in a form that needs nothing of ours."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.show import coloured, document, json_option, typed, workspace_option
from artificer.cli.subject import Subject, refuse_over


@click.group()
def export() -> None:
    """Write a model in a form that needs nothing of ours: leaving costs nothing."""


@export.command("mlflow")
@click.argument("package", type=Subject("package"))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="A folder that is not there yet.")
@json_option
def as_mlflow(package: Path, out: Path, as_json: bool) -> int:
    """Write a PACKAGE as an MLflow model: `mlflow.pyfunc.load_model` reads it, and nothing is pickled.

    Where it is loaded, artificer-runtime must be installed. MLflow itself is not needed to write it.
    """
    from artificer.line.ship.mlflow import mlflow_model

    made = mlflow_model(package, out)
    if as_json:
        document("export mlflow", 0, {"folder": str(made)}, files={"MLmodel": made / "MLmodel"})
        return 0
    click.echo(f"{typed(made)}: load it with mlflow.pyfunc.load_model")
    return 0


@export.command("onnx")
@click.argument("package", type=Subject("package"))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The file; default: the package's name with .onnx, here."
)
@click.option("--rows", type=click.Path(path_type=Path), help="Write the rows that travel in the file as JSON, too.")
@json_option
def as_onnx(package: Path, out: Path | None, rows: Path | None, as_json: bool) -> int:
    """Write a PACKAGE as one ONNX file: raw columns in, predictions out, for whatever language runs ONNX.

    onnxruntime runs it on synthetic rows first, and it is written only where it predicts as the package does. Those rows and
    their predictions travel in the file. Needs the extra 'onnx'.
    """
    from artificer.line.ship.onnx import export_onnx

    refuse_over("--out", out, package)
    refuse_over("--rows", rows, package)
    done = export_onnx(package, out, rows=rows)
    files = {"onnx": done.path} | ({"rows": rows} if rows is not None else {})
    if as_json:
        result = {"n_rows": done.n_rows, "largest_difference": done.worst, "size_mb": done.size_mb}
        document("export onnx", 0, result, files=files)
        return 0
    click.echo(
        f"{typed(done.path)}: {done.size_mb:g} MB; on {done.n_rows} synthetic rows onnxruntime predicts as the package does, "
        f"but for {done.worst:.1g} at most"
    )
    return 0


@export.command("code")
@click.argument("package", type=Subject("package"))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The script; default: train.py, here.")
@click.option(
    "--brief", type=click.Path(path_type=Path), help="Beside which the data lie; default: beside the workspace."
)
@workspace_option
@json_option
def as_code(package: Path, out: Path | None, brief: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Write a plain script that trains the model of a PACKAGE again, with the learners' own libraries alone, and predicts.

    It says where it trains another model than the one that was shipped. Needs the run's workspace and its data.
    """
    from artificer.line.ship.script import export_code

    refuse_over("--out", out, package, brief)
    if out is None and Path("train.py").exists():  # a name that people give to scripts of their own
        raise click.UsageError("'train.py' is there already; name the script with --out")
    done = export_code(package, out, brief=brief, workspace=workspace)
    if as_json:
        document("export code", 0, {"n_lines": done.n_lines, "differs": done.differs}, files={"script": done.path})
        return 0
    click.echo(f"{typed(done.path)}: {done.n_lines} lines; it imports nothing of Artificer")
    if done.differs:
        click.echo(coloured(f"? not the same model: {done.differs}"))
    return 0
