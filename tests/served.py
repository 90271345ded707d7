"""Ending a waitress server that a test has started in a thread of its own."""

from __future__ import annotations

import errno
import threading
import time
from typing import Any

PATIENCE = 5.0  # seconds for requests under way; a browser that left may never fetch its answer


def end(server: Any, thread: threading.Thread) -> None:
    """Close its channels in its own thread, which they belong to; with none left its loop ends."""
    until = time.monotonic() + PATIENCE
    # Closed under a request, a channel would leave the file that it sends open.
    while _is_at_work(server) and time.monotonic() < until:
        time.sleep(0.01)
    try:
        server.trigger.pull_trigger(lambda: [item.close() for item in list(server._map.values())])
    except OSError as error:
        # A channel that just closed woke the loop first: it is done, and nobody is left to wake.
        if error.errno != errno.EBADF:
            raise
    thread.join(timeout=10)
    server.task_dispatcher.shutdown(timeout=5)
    assert not thread.is_alive()


def _is_at_work(server: Any) -> bool:
    return any(getattr(channel, "requests", ()) for channel in list(server._map.values()))
