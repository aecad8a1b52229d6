"""The command line: `rolltop` opens the window, its commands serve, import and ask a running server.

Exit codes: 0 done · 1 the server refused, something failed, or the doctor found something · 2 the command line or a
setting is wrong · 3 nothing is running · 4 the workspace is in use · 5 the server cannot start · 6 newer or damaged, or
the port is taken · 7 imported, but some rows did not fit · 8 something stands against an undo · 130 ended by Ctrl+C.
"""

import sys
from typing import NoReturn

from rolltop.errors import RolltopError


def main() -> NoReturn:
    """Run a command and exit with its code."""
    from rolltop.cli.commands import app

    try:
        app()
    except RolltopError as error:
        _report(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _report(error: RolltopError) -> None:
    print(f"Error: {error.message}", file=sys.stderr)
    if isinstance(error.details, str):
        print(f"  {error.details}", file=sys.stderr)
    if error.hint:
        print(f"Hint: {error.hint}", file=sys.stderr)
