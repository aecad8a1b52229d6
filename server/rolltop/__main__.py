"""`rolltop`, also as `python -m rolltop`."""

import multiprocessing
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; `freeze_support` first, or a frozen app starts itself for ever."""
    multiprocessing.freeze_support()
    if sys.argv[1:] == ["read-file"]:  # the packaged program as the worker of `rolltop.formats.asking`
        from rolltop.formats.worker import main as read

        sys.exit(read())
    from rolltop.cli import main as run

    run()


if __name__ == "__main__":
    main()
