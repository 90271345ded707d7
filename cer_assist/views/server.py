"""waitress serves the application: threads, pure Python, one process that owns SQLite's writers."""

from __future__ import annotations

import logging
import socket
from typing import Any

import waitress

from cer_assist.config import Settings
from cer_assist.domain.errors import InvalidInput
from cer_assist.store.engine import Database
from cer_assist.views.app import create_app


def serve(settings: Settings, database: Database) -> None:
    """Serve until the process is told to stop."""
    # With more requests than threads some wait a moment; saying so each time helps nobody.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    application = create_app(settings, database)
    waitress.serve(application, sockets=[listening_socket(settings)], **options(settings))


def options(settings: Settings) -> dict[str, Any]:
    """How waitress is run."""
    return {
        "threads": settings.threads,
        "ident": None,
        # The office's own proxy says who asks; from anyone else such headers are lies.
        "clear_untrusted_proxy_headers": not settings.behind_https,
        "max_request_body_size": (settings.upload_megabytes + 1) * 1024 * 1024,
        "channel_timeout": 60,
    }


def listening_socket(settings: Settings) -> socket.socket:
    """Bind first, so that a port in use is said plainly."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise InvalidInput(
            f"Port {settings.port} cannot be used ({error.strerror}): choose another with --port."
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
