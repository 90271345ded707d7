"""How often scripts may ask: for each token or session, and for each address that guesses tokens.

Counted in the memory of the process. waitress is one process; with several (gunicorn) each counts
for itself, so that as many times as much gets through. Only the API is limited: the label page's
own routes refuse nobody.
"""

from __future__ import annotations

import time
from typing import cast

from flask import Flask, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from cer_assist.config import Settings
from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import TooManyAttempts


class Limits:
    """The counts of one process."""

    def __init__(self, settings: Settings) -> None:
        self._counter = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.api_per_minute)
        self._failures = RateLimitItemPerMinute(settings.api_failures_per_minute)

    def count_request(self) -> None:
        """One more of this token or session."""
        who = f"token:{g.token_id}" if "token_id" in g else f"session:{text_sha256(g.token)}"
        if not self._counter.hit(self._requests, who):
            self._refuse(self._requests, who, "You ask more often than this server lets scripts.")

    def count_failure(self) -> None:
        """One more wrong token of this address."""
        where = f"address:{request.remote_addr}"
        if not self._counter.hit(self._failures, where):
            self._refuse(self._failures, where, "Too many wrong tokens came from this address.")

    def _refuse(self, item: RateLimitItemPerMinute, key: str, why: str) -> None:
        ends_at = self._counter.get_window_stats(item, key).reset_time
        seconds = max(1, int(ends_at - time.time()) + 1)
        raise TooManyAttempts(f"{why} Ask again in {seconds} seconds.", seconds)


def register(app: Flask, settings: Settings) -> None:
    """Begin to count."""
    app.extensions["limits"] = Limits(settings)


def limits() -> Limits:
    """The app's counts."""
    return cast(Limits, current_app.extensions["limits"])
