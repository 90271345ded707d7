"""One draft for all leads, and proposals: what each database makes of them."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.wording import Wording
from cer_assist.services import proposals, rubric_drafts
from cer_assist.services.proposals import Proposed
from cer_assist.services.rubric_drafts import StaleDraft
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, RubricDraft, RubricVersion
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.rubrics import Outcome
from tests.builders import a_label, a_member, a_project, some_protocols


def titled(wording: Wording, title: str) -> Wording:
    return replace(wording, title=title)


def test_a_draft_is_saved_found_stale_published_and_begun_anew(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea", Role.lead)
        first = rubric_drafts.open_draft(session, project)
        assert (first.revision, first.by, first.faults) == ("", None, {})
        wanted = titled(first.wording, "Another title")
        revision = rubric_drafts.save(session, project, wanted, " why ", "", lea.id)
        with pytest.raises(StaleDraft, match="lea has saved this draft") as stale:
            rubric_drafts.save(session, project, first.wording, "", "", None)
        assert stale.value.stored.wording == wanted
        with pytest.raises(StaleDraft):
            rubric_drafts.publish(session, project, "", "why", [], lea.id)
        row = rubric_drafts.publish(session, project, revision, "why", [], lea.id)
        assert (row.version, project.rubric_version_id) == (2, row.id)
        assert session.scalars(select(RubricDraft)).all() == []
        with pytest.raises(StaleDraft):  # a page that was open since then
            rubric_drafts.save(session, project, wanted, "", revision, lea.id)
        again = rubric_drafts.open_draft(session, project)
        assert (again.wording.title, again.based_on.version) == ("Another title", 2)


def test_a_draft_with_faults_or_another_scale_is_no_version(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        first = rubric_drafts.open_draft(session, project).wording
        shorter = replace(first, levels=first.levels[:4])
        with pytest.raises(InvalidInput, match="stay as they are"):
            rubric_drafts.save(session, project, shorter, "", "", None)
        revision = rubric_drafts.save(session, project, titled(first, ""), "", "", None)
        with pytest.raises(InvalidInput, match="not complete"):
            rubric_drafts.publish(session, project, revision, "why", [], None)


def test_of_two_who_save_at_once_one_is_told(any_database: Database) -> None:
    with any_database.write() as session:
        a_project(session)
    ready, told = threading.Barrier(2), []

    def save(title: str) -> None:
        with any_database.write() as session:
            project = session.get_one(Project, 1)
            wording = titled(rubric_drafts.open_draft(session, project).wording, title)
        ready.wait()
        try:
            with any_database.write() as session:
                project = session.get_one(Project, 1)
                rubric_drafts.save(session, project, wording, "", "", None)
        except StaleDraft:
            told.append(title)

    threads = [threading.Thread(target=save, args=(title,)) for title in ("One", "Other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_database.read() as session:
        stored = rubric_drafts.open_draft(session, session.get_one(Project, 1)).wording.title
    assert sorted([stored, *told]) == ["One", "Other"]


def test_of_two_who_publish_at_once_one_is_told(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        wording = titled(rubric_drafts.open_draft(session, project).wording, "New")
        revision = rubric_drafts.save(session, project, wording, "", "", None)
    ready, told = threading.Barrier(2), []

    def publish() -> None:
        ready.wait()
        try:
            with any_database.write() as session:
                project = session.get_one(Project, 1)
                rubric_drafts.publish(session, project, revision, "why", [], None)
        except StaleDraft:
            told.append("told")

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["told"]
    with any_database.read() as session:
        assert session.scalars(select(RubricVersion.version)).all() == [1, 2]


def said(found: list[Proposed]) -> list[tuple[str | None, str | None]]:
    return [(one.text, one.outcome) for one in found]


def test_proposals_are_kept_decided_and_only_ever_added(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, lea = a_member(session, project, "ana"), a_member(session, project, "lea", Role.lead)
        first, second, _ = some_protocols(session, project)
        a_label(session, project, second.id, by=ana.id, level=2)
        about = [(first.id, "Of one that is open."), (second.id, "Of one that is complete.")]
        ids = [
            proposals.propose(session, project.id, ana.id, words, level=2, protocol_id=key)
            for key, words in about
        ]
        whole = proposals.propose(session, project.id, lea.id, " Of the whole. ")
        assert said(proposals.mine(session, project.id, ana.id)) == [
            ("Of one that is complete.", None),
            ("Of one that is open.", None),
        ]
        shown = proposals.for_lead(session, project.id, lea.id)
        assert [one.text for one in shown] == ["Of the whole.", "Of one that is complete.", None]
        proposals.decide(session, project, whole, Outcome.declined, "said in rule 2", lea.id)
        proposals.decide(session, project, ids[1], Outcome.taken_up, "", lea.id, version=2)
        proposals.decide(session, project, whole, Outcome.taken_up, "after all", lea.id, version=3)
        shown = proposals.for_lead(session, project.id, lea.id)
        assert [(one.outcome, one.version, one.decided_by) for one in shown] == [
            (None, None, None),
            ("taken_up", 3, "lea"),
            ("taken_up", 2, "lea"),
        ]
        with pytest.raises(NotFound):
            proposals.decide(session, a_project(session, "x"), whole, Outcome.taken_up, "", None)
    for table in ("rubric_proposal", "rubric_proposal_outcome"):
        with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - one of two names


@pytest.mark.parametrize(
    ("words", "level", "protocol", "fault"),
    [
        (" ", None, None, "what should be clearer"),
        ("x", 9, None, "not on the scale"),
        ("x", None, 99, "not part of the project"),
    ],
)
def test_a_proposal_about_nothing_is_refused(
    database: Database, words: str, level: int | None, protocol: int | None, fault: str
) -> None:
    with database.write() as session:
        project = a_project(session)
        by = a_member(session, project, "ana").id
        about = {"level": level, "protocol_id": protocol}
        with pytest.raises(InvalidInput, match=fault):
            proposals.propose(session, project.id, by, words, **about)
