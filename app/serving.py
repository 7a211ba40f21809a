"""uvicorn around the application, in one process or several."""

import contextlib
import gc
import os
import socket
import sys

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.config import Settings, UsageError, settings_from
from app.delivery import Delivery
from app.main import create_app


def run(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until interrupted.

    Raises UsageError where the host and port cannot be had.
    """
    listening = _bound(host, port)
    # Every process makes the application from the environment, the only one as well as several.
    os.environ |= {
        "MEETING21_SEED": str(settings.seed),
        "MEETING21_DATABASE": str(settings.database),
        "MEETING21_BASE_URL": settings.base_url,
    }
    config = uvicorn.Config(
        "app.serving:worker",
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    print(f"serving {settings.base_url} (stop with Ctrl+C)", file=sys.stderr, flush=True)
    if workers == 1:
        # uvicorn has shut down in order by the time it passes the interruption on.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()


def worker() -> Delivery:
    """The application of one process."""
    app = create_app(settings_from())
    # The command line has put off looking for waste until the application is there.
    gc.enable()
    return app


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise UsageError(f"cannot serve at {host} port {port}: {reason}; choose another") from None
    listening.set_inheritable(True)
    return listening
