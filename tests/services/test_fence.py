"""What the fenced sample is, what of it counts, and what is learnt of it: nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane, PriorLabel
from cer_assist.domain.remarks import Remark
from cer_assist.services import (
    export_rows,
    fence,
    history,
    jobs,
    labelling,
    marks,
    models,
    remarks,
    suggestions,
    training_data,
)
from cer_assist.services.fence import Standing
from cer_assist.services.importing import import_protocols
from cer_assist.services.remarks import RemarkRequest
from cer_assist.store.engine import Database
from cer_assist.store.tables import FencedFigures, FencedProtocol, Job, Protocol
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_project,
    a_request,
    some_protocols,
    two_readings,
)

FLAT = [0.2] * 5


class Sample:
    """Six protocols, the first four fenced, and two coders."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.project = a_project(session)
        self.coders = [a_member(session, self.project, name).id for name in ("ana", "ben")]
        self.ids = [protocol.id for protocol in some_protocols(session, self.project, 6)]
        a_fence(session, self.project, self.ids[:4])

    def standings(self) -> list[tuple[Standing, int | None]]:
        found = fence.readings(self.session, self.project.id)
        return [(one.standing, one.level) for one in found]

    def read(self, at: int, *levels: int) -> None:
        two_readings(self.session, self.project, self.ids[at], self.coders, *levels)


def test_nothing_said_of_a_fenced_protocol_reaches_the_learner(any_database: Database) -> None:
    with any_database.write() as session:
        sample = Sample(session)
        ana = sample.coders[0]
        said = dict.fromkeys(sample.ids, (3, FLAT))
        a_model(session, sample.project, said)
        for protocol in (sample.ids[0], sample.ids[4]):
            for coder in sample.coders:
                request = a_request(protocol, 5, evidence=((0, 5),))
                labelling.record_label(session, coder, sample.project, request)
            shown = suggestions.current_suggestion_id(session, sample.project.id, protocol)
            assert shown is not None
            history.disclose(session, protocol, ana, Disclosed.suggestion, shown)
            asked = RemarkRequest(protocol, shown, Remark.missed, 6, 8)
            remarks.record(session, sample.project.id, ana, asked)
        project_id = sample.project.id
        taught = {sample.ids[4]: 5}
        assert training_data.training_levels(session, project_id) == taught
        assert training_data.settled_levels(session, project_id) == taught
        assert training_data.marked_spans(session, project_id).keys() == taught.keys()
        rows = training_data.protocol_texts(session, project_id, [*taught])
        assert [row.id for row in marks.with_marks(session, sample.project, rows)] == [*taught]
        # What is told of them is told of both alike.
        assert training_data.may_be_known(session, project_id) == {sample.ids[0], sample.ids[4]}


def test_two_readers_are_wanted_and_only_agreement_counts(any_database: Database) -> None:
    with any_database.write() as session:
        sample = Sample(session)
        wanted = select(Protocol.coders_wanted, Protocol.coders_missing).order_by(Protocol.id)
        assert session.execute(wanted).all() == [(2, 2)] * 4 + [(1, 1)] * 2
        sample.read(0, 4, 4)
        sample.read(1, 2, 5)
        a_label(session, sample.project, sample.ids[2], by=sample.coders[0], level=1)
        assert sample.standings() == [
            (Standing.settled, 4),
            (Standing.differ, None),
            (Standing.once, None),
            (Standing.unread, None),
        ]
        assert fence.counts(fence.readings(session, sample.project.id))[Standing.once] == 1


def test_an_answer_after_a_suggestion_does_not_replace_the_blind_one(database: Database) -> None:
    with database.write() as session:
        sample = Sample(session)
        a_model(session, sample.project, {sample.ids[0]: (5, FLAT)})
        sample.read(0, 2, 4)
        assert sample.standings()[0] == (Standing.differ, None)
        shown = suggestions.current_suggestion_id(session, sample.project.id, sample.ids[0])
        for coder in sample.coders:  # both give in to the model
            history.disclose(session, sample.ids[0], coder, Disclosed.suggestion, shown)
            a_label(session, sample.project, sample.ids[0], by=coder, level=5)
        assert sample.standings()[0] == (Standing.differ, None)
        sample.read(1, 3, 3)
        for coder in sample.coders:
            history.disclose(session, sample.ids[1], coder, Disclosed.suggestion, shown)
            a_label(session, sample.project, sample.ids[1], by=coder, level=5)
        assert sample.standings()[1] == (Standing.settled, 3)


def test_a_slip_put_right_blind_counts_as_put_right(database: Database) -> None:
    with database.write() as session:
        sample = Sample(session)
        sample.read(0, 3, 4)
        a_label(session, sample.project, sample.ids[0], by=sample.coders[0], level=4)
        assert sample.standings()[0] == (Standing.settled, 4)
        current = labelling.current_event_id(session, sample.ids[0], sample.coders[0])
        undo = a_request(sample.ids[0], None, supersedes=current, action=Action.withdraw)
        labelling.record_label(session, sample.coders[0], sample.project, undo)
        assert sample.standings()[0] == (Standing.once, None)


def test_who_has_seen_something_first_is_no_blind_reader(database: Database) -> None:
    with database.write() as session:
        sample = Sample(session)
        history.disclose(session, sample.ids[0], sample.coders[1], Disclosed.peer_label, None)
        sample.read(0, 3, 3)
        assert sample.standings()[0] == (Standing.not_blind, None)


def test_imported_answers_settle_but_do_not_read(database: Database) -> None:
    with database.write() as session:
        sample = Sample(session)
        sample.read(0, 2, 5)
        final = [PriorLabel(f"P-{n}", "final", 3, lane=Lane.final) for n in (1, 2)]
        read = [PriorLabel("P-3", name, 3) for name in ("x", "y")]
        report = import_protocols(session, sample.project, [], [*final, *read], by=None)
        assert not report.errors
        assert sample.standings()[:3] == [
            (Standing.settled, 3),  # two read it blind, and the team settled it
            (Standing.not_blind, None),
            (Standing.not_blind, None),
        ]


def test_every_label_has_the_sample_measured_not_only_a_fenced_one(database: Database) -> None:
    """Else the jobs would tell which protocols are in it."""
    with database.write() as session:
        sample = Sample(session)
        kinds = select(Job.kind).where(Job.kind == jobs.FENCE)
        for at in (0, 5):
            session.execute(delete(Job))
            a_label(session, sample.project, sample.ids[at], by=sample.coders[0], level=3)
            assert list(session.scalars(kinds)) == [jobs.FENCE]
        session.execute(delete(Job))
        other = a_project(session, "other")
        protocol = some_protocols(session, other, 1)[0]
        a_label(session, other, protocol.id, by=sample.coders[0], level=3)
        assert list(session.scalars(kinds)) == []  # there is no sample


def test_exports_tell_of_answered_protocols_whether_they_are_fenced(any_database: Database) -> None:
    with any_database.write() as session:
        sample = Sample(session)
        sample.read(0, 4, 4)
        a_label(session, sample.project, sample.ids[5], by=sample.coders[0], level=3)
        rows = list(export_rows.protocol_rows(session, sample.project))
        assert [row["is_fenced"] for row in rows] == ["true", None, None, None, None, "false"]
        events = list(export_rows.label_event_rows(session, sample.project))
        assert [row["is_fenced"] for row in events] == ["true", "true", "false"]


def test_some_others_are_read_without_a_suggestion_as_well(database: Database) -> None:
    """Where suggestions are shown from the start a fenced one would stand out alone."""
    with database.write() as session:
        sample = Sample(session)
        for number, protocol in enumerate(session.scalars(select(Protocol).order_by(Protocol.id))):
            protocol.shuffle = number
        session.flush()
        found = [fence.is_withheld(session, key) for key in sample.ids]
        assert found == [True, True, True, True, False, True]
        other = some_protocols(session, a_project(session, "other"), 1)[0]
        other.shuffle = 0
        session.flush()
        assert not fence.is_withheld(session, other.id)


def test_the_newest_figures_of_the_version_in_use_are_the_estimate(database: Database) -> None:
    with database.write() as session:
        sample = Sample(session)
        assert fence.estimate(session, sample.project) is None
        version = a_model(session, sample.project, {})
        figure = {"value": 0.5, "low": 0.4, "high": 0.6}
        figures = dict.fromkeys(("accuracy", "qwk", "mae"), figure)
        figures |= {"bounds": {"low": 0.4, "high": 0.7}, "differ": 2, "population": 400}  # type: ignore[dict-item]
        for n in (20, 31, 31):
            fence.add_estimate(session, version, n, 120, figures)
        found = fence.estimate(session, sample.project)
        assert found is not None
        assert (found.n, found.size, found.wanted, found.version) == (31, 120, 4, 1)
        assert found.qwk == figure
        assert found.measured_on.startswith("31 protocols drawn at random")
        assert found.speaks_for == "the 400 protocols that nobody had read when it was drawn"
        session.flush()
        assert len(list(session.scalars(select(FencedFigures)))) == 2  # the same is not kept twice
        a_model(session, sample.project, {})
        assert models.current_version_id(session, sample.project.id) != version
        assert fence.estimate(session, sample.project) is None


@pytest.mark.parametrize("table", [FencedProtocol, FencedFigures])
def test_nothing_leaves_the_sample(any_database: Database, table: type) -> None:
    with any_database.write() as session:
        sample = Sample(session)
        fence.add_estimate(session, a_model(session, sample.project, {}), 20, 120, {})
    with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
        session.execute(delete(table))
    with any_database.read() as session:
        assert session.scalars(select(table)).first() is not None
