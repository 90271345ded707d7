"""Which readings agreement is measured on: independent ones, of protocols whose readings are in."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings, Seen
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Exposure, Lane, PriorLabel
from cer_assist.services import agreement, assignments, labelling, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import AgreementReport, Disclosure, Job, Project, Protocol
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, a_request, some_protocols, two_readings

Levels = dict[int, dict[str, int]]


def said(session: Session, project: Project, wanted: Readings | None = None) -> Levels:
    """Levels by protocol and coder."""
    found: Levels = {}
    for one in agreement.chosen(session, project.id, wanted or Readings()).readings:
        found.setdefault(one.protocol_id, {})[one.coder] = one.level
    return found


def saw(session: Session, protocol_id: int, account_id: int, what: Disclosed) -> None:
    """The coder was shown something."""
    session.add(Disclosure(protocol_id=protocol_id, account_id=account_id, what=what, at=now()))
    session.flush()


def test_only_protocols_whose_readings_are_in(any_database: Database) -> None:
    """A lead who codes must not learn by a figure what was said of what they may still read."""
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first, second, _ = (p.id for p in some_protocols(session, project))
        two_readings(session, project, first, (ana, ben), 2, 3)
        a_label(session, project, second, by=ana, level=5)
        chosen = agreement.chosen(session, project.id, Readings())
        assert said(session, project) == {first: {"ana": 2, "ben": 3}}
        assert chosen.waiting == 1


def test_who_is_still_asked_by_name_learns_nothing(database: Database) -> None:
    """A lead can deal a complete protocol to themselves: its readings wait for theirs."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben, lea = (a_member(session, project, name).id for name in ("ana", "ben", "lea"))
        first = some_protocols(session, project)[0].id
        two_readings(session, project, first, (ana, ben), 2, 3)
        assignments.ask(session, project, first, lea, AssignmentKind.assigned)
        assert agreement.chosen(session, project.id, Readings()).waiting == 1
        assert said(session, project) == {}
        a_label(session, project, first, by=lea, level=4)
        assert said(session, project) == {first: {"ana": 2, "ben": 3, "lea": 4}}


def test_a_final_level_changes_nothing(database: Database) -> None:
    """Neither for what is read twice nor by making complete what is not."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first, second, _ = (p.id for p in some_protocols(session, project))
        two_readings(session, project, first, (ana, ben), 1, 4)
        a_label(session, project, second, by=ana, level=5)
        before = said(session, project)
        finals = [
            PriorLabel(f"P-{number}", "team", level, lane=Lane.final)
            for number, level in ((1, 4), (2, 3))
        ]
        assert not import_protocols(session, project, [], finals, by=None).errors
        assert session.get_one(Protocol, second).coders_missing == 0
        assert said(session, project) == before


def test_what_was_said_before_seeing_anything_counts(database: Database) -> None:
    """A slip put right in time does; a change of mind after a suggestion does not."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first = some_protocols(session, project)[0].id
        two_readings(session, project, first, (ana, ben), 1, 4)
        a_label(session, project, first, by=ana, level=2)
        saw(session, first, ana, Disclosed.suggestion)
        a_label(session, project, first, by=ana, level=4)
        assert said(session, project) == {first: {"ana": 2, "ben": 4}}
        now_ = Readings(seen=Seen.anything)
        assert said(session, project, now_) == {first: {"ana": 4, "ben": 4}}


def test_who_had_seen_the_suggestion_first_has_no_independent_reading(database: Database) -> None:
    """Their answer counts only where everything does."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first = some_protocols(session, project)[0].id
        saw(session, first, ben, Disclosed.suggestion)
        two_readings(session, project, first, (ana, ben), 1, 4)
        assert said(session, project) == {first: {"ana": 1}}
        assert len(said(session, project, Readings(seen=Seen.anything))[first]) == 2


def test_taken_back_is_not_said(database: Database) -> None:
    """Undo leaves no reading, though the protocol is read by somebody else."""
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first = some_protocols(session, project)[0].id
        event = a_label(session, project, first, by=ana, level=3).event_id
        request = a_request(first, None, supersedes=event, action=Action.withdraw)
        labelling.record_label(session, ana, project, request)
        a_label(session, project, first, by=ben, level=5)
        assert said(session, project) == {first: {"ben": 5}}


def test_labels_made_elsewhere_are_asked_for_by_name(database: Database) -> None:
    """Nobody here knows what an imported label's coder had seen."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        first = some_protocols(session, project)[0].id
        labels = [PriorLabel("P-1", name, level) for name, level in (("reader-1", 2), ("r2", 3))]
        assert not import_protocols(session, project, [], labels, by=None).errors
        assert said(session, project) == {}
        assert len(said(session, project, Readings(seen=Seen.elsewhere))[first]) == 2


def test_by_coder_rubric_and_day(database: Database) -> None:
    """Days are whole, in UTC, the first and the last included."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first = some_protocols(session, project)[0].id
        two_readings(session, project, first, (ana, ben), 1, 4)
        today = now().date()
        day = dt.timedelta(days=1)
        both = {first: {"ana": 1, "ben": 4}}
        assert said(session, project, Readings(since=today, until=today)) == both
        assert said(session, project, Readings(since=today + day)) == {}
        assert said(session, project, Readings(until=today - day)) == {}
        assert said(session, project, Readings(coders=("ben",))) == {first: {"ben": 4}}
        assert said(session, project, Readings(rubric=1)) == both
        assert said(session, project, Readings(rubric=2)) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        Readings(),
        Readings(Seen.anything, 2, dt.date(2026, 1, 1), dt.date(2026, 2, 1), ("ana", "b&c=ü")),
    ],
)
def test_a_choice_is_its_own_address(wanted: Readings) -> None:
    """What is stored beside figures gives the choice back."""
    assert Readings.from_key(wanted.key) == wanted


@pytest.mark.parametrize("given", [{"seen": "x"}, {"rubric": "one"}, {"since": "30 Nov"}])
def test_an_address_that_means_nothing_is_refused(given: dict[str, str]) -> None:
    """Rather than figures of other readings than the reader takes them for."""
    with pytest.raises(InvalidInput):
        Readings.of(given)


def test_figures_are_current_until_somebody_labels(any_database: Database) -> None:
    """And are shown meanwhile, said to be out of date; one job answers all that is asked."""
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        first, second, _ = (p.id for p in some_protocols(session, project))
        a_label(session, project, first, by=ana, level=3)
        mine = Readings(coders=("ana",))
        assert agreement.report(session, project.id, mine).is_waiting
        for wanted in (mine, Readings(), mine):
            agreement.ask(session, project.id, wanted)
        assert set(agreement.unanswered(session, project.id)) == {mine, Readings()}
        jobs = select(func.count()).select_from(Job).where(Job.kind == "agreement")
        assert session.scalar(jobs) == 1
        last = training_data.last_event_id(session, project.id)
        agreement.store(session, project.id, mine, last, {"units": 0})
        assert agreement.unanswered(session, project.id) == [Readings()]
        assert not agreement.report(session, project.id, mine).is_waiting
        a_label(session, project, second, by=ana, level=3)
        report = agreement.report(session, project.id, mine)
        assert report.is_waiting and report.found == {"units": 0}


def test_few_choices_are_kept_and_the_usual_one_always(database: Database) -> None:
    """Whoever tries many filters fills no database."""
    with database.write() as session:
        project = a_project(session)
        agreement.ask(session, project.id, Readings())
        agreement.store(session, project.id, Readings(), 0, {})
        for number in range(agreement.KEPT + 5):
            wanted = Readings(rubric=number)
            agreement.ask(session, project.id, wanted)
            agreement.store(session, project.id, wanted, 0, {})
        kept = set(session.scalars(select(AgreementReport.readings)))
        assert len(kept) == agreement.KEPT + 1
        assert {"", f"rubric={agreement.KEPT + 4}"} <= kept and "rubric=0" not in kept


def test_exposures_that_count_are_named() -> None:
    """A new exposure must be thought about before it counts as independent."""
    assert set(Exposure) == {"blind", "after_suggestion", "prefilled", "after_peer", "unknown"}
