"""The least that uvicorn can run: a function that sends one answer, whatever is asked."""

import os
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from processes import ANSWER

status, headers, body = pickle.loads(Path(os.environ[ANSWER]).read_bytes())
START = {"type": "http.response.start", "status": status, "headers": headers}
BODY = {"type": "http.response.body", "body": body}


async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    await send(START)
    await send(BODY)
