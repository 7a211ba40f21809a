"""python -m app: the same as meeting21."""

import os
import signal
import sys

from app import INTERRUPTED

if __name__ == "__main__":
    # Before there is anything to say so; what is read may take it for a fault of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from app.cli import main

    code = main()
    # What was to be done is done, or was said not to be.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
