"""`manage.py test` fails when any part fails, and never hides what a tool said."""

from __future__ import annotations

import pytest

from tests import run

GOOD = ("-c", "print('all well')")
BAD = ("-c", "print('line 3 is wrong'); raise SystemExit(1)")
NO_TESTS = ("-c", "raise SystemExit(5)")


@pytest.mark.parametrize(
    ("tool", "suite", "code"),
    [(GOOD, GOOD, 0), (BAD, GOOD, 1), (GOOD, NO_TESTS, 5), (BAD, NO_TESTS, 5)],
)
def test_one_failing_part_fails_the_run(
    tool: tuple[str, ...], suite: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "TOOLS", {"a tool": tool})
    monkeypatch.setattr(run, "SUITES", (suite, GOOD))
    monkeypatch.setattr(run, "provide_system_programs", lambda: None)
    assert run.main([]) == code


def test_a_failing_tool_is_heard_and_a_good_one_is_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run.passes("good", GOOD)
    assert not run.passes("bad", BAD)
    said = capsys.readouterr().out
    assert "== good: ok" in said
    assert "all well" not in said
    assert "== bad: FAILED" in said
    assert "line 3 is wrong" in said


def test_without_root_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    run.provide_system_programs()
    said = capsys.readouterr().out
    assert "not here: chromium" in said
    assert "apt install chromium" in said
