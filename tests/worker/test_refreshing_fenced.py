"""A deep refresh learns from no fenced label."""

from __future__ import annotations

import pytest

from cer_assist.config import Settings
from cer_assist.learning.checked_files import read_json
from cer_assist.services import training_data
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Protocol
from tests.builders import a_fence, a_member, two_readings
from tests.worker.test_refreshing import (
    LABELLED,
    features,
    held_refresh,
    perform,
    project_id,
    quick_projection,
)

__all__ = ["features", "project_id", "quick_projection"]
pytestmark = pytest.mark.usefixtures("quick_projection")


def test_no_fenced_label_is_in_its_plan(
    database: Database, settings: Settings, project_id: int
) -> None:
    held = held_refresh(database, project_id)
    plan = settings.refreshes_folder / held.claim.payload["run"] / "plan"
    with database.write() as session:
        project = session.get_one(Project, project_id)
        fenced = training_data.open_protocol_ids(session, project_id)[:2]
        a_fence(session, project, fenced)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        for protocol in fenced:
            two_readings(session, project, protocol, coders, 5, 5)
        keys = {session.get_one(Protocol, key).content_hash for key in fenced}
    assert perform(settings, held).startswith("Gives way")  # to the training those labels ask for
    found = read_json(plan)
    assert len(found["keys"]) == LABELLED
    assert not keys & set(found["keys"])
    assert 5 not in found["levels"]
