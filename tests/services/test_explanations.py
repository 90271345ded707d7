"""Words that are wanted, on both databases: asked for once, answered, gone with their version."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from cer_assist.services import explanations, models, suggestions
from cer_assist.services.explanations import Wanted
from cer_assist.services.models import Marked
from cer_assist.store.engine import Database
from cer_assist.store.tables import Explanation, Highlight, Job
from tests.builders import a_model, a_project, some_protocols

MARKED = Marked([[0, 5, 1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0]], [[0, 9, 1.0]], [], [], 0.5)
SAID: dict[str, Any] = {
    "level": 3,
    "probabilities": [0.1, 0.1, 0.6, 0.1, 0.1],
    "has_learnt": True,
    **MARKED._asdict(),
}


def test_a_request_is_answered_where_its_suggestion_is_or_by_itself(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        first, second = (row.id for row in some_protocols(session, project, 2))
        version = a_model(session, project, {first: (3, SAID["probabilities"])})
        suggestion = suggestions.current_suggestion_id(session, project.id, first)
        session.execute(delete(Highlight))
        for protocol_id in (first, second, first):
            explanations.ask(session, project.id, version, protocol_id)
    with any_database.write() as session:
        wanted = explanations.wanted(session, project.id)
        bare, settled = wanted
        assert bare == Wanted(version, first, suggestion, 3)
        assert settled == Wanted(version, second, None, None)
        assert len(session.scalars(select(Job).where(Job.kind == "explain")).all()) == 1
        lacking = explanations.without_words(session, wanted)
        assert lacking == {suggestion}
        models.add_marks(session, dict.fromkeys(lacking, MARKED))
        explanations.withdraw(session, [bare])
        explanations.answer(session, settled, SAID)
    with any_database.read() as session:
        assert explanations.wanted(session, project.id) == []
        assert explanations.without_words(session, wanted) == set()
        by_suggestion = suggestions.suggestion_view(session, suggestion)
        by_request = suggestions.view_on_request(session, project.id, second)
        assert by_suggestion is not None
        assert by_request is not None
        assert by_suggestion.words == by_request.words
        assert (by_suggestion.sections, by_suggestion.looks) == ([], [])
        assert by_request.has_learnt
        assert not explanations.is_pending(session, project.id, second)


def test_answers_go_with_versions_that_nobody_uses(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        [protocol] = some_protocols(session, project, 1)
        first = a_model(session, project, {})
        explanations.ask(session, project.id, first, protocol.id)
        explanations.answer(session, Wanted(first, protocol.id, None, None), SAID)
        for kept in (1, 1, 0):
            explanations.prune(session, project.id)
            assert len(session.scalars(select(Explanation)).all()) == kept
            a_model(session, project, {})
