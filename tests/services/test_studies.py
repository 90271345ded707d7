"""Versions and copies: links move no label, go round nowhere, and keep a study on one side."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, compose
from cer_assist.domain.studies import LinkKind, Links, next_version_name
from cer_assist.exports.columns import PROTOCOL_COLUMNS
from cer_assist.learning.folds import clusters_of, grouped_folds, near_duplicate_clusters
from cer_assist.material import read_material
from cer_assist.scoring import document
from cer_assist.services import (
    fence_draws,
    outlooks,
    queue,
    queue_order,
    studies,
    training_data,
)
from cer_assist.services.export_rows import protocol_rows
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, CurrentLabel, Job, Project, Protocol, ProtocolLink
from cer_assist.store.tables.accounts import Role
from tests.builders import a_fence, a_label, a_member, a_project, some_protocols

VERSION, COPY = LinkKind.version, LinkKind.copy


@pytest.mark.parametrize(
    ("known", "wanted", "why"),
    [
        ([], ("B", "A", VERSION), None),
        ([("B", "A", VERSION)], ("C", "B", VERSION), None),
        ([("B", "A", VERSION)], ("C", "A", COPY), None),
        ([("B", "A", COPY)], ("C", "A", COPY), None),
        ([], ("A", "A", VERSION), "itself"),
        ([("B", "A", VERSION)], ("B", "C", VERSION), "linked to A already"),
        ([("B", "A", VERSION)], ("C", "A", VERSION), "amended by B"),
        ([("B", "A", VERSION)], ("A", "B", VERSION), "go round"),
        ([("B", "A", VERSION), ("C", "B", VERSION)], ("A", "C", VERSION), "go round"),
        ([("B", "A", COPY)], ("C", "B", VERSION), "link to A"),
        ([("B", "A", COPY)], ("A", "C", COPY), "cannot be a copy"),
        ([("B", "A", VERSION)], ("A", "C", COPY), "cannot be a copy"),
        ([("B", "A", COPY)], ("A", "B", VERSION), "link to A"),
    ],
)
def test_what_can_be_linked(
    known: list[tuple[str, str, LinkKind]], wanted: tuple[str, str, LinkKind], why: str | None
) -> None:
    fault = Links(known).fault(*wanted)
    assert fault is None if why is None else why in (fault or "")


def test_a_new_version_takes_the_first_free_number() -> None:
    assert next_version_name("HM1", ["HM1"]) == "HM1 (2)"
    assert next_version_name("HM1", ["HM1", "HM1 (2)", "HM1 (4)"]) == "HM1 (3)"


def a_study(session: Session, project: Project) -> list[Protocol]:
    """P-2 amends P-1, P-3 amends P-2, P-4 copies P-3; P-5 and on stand alone."""
    made = some_protocols(session, project, 7)
    studies.link(session, project, [(made[1], made[0]), (made[2], made[1])], by=None)
    studies.link(session, project, [(made[3], made[2])], kind=COPY, by=None)
    return made


def test_a_study_is_read_off_from_any_of_its_protocols(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        made = a_study(session, project)
        second = studies.study_of(session, made[1])
        copy = studies.study_of(session, made[3])
        assert second is not None
        assert copy is not None
        assert [one.external_id for one in second.earlier] == ["P-1"]
        assert [one.external_id for one in second.later] == ["P-3"]
        assert [one.has_left for one in second.versions] == [True, True, False]
        assert (copy.number, copy.copy_of and copy.copy_of.external_id) == (3, "P-3")
        assert studies.study_of(session, made[4]) is None
        keys = [one.id for one in made]
        assert studies.numbers(session, project.id) == dict.fromkeys(keys[:4], keys[0])


def test_a_link_is_taken_back_and_both_stand_in_the_audit(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea", Role.lead)
        made = a_study(session, project)
        with pytest.raises(InvalidInput, match="P-1 is linked to no earlier"):
            studies.unlink(session, project, made[0], lea.id)
        studies.unlink(session, project, made[2], lea.id)
        assert set(studies.numbers(session, project.id)) == {one.id for one in made[:4]}
        assert studies.study_of(session, made[1]).later == []  # type: ignore[union-attr]
        rows = session.execute(
            select(AuditEvent.action, AuditEvent.detail, AuditEvent.account_id)
            .where(AuditEvent.action.like("study.%"))
            .order_by(AuditEvent.id)
        ).all()
        assert [row.action for row in rows] == ["study.linked", "study.linked", "study.unlinked"]
        assert json.loads(rows[0].detail)["links"][1] == ["P-3", "version", "P-2", "P-2"]
        assert json.loads(rows[2].detail) == {"links": [["P-3", "version", "P-2"]]}
        assert rows[2].account_id == lea.id
        assert verify(session).intact


def test_labels_stay_with_their_text_and_models_are_fitted_anew(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        made = some_protocols(session, project, 3)
        a_label(session, project, made[0].id, by=ana.id, level=2)
        jobs = select(Job.payload).where(Job.kind == "retrain")
        before = session.scalars(jobs).all()
        studies.link(session, project, [(made[2], made[1])], by=None)
        assert session.scalars(jobs).all() == before  # nothing that is learnt was linked
        studies.link(session, project, [(made[1], made[0])], by=None)
        [after] = session.scalars(jobs).all()
        assert "linked" in after["in_full"]
        labels = session.execute(select(CurrentLabel.protocol_id, CurrentLabel.level)).all()
        assert labels == [(made[0].id, 2)]


def served(session: Session, project: Project, account: int) -> list[str]:
    """Everything that the queue gives a coder, one after the other."""
    found = []
    while one := queue.serve_next(session, project, account, random.Random(1)):
        found.append(session.get_one(Protocol, one.protocol_id).external_id)
        a_label(session, project, one.protocol_id, by=account, level=3)
    return found


def test_what_is_superseded_or_a_copy_leaves_the_queue_unless_it_was_begun(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        made = some_protocols(session, project, 7)
        a_label(session, project, made[0].id, by=ana.id, level=2)
        studies.link(session, project, [(made[1], made[0]), (made[2], made[1])], by=None)
        studies.link(session, project, [(made[3], made[2])], kind=COPY, by=None)
        studies.link(session, project, [(made[5], made[4])], leaves=False, by=None)
        assert sorted(served(session, project, ben.id)) == ["P-1", "P-3", "P-5", "P-6", "P-7"]
        # three have left, of which one was begun, and none of the others is unread
        assert outlooks.read_counts(session, project.id) == (5, 0)


def test_a_study_is_one_group_where_texts_have_nothing_in_common(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        texts = [compose(f"U-{at}", "", [("Text", unlike(at))]) for at in range(12)]
        import_protocols(session, project, texts, [], by=None)
        made = session.query(Protocol).order_by(Protocol.id).all()
        assert len(set(near_duplicate_clusters([one.text for one in made]))) == 12
        studies.link(session, project, [(made[5], made[0]), (made[9], made[5])], by=None)
        rows = training_data.protocol_texts(session, project.id)
        clusters = clusters_of([document(row) for row in rows])
        assert clusters[0] == clusters[5] == clusters[9]
        assert len(set(clusters.tolist())) == 10
        for seed in range(5):
            fold_of = grouped_folds(clusters % 2, clusters, 5, seed)
            assert fold_of[0] == fold_of[5] == fold_of[9]
        queue_order.store_clusters(session, {row.id: None for row in rows})
        numbers = queue_order.cluster_numbers(session, project.id)
        assert numbers[made[0].id] == numbers[made[5].id] == numbers[made[9].id]


def test_a_study_joins_the_near_copies_of_each_of_its_versions() -> None:
    # 1, 2 and 3, 4 are near-copies; 2 and 4 are versions of one study
    found = studies.joined({1: 1, 2: 1, 3: 3, 4: 3, 5: 5}, {2: 2, 4: 2})
    assert found[1] == found[2] == found[3] == found[4] != found[5]


def test_no_other_version_of_a_fenced_protocol_is_learnt_or_drawn(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=1)
        ana = a_member(session, project, "ana")
        texts = [compose(f"U-{at}", "", [("Text", unlike(at))]) for at in range(6)]
        import_protocols(session, project, texts, [], by=None)
        made = session.query(Protocol).order_by(Protocol.id).all()
        a_fence(session, project, [made[0].id])
        studies.link(session, project, [(made[1], made[0]), (made[3], made[2])], by=None)
        for one in made[1:3]:
            a_label(session, project, one.id, by=ana.id, level=3)
        project_id = project.id
    material = read_material(any_database, project_id)
    assert ([row.id for row in material.labelled], material.left_out) == ([made[2].id], 1)
    with any_database.write() as session:
        queue_order.store_clusters(session, {one.id: None for one in made})
        clusters = queue_order.cluster_numbers(session, project_id)
        # 1: of a fenced study, 2: read, 3: a version of what was read
        assert fence_draws.draw(session, project_id, 6, clusters, None) == 2


def unlike(at: int) -> str:
    """Sixty words that no other text has."""
    return " ".join(f"word{at}x{number}" for number in range(60))


def text_of(name: str, words: str, **said: object) -> ProtocolText:
    return replace(compose(name, "", [("Text", words)]), **said)  # type: ignore[arg-type]


def test_an_import_links_what_its_column_says_and_all_or_nothing(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        some_protocols(session, project, 2)
        wrong = [
            text_of("N-1", "new words", amends="P-9"),
            text_of("N-2", "other words", amends="N-2"),
            text_of("N-3", "third words", amends="P-1"),
            text_of("N-4", "fourth words", amends="P-1"),
        ]
        report = import_protocols(session, project, wrong, [], by=None)
        assert [str(error).split(" ")[0] for error in report.errors] == ["N-1", "N-2", "P-1"]
        assert session.query(ProtocolLink).count() == 0
        right = [text_of("N-4", "fourth", amends="N-3"), text_of("N-3", "third", amends="P-1")]
        for links in (2, 0):  # a second time nothing is left to do
            report = import_protocols(session, project, right, [], by=None)
            assert (report.errors, report.links) == ([], links)
        assert [place.number for place in studies.places(session, project.id).values()] == [1, 2, 3]


def test_an_amended_text_under_a_known_id_is_a_fault_or_a_new_version(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session)
        old = PriorLabel(external_id="HM1", coder="cy", level=2)
        import_protocols(session, project, [text_of("HM1", "first words")], [old], by=None)
        second, third = text_of("HM1", "second words"), text_of("HM1", "third words")
        refused = import_protocols(session, project, [second], [], by=None)
        assert "another text" in str(refused.errors[0])
        new = replace(old, level=4)
        for _ in range(2):
            report = import_protocols(session, project, [second], [new], by=None, new_versions=True)
            assert report.errors == []
        assert (report.protocols, report.labels_already_there) == (0, 1)
        import_protocols(session, project, [third], [], by=None, new_versions=True)
        names = dict(session.execute(select(Protocol.id, Protocol.external_id)).all())
        found = {names[key]: place for key, place in studies.places(session, project.id).items()}
        assert {name: place.number for name, place in found.items()} == {
            "HM1": 1,
            "HM1 (2)": 2,
            "HM1 (3)": 3,
        }
        levels = session.execute(select(CurrentLabel.protocol_id, CurrentLabel.level)).all()
        assert {names[key]: level for key, level in levels} == {"HM1": 2, "HM1 (2)": 4}


STUDY = ("protocol_id", "version_of", "version_number", "superseded_by", "copy_of")


def test_an_export_says_who_supersedes_whom_and_comes_back(any_database: Database) -> None:
    assert set(STUDY) <= {column.name for column in PROTOCOL_COLUMNS}
    with any_database.write() as session:
        project = a_project(session)
        made = a_study(session, project)
        studies.link(session, project, [(made[5], made[4])], leaves=False, by=None)
        rows = [tuple(row[name] for name in STUDY) for row in protocol_rows(session, project)]
    assert rows == [
        ("P-1", None, 1, "P-2", None),
        ("P-2", "P-1", 2, "P-3", None),
        ("P-3", "P-2", 3, None, None),
        ("P-4", None, 3, None, "P-3"),
        ("P-5", None, 1, None, None),
        ("P-6", "P-5", 2, None, None),
        ("P-7", None, None, None, None),
    ]
