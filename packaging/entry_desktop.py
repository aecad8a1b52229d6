"""Where the frozen window starts: `rolltop-desktop`."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # first: a spawned worker is this same program, and must not open a window
    from rolltop_desktop.__main__ import main

    sys.exit(main())
