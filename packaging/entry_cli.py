"""Where the frozen command line and server start: `rolltop`."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # first: a spawned worker is this same program, and must not start a server
    from rolltop.__main__ import main

    sys.exit(main())
