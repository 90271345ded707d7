"""A word in its sentences: nobody learns another coder's level by it unrecorded."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.protocols import compose
from cer_assist.services.importing import import_protocols
from cer_assist.services.word_contexts import AROUND, contexts, note_views
from cer_assist.store.engine import Database
from cer_assist.store.tables import Disclosure, Project, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label, a_member, a_project

TEXT = "A committee of residents decides. The committees meet. " + "And so it goes on. " * 20


def two_protocols(session: Session, project: Project) -> list[int]:
    texts = [compose(name, "Title", [("Aims", TEXT)], {}) for name in ("A", "B")]
    import_protocols(session, project, texts, [], by=None)
    return list(session.scalars(select(Protocol.id).order_by(Protocol.id)))


def test_a_coder_gets_what_they_gave_that_level_themselves(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        first, second = two_protocols(session, project)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        a_label(session, project, first, by=ana.id, level=5)
        a_label(session, project, second, by=ben.id, level=5)
        found = contexts(session, project, ana.id, Role.coder, 5, "Committee")
        assert [place.external_id for place in found] == ["A"]
        assert found[0].word == "committee"
        assert found[0].before.endswith("A ")
        assert found[0].after.startswith(" of residents")
        assert len(found[0].after) <= AROUND + 2
        assert contexts(session, project, ana.id, Role.coder, 4, "committee") == []
        assert contexts(session, project, ana.id, Role.coder, 5, "commit") == []
        assert contexts(session, project, ana.id, Role.coder, 5, "c.mmittee") == []
        note_views(session, ana.id, found)
        assert session.scalars(select(Disclosure)).all() == []


def test_a_lead_gets_what_wants_no_more_reading_and_that_is_recorded(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        first, second = two_protocols(session, project)
        ana, lead = a_member(session, project, "ana"), a_member(session, project, "lea", Role.lead)
        for protocol in (first, second):
            a_label(session, project, protocol, by=ana.id, level=5)
        session.get_one(Protocol, first).coders_missing = 0
        session.get_one(Protocol, second).coders_missing = 1
        found = contexts(session, project, lead.id, Role.lead, 5, "committee")
        assert [place.protocol_id for place in found] == [first]
        note_views(session, lead.id, found)
        [seen] = session.scalars(select(Disclosure))
        assert (seen.protocol_id, seen.account_id, seen.what) == (
            first,
            lead.id,
            Disclosed.peer_label,
        )
