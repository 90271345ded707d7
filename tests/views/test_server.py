"""What waitress lets through to the application, over a real connection."""

from __future__ import annotations

import http.client
import threading
from contextlib import closing
from typing import Any

import pytest
import waitress.server
from flask import Flask, request

from cer_assist.config import Settings
from cer_assist.views.app import create_app
from cer_assist.views.server import options
from tests.served import end
from tests.views.office import Office


def who_asks(app: Flask, settings: Settings) -> str:
    """The address and scheme the application sees when a proxy's headers come along."""
    app.add_url_rule("/who", "who", lambda: f"{request.remote_addr} {request.scheme}")
    app.before_request_funcs.clear()  # only the connection is looked at here
    server: Any = waitress.server.create_server(app, host="127.0.0.1", port=0, **options(settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", server.effective_port)) as asking:
            headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
            asking.request("GET", "/who", headers=headers | {"Connection": "close"})
            return asking.getresponse().read().decode()
    finally:
        end(server, thread)


@pytest.mark.parametrize(
    ("behind_https", "seen"), [(True, "203.0.113.7 https"), (False, "127.0.0.1 http")]
)
def test_only_behind_a_proxy_its_headers_count(
    office: Office, settings: Settings, behind_https: bool, seen: str
) -> None:
    changed = settings.model_copy(update={"behind_https": behind_https})
    assert who_asks(create_app(changed, office.database), changed) == seen
