"""The command `artificer`: what it prints, and what it ends with.

Exit codes: 0 done and all met; 2 bad input or usage; 3 a requirement unmet or a blocker found; 4 not shown; 70 our fault;
130 interrupted. 1 is never ours.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

BAD_INPUT, FAULT, INTERRUPTED = 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code, says = outcome(given)
    except KeyboardInterrupt:  # while the command itself was being imported
        code, says = INTERRUPTED, INTERRUPTION
    if says:
        print(f"artificer: {says}", file=sys.stderr)
    if says and "--json" in given:
        code = _flushed(code, lambda: _error_document(given, code, says))
    sys.exit(code)


INTERRUPTION = "interrupted; the same command goes on where this one stopped"


def outcome(arguments: list[str]) -> tuple[int, str]:
    """Run the command and give its exit code, and what is to be said about an error; "" when all went well."""
    import click

    from artificer.cli.app import app
    from artificer.core.errors import ArtificerError
    from artificer_runtime.errors import RuntimeInputError

    try:
        code = app.main(arguments, prog_name="artificer", standalone_mode=False)
        sys.stdout.flush()
        return (code if isinstance(code, int) else 0), ""
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return BAD_INPUT, ""
    except click.ClickException as error:
        where = error.ctx.get_usage() + "\n" if isinstance(error, click.UsageError) and error.ctx else ""
        return BAD_INPUT, f"{error.format_message()}\n{where}".rstrip()
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED, INTERRUPTION
    except ArtificerError as error:
        return error.exit_code, f"{type(error).__name__}: {error}" if error.exit_code == FAULT else str(error)
    except RuntimeInputError as error:
        return BAD_INPUT, str(error)
    except SystemExit:  # click's own end when nobody reads our output any more
        return _unread(), ""
    except OSError as error:
        return _output_error(error) or (FAULT, _fault(error))
    except Exception as error:  # noqa: BLE001 - the one place where our own faults end: told in a line, kept in a file
        return FAULT, _fault(error)


def _output_error(error: OSError) -> tuple[int, str] | None:
    """Errors of stdout have no file name; those of files that we open have one."""
    if error.errno == errno.EPIPE:
        return _unread(), ""
    if error.errno == errno.ENOSPC and error.filename is None:
        _close_stdout()
        return BAD_INPUT, "the output cannot be written: its disk is full; free some space, or write elsewhere"
    return None
