"""What coders marked, missed and contested reaches the learner, unless the lead switches it off."""

from __future__ import annotations

from cer_assist.domain.remarks import Remark
from cer_assist.services import history, labelling, marks, remarks, suggestions, training_data
from cer_assist.services.remarks import RemarkRequest
from cer_assist.store.engine import Database
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_member, a_model, a_project, a_request, some_protocols


def test_marks_and_remarks_in_force_are_given_to_the_learner(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        first, second = some_protocols(session, project, 2)
        request = a_request(first.id, evidence=((0, 5),))
        labelling.record_label(session, ana, project, request)
        said = dict.fromkeys((first.id, second.id), (3, [0.1, 0.1, 0.6, 0.1, 0.1]))
        a_model(session, project, said)

        def remark(protocol_id: int, what: Remark, start: int, end: int) -> None:
            shown = suggestions.current_suggestion_id(session, project.id, protocol_id)
            assert shown is not None
            history.disclose(session, protocol_id, ana, Disclosed.suggestion, shown)
            asked = RemarkRequest(protocol_id, shown, what, start, end)
            remarks.record(session, project.id, ana, asked)

        remark(first.id, Remark.missed, 6, 8)
        remark(second.id, Remark.not_evidence, 0, 5)
        remark(second.id, Remark.not_evidence, 6, 8)
        remark(second.id, Remark.withdrawn, 6, 8)
        rows = training_data.protocol_texts(session, project.id)
        given = {
            row.id: (row.marked, row.contested) for row in marks.with_marks(session, project, rows)
        }
        assert given == {first.id: (((0, 5), (6, 8)), ()), second.id: ((), ((0, 5),))}
        project.learns_from_marks = False
        assert marks.with_marks(session, project, rows) == rows
