"""Drawing anew how many readers protocols want, where nothing was begun."""

from __future__ import annotations

import json
import random

import pytest
from sqlalchemy import select

from cer_assist.domain.dealing import is_drawn
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import assignments, queue, readers
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Protocol
from cer_assist.store.tables.assignments import AssignmentKind
from tests.builders import a_fence, a_label, a_member, a_project, some_protocols


def test_what_was_begun_or_set_apart_stays(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        found = some_protocols(session, project, 30)
        a_label(session, project, found[0].id, by=ana, level=2)
        served = queue.serve_next(session, project, ana, random.Random(1))
        assert served is not None
        left = [p.id for p in found[1:] if p.id != served.protocol_id]
        a_fence(session, project, left[:3])
        assignments.ask(session, project, left[3], ana, AssignmentKind.assigned)
        fenced_and_begun = {found[0].id, served.protocol_id, *left[:4]}
        session.expire_all()
        before = {p.id: (p.coders_wanted, p.coders_missing) for p in found}
        assert readers.standing(session, project.id).wanted == {1: 24}
        project.coders_per_protocol, project.double_coded_share = 2, 0.5
        drawn = readers.draw_anew(session, project, ana)
        assert drawn == readers.standing(session, project.id)
        assert drawn.protocols == 24
        assert set(drawn.wanted) == {2, 3}
        session.expire_all()
        for p in session.scalars(select(Protocol)):
            now = (p.coders_wanted, p.coders_missing)
            if p.id in fenced_and_begun:
                assert now == before[p.id]
            else:
                assert now in ((2, 2), (3, 3))
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == readers.DRAWN))
        said = json.loads(event.detail)
        assert sum(said["protocols"].values()) == 24
        more = sum(is_drawn(said["seed"], p.id, 0.5) for p in found if p.id in left[4:])
        assert more == drawn.wanted[3]  # anyone can draw it again


@pytest.mark.parametrize(("share", "expected"), [(0.0, {1}), (1.0, {2})])
def test_none_and_all(database: Database, share: float, expected: set[int]) -> None:
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project, 10)
        project.double_coded_share = share
        assert set(readers.draw_anew(session, project, None).wanted) == expected


def test_where_all_was_begun_nothing_is_drawn(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        with pytest.raises(InvalidInput, match="nothing can change"):
            readers.draw_anew(session, project, None)
