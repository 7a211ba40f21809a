"""python -m app, and meeting21: the command line as a program of its own."""

import os
import signal
import sys
from pathlib import Path

from app import INTERRUPTED


def run() -> int:
    """Run the command that was given, and return its exit code."""
    # Before there is anything to say so; what is read may take it for a fault of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    # What is started from here is this program, whatever lies where it was started.
    here, other = str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{here}{os.pathsep}{other}" if other else here
    os.environ["PYTHONSAFEPATH"] = "1"
    from app.cli import main

    code = main()
    # What was to be done is done, or was said not to be.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(run())
