"""python -m app: the same as meeting21."""

import sys

try:
    from app.cli import main
except KeyboardInterrupt:
    # Before there is anything to say so; what a shell says of it.
    sys.exit(130)

sys.exit(main())
