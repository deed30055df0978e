"""The command `artificer`: what it prints, and what it ends with.

Exit codes: 0 done and all met; 2 bad input or usage; 3 a requirement unmet or a blocker found; 4 not shown; 70 our fault;
130 interrupted. 1 is never ours.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

BAD_INPUT, FAULT, INTERRUPTED = 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit."""
    sys.exit(exit_code_of(list(sys.argv[1:] if arguments is None else arguments)))


def exit_code_of(arguments: list[str]) -> int:
    """Run the command and give its exit code; no error but our own fault is shown as one."""
    import click

    from artificer.cli.app import app
    from artificer.core.errors import ArtificerError

    try:
        code = app.main(arguments, prog_name="artificer", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return BAD_INPUT
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; the same command goes on where this one stopped")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # whoever read our output has gone: nothing more can be said to it
        return 0
    except ArtificerError as error:
        _say(f"{type(error).__name__}: {error}" if error.exit_code == FAULT else str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the one place where our own faults end: told in a line, kept in a file
        return _input_error(error) or _fault(error)


def _input_error(error: Exception) -> int:
    from artificer_runtime.errors import RuntimeInputError

    if not isinstance(error, RuntimeInputError):
        return 0
    _say(str(error))
    return BAD_INPUT


def _fault(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="artificer-fault-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    _say(
        f"this is our fault, not yours: {type(error).__name__}: {error}. What happened is written in {Path(file.name)}; please "
        "report it with that file. What was done so far is kept: the same command goes on from there"
    )
    return FAULT


def _say(text: str) -> None:
    print(f"artificer: {text}", file=sys.stderr)
