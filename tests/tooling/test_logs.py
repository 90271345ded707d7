"""A traceback in the log shows where, never what the program held in its hands there."""

from __future__ import annotations

import pytest

from cer_assist.logs import get_logger


def fail_on(protocol_text: str) -> None:
    raise ValueError(f"cannot read {len(protocol_text)} characters")


def test_a_traceback_shows_no_protocol_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(["recruited", "in", "the", "waiting", "room"])  # in no source line as such
    try:
        fail_on(text)
    except ValueError:
        get_logger().exception("job failed", job=7)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cannot read 29 characters" in printed.err
    assert "in fail_on" in printed.err
    assert text not in printed.err


def test_a_line_is_event_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger().info("job", outcome="done", seconds=1.5)
    line = capsys.readouterr().err
    assert "job" in line
    assert "outcome=done" in line
    assert "seconds=1.5" in line
