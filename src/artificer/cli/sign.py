"""Who made a package, and whether it predicts here what it should: the commands that sign and verify."""

from __future__ import annotations

import os
from pathlib import Path

import click

from artificer.cli.show import document, json_option, typed
from artificer.cli.subject import Subject


def _require(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    """Let every package that this process and its workers read be checked."""
    from artificer_runtime.signature import REQUIRED, public_key

    if value is not None:
        public_key(value)  # a wrong key is told before anything else
        os.environ[REQUIRED] = str(value.resolve())


require_signed_option = click.option(
    "--require-signed",
    metavar="PUBLIC",
    type=click.Path(path_type=Path),
    expose_value=False,
    callback=_require,
    help="Refuse a package that this public key did not sign; or ARTIFICER_REQUIRE_SIGNED in the environment.",
)


@click.command()
@click.argument("package", type=Subject("package"), required=False)
@click.option("--key", type=click.Path(path_type=Path), help="File of the private key, as PEM.")
@click.option("--key-env", default="", metavar="NAME", help="Environment variable that holds the private key.")
@click.option("--new-key", type=click.Path(path_type=Path), help="Make a key: FILE, and FILE.pub to hand out.")
@json_option
def sign(package: Path | None, key: Path | None, key_env: str, new_key: Path | None, as_json: bool) -> int:
    """Sign a PACKAGE, so that others can see that it is yours and unchanged; Ed25519 over its manifest."""
    from artificer.line.ship import signing

    if (package is None) == (new_key is None):
        raise click.UsageError("sign a PACKAGE, or make a key with --new-key FILE")
    if new_key is not None:
        public = signing.new_key(new_key)
        if as_json:
            document("sign", 0, {}, files={"private": new_key, "public": public})
        else:
            click.echo(f"{new_key} is the private key: keep it to yourself\n{public} is the public one: hand it out")
        return 0
    assert package is not None
    shown = signing.sign(package, key, key_env)
    if as_json:
        document("sign", 0, {"public_key": shown})
    else:
        click.echo(f"{typed(package)} is signed; its public key is {shown}")
    return 0


@click.command()
@click.argument("package", type=Subject("package"))
@click.option("--public", type=click.Path(path_type=Path), help="Public key that must have signed it.")
@json_option
def verify(package: Path, public: Path | None, as_json: bool) -> int:
    """See that a PACKAGE is whole, who signed it, and that it predicts here what it should, in each way to run it."""
    from artificer_runtime.verification import verify as verified

    found = verified(package, require_signed=public)
    if as_json:
        document("verify", 0, {"n_rows": found.n_rows, "ways": found.ways, "signature_checked": public is not None})
        return 0
    signed = f"signed by the key in {public}" if public else "its signature was not looked at (--public FILE does)"
    click.echo(f"{typed(package)} is whole; {signed}")
    for way, largest in found.ways.items():
        click.echo(f"{found.n_rows} rows, {way}: as written" + (f", to {largest:.0e}" if largest else ", to the bit"))
    return 0
