"""The commands in their groups; each is imported when it is called, so that help is quick."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

GROUPS: dict[str, dict[str, str]] = {
    "Do": {
        "demo": "artificer.cli.use:demo",
        "ask": "artificer.cli.line:ask",
        "run": "artificer.cli.line:run",
        "predict": "artificer.cli.use:predict",
        "score": "artificer.cli.score:score",
        "review": "artificer.cli.review:review",
        "serve": "artificer.cli.serve:serve",
        "watch": "artificer.cli.watch:watch",
        "report": "artificer.cli.use:report",
    },
    "Stages of the line (each runs what it lacks)": {
        "audit": "artificer.cli.contract:audit",
        **{
            name: f"artificer.cli.stages:{name}"
            for name in ("choose", "describe", "design", "encode", "fit", "judge", "refine", "ship")
        },
        "judge": "artificer.cli.judge:judge",
        "track": "artificer.cli.track:track",
        "update": "artificer.cli.watch:update",
    },
    "Hand over a package": {
        "export": "artificer.cli.export:export",
        "deploy": "artificer.cli.deploy:deploy",
        "client": "artificer.cli.client:client",
        "sign": "artificer.cli.sign:sign",
        "verify": "artificer.cli.sign:verify",
    },
    "Look after what runs": {
        "why": "artificer.cli.ledger:why",
        "versions": "artificer.cli.versions:versions",
        "approve": "artificer.cli.versions:approve",
        "keys": "artificer.cli.keys:keys",
        "ledger": "artificer.cli.ledger:ledger",
        "forget": "artificer.cli.forget:forget",
        "doctor": "artificer.cli.care:doctor",
        "clean": "artificer.cli.care:clean",
    },
}
HELP = {
    "demo": "Run a real client's case, from brief to package.",
    "ask": "Draft a brief from data, or check a brief.",
    "run": "Run the whole line on a brief.",
    "predict": "Predict the rows of a file.",
    "report": "Write the report of the last run again.",
    "audit": "Verify data quality; or data against a contract.",
    "choose": "Choose columns and folds.",
    "describe": "Describe the data statistically.",
    "design": "Plan metric, candidates and time.",
    "encode": "Propose the representation.",
    "fit": "Train the candidates.",
    "judge": "Test a model: the brief's, a file, predictions.",
    "refine": "Blend and refit what was trained.",
    "ship": "Certify and pack the model.",
    "client": "Write a typed client, in Python or TypeScript.",
    "deploy": "Write what runs a server: images, units, alerts.",
    "doctor": "Say whether this machine has what is needed.",
    "clean": "Remove what can be computed again.",
    "track": "Find the differences in new rows that harm.",
    "update": "Champion against challenger; promote, roll back.",
    "score": "Fill a table with scores and decisions.",
    "review": "List what waits for a person, and decide it.",
    "serve": "Serve a package over HTTP, with pages for people.",
    "watch": "Track new rows, retrain and promote when that pays.",
    "sign": "Sign a package, or make a key.",
    "verify": "Is a package whole, signed, and right here?",
    "ledger": "Look into the ledger, copy it, look after it.",
    "forget": "Remove a person; name the models trained on them.",
    "approve": "Say yes to a version.",
    "keys": "Say who may do what at the server.",
    "versions": "Versions: shadow, canary, A/B, approvals.",
    "export": "Write a model as ONNX, or as a script that trains it.",
    "why": "Tell the story of one prediction.",
}


class Lazy(click.Group):
    """A group whose commands are imported when called, and listed by section."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the sections."""
        return [name for section in GROUPS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        for section in GROUPS.values():
            if cmd_name in section:
                module, _, attribute = section[cmd_name].partition(":")
                command: click.Command = getattr(import_module(module), attribute)
                return command
        return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, or name the closest one."""
        from artificer.core.errors import closest

        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = closest(args[0], self.list_commands(ctx), "closest command")
            raise click.UsageError(f"there is no command '{args[0]}'{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        for title, section in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, HELP[name]) for name in section])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "--version", package_name="artificer", message="artificer %(version)s")
def app() -> None:
    """From a client's written requirements and data to a proven, portable model.

    Begin with `artificer demo`, or with your own data: `artificer ask DATA --target COLUMN`, then `artificer run BRIEF`.
    """
