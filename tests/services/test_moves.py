"""What a new version says differently."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from cer_assist.services import moves
from cer_assist.services.moves import Move, Moves
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Disclosure, Suggestion
from tests.builders import a_label, a_member, a_model, a_project, some_protocols

EVEN = [0.2] * 5


def said(levels: dict[int, int]) -> dict[int, tuple[int, list[float]]]:
    """Suggestions of these levels."""
    return {protocol_id: (level, EVEN) for protocol_id, level in levels.items()}


@pytest.fixture
def two(any_database: Database) -> tuple[Database, int, int]:
    """Two versions and five protocols: one moves up, two move down, one stays, one is new."""
    with any_database.write() as session:
        project = a_project(session)
        a, b, c, d, e = (protocol.id for protocol in some_protocols(session, project, 5))
        old = a_model(session, project, said({a: 1, b: 4, c: 4, d: 2}))
        new = a_model(session, project, said({a: 2, b: 3, c: 3, d: 2, e: 5}))
        ana = a_member(session, project, "ana")
        a_label(session, project, b, by=ana.id, level=3)
    return any_database, old, new


def test_moves_are_counted_over_what_both_have_scored(two: tuple[Database, int, int]) -> None:
    database, old, new = two
    with database.read() as session:
        found = moves.moves(session, new, old)
        assert found == Moves({(1, 2): 1, (4, 3): 2, (2, 2): 1})
        assert (found.compared, found.moved) == (4, 3)
        assert moves.moves(session, old, 10_000) == Moves({})


def test_the_protocols_of_a_move_are_listed_in_order(two: tuple[Database, int, int]) -> None:
    database, old, new = two
    with database.read() as session:
        found = moves.moved(session, Move((old, new), (4, 3)), 99)
        assert [row.external_id for row in found.rows] == ["P-2", "P-3"]
        assert [row.is_complete for row in found.rows] == [True, False]
        assert (found.total, found.page, found.pages) == (2, 1, 1)
        assert moves.moved(session, Move((old, new), (3, 4)), 1).total == 0


def test_what_a_list_shows_is_recorded_once(two: tuple[Database, int, int]) -> None:
    database, old, new = two
    with database.write() as session:
        rows = moves.moved(session, Move((old, new), (4, 3)), 1).rows
        ana = session.scalars(select(Account.id)).one()
        moves.note_seen(session, rows, ana)
        moves.note_seen(session, rows, ana)
        moves.note_seen(session, [], ana)
        seen = session.execute(select(Disclosure.protocol_id, Disclosure.suggestion_id)).all()
        assert len(seen) == 4
        assert {row.protocol_id for row in seen} == {row.protocol_id for row in rows}
        levels = select(Suggestion.level).join(
            Disclosure, Disclosure.suggestion_id == Suggestion.id
        )
        assert sorted(session.scalars(levels)) == [3, 3, 4, 4]


def test_the_comparison_never_reads_a_whole_table(database: Database) -> None:
    seen: list[tuple[str, Any]] = []
    note = lambda *given: seen.append((given[2], given[3]))  # noqa: E731
    with database.read() as session:
        event.listen(session.get_bind(), "before_cursor_execute", note)
        moves.moves(session, 1, 2)
        moves.moved(session, Move((1, 2), (1, 2)), 1)
        event.remove(session.get_bind(), "before_cursor_execute", note)
        asked = [(statement, given) for statement, given in seen if statement != "BEGIN"]
        assert len(asked) == 3
        for statement, parameters in asked:
            steps = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            assert "SCAN" not in " ".join(step.detail for step in steps)
