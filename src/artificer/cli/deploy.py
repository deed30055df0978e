"""The command that writes what runs a server elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.show import document, json_option, workspace_option


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--memory-mb", type=int, default=512, help="What one server may use; default: 512.")
@workspace_option
@json_option
def deploy(subject: Path, out: Path, memory_mb: int, workspace: Path | None, as_json: bool) -> int:
    """Write a folder with the package, a Dockerfile, compose file, Kubernetes manifests, systemd unit, dashboard and alerts.

    Its README.md says how each is used. Nothing is started.
    """
    from artificer.line.ship.deploy import deploy as write

    written = write(subject, out, workspace=workspace, memory_mb=memory_mb)
    if as_json:
        document("deploy", 0, {"folder": str(out)}, files={path.name: path for path in written})
        return 0
    for path in written:
        click.echo(str(path))
    return 0
