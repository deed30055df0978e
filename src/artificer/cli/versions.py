"""Commands by which a person tries versions out beside the served one, and says yes to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from artificer.cli.show import brief_argument, coloured, document, json_option, table, workspace_option

because_option = click.option("--because", default="", help="Why; kept in the ledger.")


@click.command()
@brief_argument
@click.option("--shadow", metavar="VERSION", help="Have it predict the same requests without answering.")
@click.option("--canary", metavar="VERSION", help="Have it answer the --share of keys.")
@click.option("--share", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Share of the canary.")
@click.option(
    "--ab", metavar="VERSION=SHARE", multiple=True, help="Have versions answer fixed shares that add up to 1."
)
@click.option("--end", is_flag=True, help="End shadow, canary and A/B test: the served version alone answers.")
@because_option
@workspace_option
@json_option
def versions(
    brief: Path,
    shadow: str | None,
    canary: str | None,
    share: float,
    ab: tuple[str, ...],
    end: bool,
    because: str,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """The versions of BRIEF: which is served, which are tried out, who made and approved them.

    With an option, try one out beside the served version; every server comes to it within seconds. Promoting and
    rolling back: `artificer update`.
    """
    from artificer import watch

    asked = [name for name, given in (("shadow", shadow), ("canary", canary), ("ab", ab), ("end", end)) if given]
    if len(asked) > 1:
        raise click.UsageError(f"--{asked[0]} and --{asked[1]} exclude each other: one after the other")
    with watch.versions(brief, workspace=workspace, needed="operate" if asked else "") as them:
        if shadow:
            them.shadow(shadow, because)
        elif canary:
            them.share({canary: share} if share else {}, because)
        elif ab:
            them.share(_shares(ab), because)
        elif end:
            them.shadow("", because)
            them.share({}, because)
        found = them.told()
    if as_json:
        document("versions", 0, found)
    else:
        _show(found)
    return 0


@click.command()
@brief_argument
@click.argument("version")
@click.option("--because", required=True, help="Why; kept in the ledger.")
@workspace_option
@json_option
def approve(brief: Path, version: str, because: str, workspace: Path | None, as_json: bool) -> int:
    """Say yes to a VERSION of BRIEF; it is served from now on where `watch` asked, or nothing was served yet.

    Who says it is the account that runs this, or the holder of the key in ARTIFICER_KEY; under [authority] four_eyes not
    its author.
    """
    from artificer import watch

    with watch.versions(brief, workspace=workspace, needed="approve") as them:
        served, who = them.approve(version, because), them.who
    if as_json:
        document("approve", 0, {"approved": version, "by": who, "served": served})
        return 0
    click.echo(coloured(f"✓ {version} is approved by {who}"))
    if served is not None:
        click.echo(f"served   {served.version} (revision {served.revision})")
    return 0


def _shares(given: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for one in given:
        version, _, share = one.rpartition("=")
        try:
            found[version] = float(share)
        except ValueError as error:
            raise click.UsageError(f"--ab {one}: write VERSION=SHARE, as 3f2a=0.5") from error
    if abs(sum(found.values()) - 1) > 1e-9:
        raise click.UsageError(f"the shares of --ab add up to {sum(found.values()):g}, not to 1")
    return found


def _show(found: dict[str, Any]) -> None:
    from artificer.core.rollout import percent

    shares, shadow = found["wanted"].shares, found["wanted"].shadow
    table(
        ("version", "state", "share", "made by", "approved by"),
        (
            (
                one["version"],
                one["state"],
                percent(shares[one["version"]]) if one["version"] in shares else "",
                one["author"],
                ", ".join(one["approved_by"]),
            )
            for one in found["versions"]
        ),
    )
    for one in found["shadowed"]:
        if one.shadow == shadow:
            click.echo(f"shadow   {one}")
