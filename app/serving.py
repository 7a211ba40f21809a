"""uvicorn around the application, in one process or several."""

import os
import sys

import uvicorn

from app.config import Settings, settings_from
from app.delivery import Delivery
from app.main import create_app


def run(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until interrupted."""
    print(f"serving {settings.base_url} (stop with Ctrl+C)", file=sys.stderr, flush=True)
    common = {
        "host": host,
        "port": port,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "date_header": True,
    }
    if workers == 1:
        uvicorn.run(create_app(settings), **common)  # type: ignore[arg-type]
        return
    # Workers are new processes, which know the settings from the environment alone.
    os.environ |= {
        "MEETING21_SEED": str(settings.seed),
        "MEETING21_DATABASE": str(settings.database),
        "MEETING21_BASE_URL": settings.base_url,
    }
    uvicorn.run("app.serving:worker", factory=True, workers=workers, **common)  # type: ignore[arg-type]


def worker() -> Delivery:
    """The application of one worker process."""
    return create_app(settings_from())
