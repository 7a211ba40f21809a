"""python -m app: the same as meeting21."""

import sys

from app.cli import main

sys.exit(main())
