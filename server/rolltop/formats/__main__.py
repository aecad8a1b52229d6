"""`python -m rolltop.formats`: the worker."""

import sys

from rolltop.formats.worker import main

if __name__ == "__main__":
    sys.exit(main())
