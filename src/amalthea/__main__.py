"""`python -m amalthea`: the command `amalthea`."""

import sys

from amalthea.cli import main

if __name__ == "__main__":
    sys.exit(main())
