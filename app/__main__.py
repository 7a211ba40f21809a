"""python -m app: the same as meeting21."""

import signal
import sys

try:
    from app.cli import main
except KeyboardInterrupt:
    # Before there is anything to say so; what a shell says of it.
    sys.exit(130)

code = main()
# What was to be done is done, or was said not to be.
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(code)
