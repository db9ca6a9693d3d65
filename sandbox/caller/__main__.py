"""Lets `python -m sandbox.caller` place a call, like `python -m sandbox call`."""

import sys

from sandbox.caller.cli import main

if __name__ == "__main__":
    sys.exit(main())
