"""What a snapshot is asked for exists: nothing that was mistyped chooses or keeps apart nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.services import queue_order, snapshot_making, snapshots
from cer_assist.services.importing import import_protocols
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.services.snapshot_views import preview
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.builders import a_label, a_member, a_project, unlike_protocols

SHARES = {"train": 1.0, "validation": 0.0, "test": 0.0}


def a_read_project(database: Database, **details: str) -> None:
    """Three protocols that ana has read, the first one with details."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        first = compose("P-0", "With details", [("Text", "all its own words")], details)
        assert not import_protocols(session, project, [first], [], by=None).errors
        ids = [one.id for one in unlike_protocols(session, project, 2)]
        queue_order.store_clusters(session, dict.fromkeys(ids))
        for key in ids:
            a_label(session, project, key, by=ana, level=2)


@pytest.mark.parametrize("shares", [None, SHARES])
def test_what_the_project_never_had_is_refused_and_what_it_has_is_named(
    any_database: Database, shares: Any
) -> None:
    a_read_project(any_database, pi="Silva", dept="A")
    wrong: dict[str, dict[str, Any]] = {
        "“Pi”: choose among dept, pi": {"columns": ("dept", "Pi")},
        "under version 99 of its rubric: choose among 1": {"rubric_versions": (1, 99)},
    }
    for told, asked in wrong.items():
        for call in (
            lambda one: preview(any_database, 1, one),
            lambda one: make(any_database, 1, one, None),
        ):
            with pytest.raises(InvalidInput, match=told):
                call(Asked("one", shares=shares, **asked))
    make(any_database, 1, Asked("one", shares=shares, columns=("pi",), rubric_versions=(1,)), None)


def test_without_any_column_that_is_said(database: Database) -> None:
    a_read_project(database)
    with pytest.raises(InvalidInput, match="have no columns"):
        preview(database, 1, Asked("", columns=("pi",)))


@pytest.mark.parametrize("name", ["2", " 07 ", "number:1"])
def test_a_number_is_no_name(any_database: Database, name: str) -> None:
    a_read_project(any_database)
    with pytest.raises(InvalidInput, match="taken for a snapshot's number"):
        make(any_database, 1, Asked(name), None)


def test_where_name_and_number_mean_two_each_is_reached_by_its_number(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_read_project(any_database)
    with monkeypatch.context() as before:  # numbers as names were taken once
        before.setattr(snapshot_making, "_check", lambda *given: None)
        for name in ("2", "1", "3", "x"):
            make(any_database, 1, Asked(name), None)
    with any_database.read() as session:

        def found(name: str) -> int:
            return snapshots.find(session, 1, name).number

        for name in ("1", "2"):
            with pytest.raises(InvalidInput, match="say number:1 or number:2"):
                found(name)
        numbers = [found(name) for name in ("number:1", "number:2", "3", "number:4", "4", "x")]
        assert numbers == [1, 2, 3, 4, 4, 4]
        for name in ("number:9", "number:", "9" * 30):
            with pytest.raises(NotFound):
                found(name)


def test_days_are_those_of_recording(database: Database) -> None:
    """An import brings answers of long ago: they have its day."""
    with database.write() as session:
        project = a_project(session)
        texts = [compose("P-1", "Old", [("Text", "some words")])]
        earlier = [PriorLabel("P-1", "ana", 1, 2, recorded_at="2023-11-14T12:00:00+00:00")]
        assert not import_protocols(session, project, texts, earlier, by=None).errors
    for asked, held in ((Asked("", until="2023-12-31"), 0), (Asked("", since="2024-01-01"), 1)):
        assert preview(database, 1, asked).counts["label_events"] == held


def test_a_snapshot_of_nothing_is_refused_in_the_words_of_the_look(database: Database) -> None:
    with database.write() as session:
        a_project(session)
    _refused_and_told(database, "the project has none yet: import some", Asked("one"))
    with database.write() as session:
        unlike_protocols(session, session.get_one(Project, 1), 2)
    _refused_and_told(database, "choose fewer filters", Asked("one", settled_only=True))
    assert preview(database, 1, Asked("")).nothing == ""


def _refused_and_told(database: Database, words: str, asked: Asked) -> None:
    seen = preview(database, 1, asked)
    assert words in seen.nothing and seen.counts["protocols"] == 0
    with pytest.raises(InvalidInput, match=re.escape(seen.nothing)):
        make(database, 1, asked, None)
