"""A draw is from what nobody has read, of near-copies one, and can be done again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import fence, fence_draws, history, jobs, queue, verification
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, FencedProtocol, Job, Project
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label, a_member, a_model, a_project, some_protocols


def a_corpus(session: Session, count: int) -> tuple[Project, list[int]]:
    project = a_project(session)
    return project, [protocol.id for protocol in some_protocols(session, project, count)]


def apart(ids: list[int]) -> dict[int, int]:
    """No two of them are near-copies."""
    return {key: key for key in ids}


def test_only_what_nobody_has_read_is_drawn(any_database: Database) -> None:
    with any_database.write() as session:
        project, ids = a_corpus(session, 6)
        ana = a_member(session, project, "ana").id
        said = a_model(session, project, {ids[2]: (3, [0.2] * 5)})
        a_label(session, project, ids[0], by=ana, level=2)
        queue.serve_picked(session, project, ana, ids[1])
        history.disclose(session, ids[2], ana, Disclosed.suggestion, said)
        assert fence_draws.unread(session, project.id) == 3
        assert fence_draws.draw(session, project.id, 6, apart(ids), ana) == 3
        assert fence.fenced_ids(session, project.id) == set(ids[3:])
        assert fence_draws.unread(session, project.id) == 0


def test_of_near_copies_one_is_drawn_and_none_of_what_was_read(any_database: Database) -> None:
    with any_database.write() as session:
        project, ids = a_corpus(session, 7)
        ana = a_member(session, project, "ana").id
        a_label(session, project, ids[0], by=ana, level=2)
        # The second is a copy of the one that was read, three are copies of each other, the sixth
        # is alone, the last has come since texts were compared.
        clusters = dict(zip(ids[:6], (0, 0, 1, 1, 1, 2), strict=True))
        assert fence_draws.draw(session, project.id, 7, clusters, ana) == 2
        drawn = fence.fenced_ids(session, project.id)
        assert len(drawn & set(ids[2:5])) == 1
        assert drawn - set(ids[2:5]) == {ids[5]}
        # The copies left over are near a fenced one: a second draw finds nothing.
        assert fence_draws.draw(session, project.id, 7, clusters, ana) == 0


def test_every_protocol_is_as_likely_as_any_other(database: Database) -> None:
    """Of five, two: each one in 2 of 5 draws; 200 draws, the bound is five deviations wide."""
    times: Counter[int] = Counter()
    with database.write() as session:
        project, ids = a_corpus(session, 5)
        for _ in range(200):
            with session.begin_nested() as undone:
                fence_draws.draw(session, project.id, 2, apart(ids), None)
                times.update(fence.fenced_ids(session, project.id))
                undone.rollback()
    assert sum(times.values()) == 400
    assert all(abs(times[key] - 80) <= 35 for key in ids)


def test_a_draw_waits_for_what_is_being_served_and_leaves_it_out(any_database: Database) -> None:
    with any_database.write() as session:
        project, ids = a_corpus(session, 4)
        project_id, ana = project.id, a_member(session, project, "ana").id
    begun = threading.Event()

    def draw_all() -> int:
        begun.set()
        with any_database.write() as session:
            return fence_draws.draw(session, project_id, 4, apart(ids), None)

    with ThreadPoolExecutor(1) as pool:
        with any_database.write() as session:
            queue.serve_picked(session, session.get_one(Project, project_id), ana, ids[0])
            drawing = pool.submit(draw_all)
            assert begun.wait(10)
            with pytest.raises(StillWaiting):
                drawing.result(timeout=0.5)
        assert drawing.result(timeout=30) == 3
    with any_database.read() as session:
        assert fence.fenced_ids(session, project_id) == set(ids[1:])


def test_the_audit_says_what_was_drawn_from_and_how(database: Database) -> None:
    with database.write() as session:
        project, ids = a_corpus(session, 8)
        fence_draws.draw(session, project.id, 3, apart(ids), None)
        first = fence_draws.draws(session, project.id)
        assert [(one.asked, one.drawn, one.unread) for one in first] == [(3, 3, 8)]
        assert fence_draws.population(first) == 8
        drawn = sorted(fence.fenced_ids(session, project.id))
        fence_draws.draw(session, project.id, 9, apart(ids), None)
        found = fence_draws.draws(session, project.id)
        assert [(one.asked, one.drawn, one.unread) for one in found] == [(3, 3, 8), (9, 5, 5)]
        assert fence_draws.population(found) is None
        assert fence.fenced_ids(session, project.id) == set(ids)
        event = select(AuditEvent.detail).where(AuditEvent.action == fence_draws.DRAWN)
        detail = json.loads(session.scalars(event.order_by(AuditEvent.id)).first() or "")
        assert verification.verify(session).intact
    said = hashlib.sha256(",".join(map(str, drawn)).encode()).hexdigest()
    assert detail["protocols_sha256"] == said

    def place(key: int) -> str:
        return hashlib.sha256(f"{detail['seed']}:{key}".encode()).hexdigest()

    assert sorted(sorted(ids, key=place)[:3]) == drawn


def test_a_draw_is_asked_for_once_and_only_of_what_is_there(database: Database) -> None:
    with database.write() as session:
        project, ids = a_corpus(session, 4)
        for size in (0, 5):
            with pytest.raises(InvalidInput, match="Ask for 1 to 4"):
                fence_draws.ask(session, project, size, None)
        fence_draws.ask(session, project, 4, None)
        [payload] = session.scalars(select(Job.payload).where(Job.kind == jobs.FENCE_DRAW))
        assert payload == {"size": 4, "by": None}
        with pytest.raises(InvalidInput, match="under way already"):
            fence_draws.ask(session, project, 1, None)
        session.execute(delete(Job))
        fence_draws.draw(session, project.id, 4, apart(ids), None)
        with pytest.raises(InvalidInput, match="import more first"):
            fence_draws.ask(session, project, 1, None)
        assert len(list(session.scalars(select(FencedProtocol)))) == 4
