"""Signals are told and never act; a decision is recorded with them and can be taken back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import outlooks, stopping
from cer_assist.services.stopping import Signal
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Project
from tests.builders import a_member, a_project, some_protocols


@dataclass
class Fenced:
    """What a fenced sample would say."""

    n: int
    qwk: dict[str, Any]


def a_goal(**aims: float) -> Project:
    values = {"wanted_qwk": 0.8, "accepted_wrong_share": 0.1, "accepted_half_width": 0.1} | aims
    return Project(**values)


def said(high: float = 9.0, *, flat: bool = True) -> dict[str, Any]:
    """An outlook as far as signals need it."""
    return {"gain": {"flat": flat}, "wrong": {"expected": {"high": high}}}


@pytest.mark.parametrize(
    ("outlook", "interval", "held"),
    [
        (None, None, [None, None, None]),
        ({"gain": None, "wrong": None}, None, [None, None, None]),
        (said(), (0.7, 0.88), [True, True, True]),
        (said(), (0.7, 0.92), [False, True, True]),
        (said(flat=False), (None, None), [None, False, True]),
        (said(high=11.0), (0.7, 0.88), [True, True, False]),
    ],
)
def test_each_signal_holds_by_its_own_figure(
    outlook: dict[str, Any] | None,
    interval: tuple[float, float] | None,
    held: list[bool | None],
) -> None:
    fenced = Fenced(80, {"low": interval[0], "high": interval[1]}) if interval else None
    found = stopping.signals(a_goal(), 100, outlook, fenced)  # type: ignore[arg-type]
    assert found == dict(zip(Signal, held, strict=True))


def test_accepted_wrong_levels_are_whole_protocols() -> None:
    assert stopping.most_wrong(a_goal(accepted_wrong_share=0.07), 100) == 7
    assert stopping.most_wrong(a_goal(accepted_wrong_share=0.05), 39) == 1


def test_a_decision_is_recorded_and_taken_back_by_another(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        some_protocols(session, project, 100)
        assert stopping.last_decision(session, project.id) is None
        outlooks.store(session, project.id, said(high=9.0))
        stopping.decide(session, project, lea.id, stops=True, reason="  good enough ")
        stopped = stopping.last_decision(session, project.id)
        stopping.decide(session, project, lea.id, stops=False, reason="a new site came in")
        reopened = stopping.last_decision(session, project.id)
        events = session.execute(
            select(AuditEvent.action, AuditEvent.detail)
            .where(AuditEvent.action.like("labelling.%"))
            .order_by(AuditEvent.id)
        ).all()
        assert verify(session).intact
    assert stopped is not None
    assert (stopped.stops, stopped.by, stopped.reason) == (True, "lea", "good enough")
    assert stopped.signals == {"fence": None, "flat": True, "wrong": True}
    assert reopened is not None
    assert not reopened.stops
    assert [action for action, _ in events] == [stopping.STOPPED, stopping.GOES_ON]
    assert json.loads(events[0].detail) == {"reason": "good enough", "signals": stopped.signals}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_a_decision_needs_a_reason(database: Database, reason: str) -> None:
    with database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        with pytest.raises(InvalidInput, match=r"reason|why"):
            stopping.decide(session, project, lea.id, stops=True, reason=reason)


@pytest.mark.parametrize(
    "statement", ["UPDATE stopping_decision SET reason = 'x'", "DELETE FROM stopping_decision"]
)
def test_decisions_stay_as_they_were_made(any_database: Database, statement: str) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        stopping.decide(session, project, lea.id, stops=True, reason="enough")
    with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
        session.execute(text(statement))
