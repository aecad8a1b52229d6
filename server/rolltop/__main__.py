"""`rolltop`, also as `python -m rolltop`."""

import multiprocessing
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; `freeze_support` first, or a frozen app starts itself for ever."""
    multiprocessing.freeze_support()
    from rolltop.cli import main as run

    run()


if __name__ == "__main__":
    main()
