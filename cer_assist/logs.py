"""Logs go to stderr as event and key=value, and never hold a protocol's text.

structlog's own default prints tracebacks with the value of every local variable, which here are
texts of protocols; so the one way to a logger is this module, which sets plain tracebacks first.
"""

from __future__ import annotations

import sys

import structlog
from structlog.typing import FilteringBoundLogger

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ],
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # stdout belongs to --json
)


def get_logger() -> FilteringBoundLogger:
    """A logger whose output is fit to be shown to whoever runs the machine."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
