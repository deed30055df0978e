"""The command `artificer`: what it prints, and what it ends with.

Exit codes: 0 done and all met; 2 bad input or usage; 3 a requirement unmet or a blocker found; 4 not shown; 70 our fault;
130 interrupted. 1 is never ours.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence

BAD_INPUT, FAULT, INTERRUPTED = 2, 70, 130
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What a system says of a place, and no fault of ours: a command may be told to write anywhere.
REFUSES = NO_ROOM | {errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG}
STOPPED = "interrupted; the same command goes on where this one stopped"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an encoding without ✓ shows ? instead
            stream.reconfigure(errors="replace")
    try:
        code, says = outcome(given)
        if says and "--json" in given:
            _error_document(given, code, says)
    except KeyboardInterrupt:  # while the commands were being imported
        code, says = INTERRUPTED, STOPPED
    if says:
        print(f"artificer: {says}", file=sys.stderr)
    sys.exit(code)


def outcome(arguments: list[str]) -> tuple[int, str]:
    """Run the command and give its exit code, and what is to be said about an error: "" when there was none."""
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
        usage = f"\n{error.ctx.get_usage()}" if isinstance(error, click.UsageError) and error.ctx else ""
        return BAD_INPUT, error.format_message() + usage
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED, STOPPED
    except ArtificerError as error:
        return error.exit_code, f"{type(error).__name__}: {error}" if error.exit_code == FAULT else str(error)
    except RuntimeInputError as error:
        return BAD_INPUT, str(error)
    except SystemExit:  # click ends itself when nobody reads its output any more
        return _unread()
    except Exception as error:  # noqa: BLE001 - the one place where our own faults end: told in a line, kept in a file
        return _refused(error) or (FAULT, _fault(error))


def _refused(error: Exception) -> tuple[int, str] | None:
    """Whether a file, or stdout, which such an error names nowhere, takes nothing."""
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.EPIPE and error.filename is None:
        return _unread()
    if error.errno not in REFUSES:
        return None
    try:
        sys.stdout.flush()
    except OSError:
        _unread()
    place = f"'{error.filename}'" if error.filename is not None else "the output"
    if error.errno in NO_ROOM:
        says = f"{place} cannot be written: its disk is full, or holds no larger file; free some space, or write it elsewhere"
    else:
        says = f"{place} cannot be used: {error.strerror}; see that it may be read and written, or name another place"
    return BAD_INPUT, says


def _unread() -> tuple[int, str]:
    """Send what is still held back nowhere, so that the interpreter's own end does not stumble over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return INTERRUPTED, ""


def _fault(error: Exception) -> str:
    import tempfile
    import traceback

    says = f"this is our fault, not yours: {type(error).__name__}: {error}. "
    try:
        with tempfile.NamedTemporaryFile("w", prefix="artificer-fault-", suffix=".txt", delete=False) as file:
            traceback.print_exception(error, file=file)
        says += f"What happened is written in {file.name}; please report it with that file. "
    except OSError:
        says += "Please report it. "
    return says + "What was done so far is kept: the same command goes on from there"


def _error_document(arguments: list[str], code: int, says: str) -> None:
    from artificer.cli.show import document

    command = next((one for one in arguments if not one.startswith("-")), "")
    document(command, code, {"error": says})
