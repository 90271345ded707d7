"""What the learner is given of the labels of a project."""

from __future__ import annotations

from cer_assist.domain.labels import Action, Lane, PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.services import labelling, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.services.labelling import current_event_id
from cer_assist.store.engine import Database
from cer_assist.store.tables import Protocol
from tests.builders import a_label, a_member, a_project, a_request, some_protocols


def test_marks_are_those_of_labels_in_force_by_every_coder(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        first, second, third = some_protocols(session, project, 3)
        other = some_protocols(session, a_project(session, slug="other"), 1)[0]

        def mark(protocol: Protocol, by: int, *spans: tuple[int, int]) -> int:
            current = current_event_id(session, protocol.id, by)
            request = a_request(protocol.id, evidence=spans, supersedes=current)
            return labelling.record_label(session, by, project, request).event_id

        mark(first, ana.id, (0, 5))
        mark(first, ana.id, (6, 11), (20, 24))  # in the place of the one before
        mark(first, ben.id, (8, 14))
        undone = mark(second, ana.id, (0, 5))
        undo = a_request(second.id, None, supersedes=undone, action=Action.withdraw)
        labelling.record_label(session, ana.id, project, undo)
        a_label(session, project, third.id, by=ana.id, level=2)
        found = training_data.marked_spans(session, project.id)
        assert found == {first.id: ((6, 11), (20, 24), (8, 14))}
        assert training_data.marked_spans(session, other.project_id) == {}


def test_an_imported_quote_without_a_place_teaches_nothing(database: Database) -> None:
    texts = [compose(f"P-{n}", f"Study {n}", [("Aims", f"Aim number {n}.")]) for n in range(2)]
    labels = [
        PriorLabel("P-0", "reader-1", 2, 3, "Aim number"),
        PriorLabel("P-1", "reader-1", 2, 3, "an aim, numbered"),
        PriorLabel("P-1", "final", 3, None, "number 1", lane=Lane.final),
    ]
    with database.write() as session:
        project = a_project(session)
        assert not import_protocols(session, project, texts, labels, by=None).errors
        found = training_data.marked_spans(session, project.id)
        rows = training_data.protocol_texts(session, project.id)
    marked = [[row.text[start:end] for start, end in found[row.id]] for row in rows]
    assert marked == [["Aim number"], ["number 1"]]
