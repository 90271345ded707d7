"""What a snapshot is asked for exists: nothing that was mistyped chooses or keeps apart nothing."""

from __future__ import annotations

from typing import Any

import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import compose
from cer_assist.services import queue_order
from cer_assist.services.importing import import_protocols
from cer_assist.services.snapshot_choosing import preview
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.engine import Database
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
    wrong = {
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
