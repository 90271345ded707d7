"""An export that was taken before answers were corrected still comes back into its project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cer_assist.exports.privacy import Choice, with_names
from cer_assist.services import pseudonyms
from cer_assist.services.export_rows import label_event_rows
from cer_assist.services.exporting import export_project
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Project, Protocol
from tests.builders import a_label
from tests.exports.test_round_trip import ENDINGS, a_busy_project
from tests.imports.inside import parse_inside


@pytest.mark.parametrize("form", [*ENDINGS, "label-studio"])
@pytest.mark.parametrize("names", [True, False])
def test_an_older_export_comes_back_after_an_answer_was_corrected(
    database: Database, tmp_path: Path, form: str, names: bool
) -> None:
    a_busy_project(database)
    out = tmp_path / f"export.{ENDINGS.get(form, 'json')}"
    with database.write() as session:
        pseudonyms.give(session, 1)
        choice = with_names() if names else Choice()
        export_project(session, session.query(Project).one(), form, out, choice)
    with database.write() as session:
        project = session.query(Project).one()
        ben = session.query(Account).filter_by(username="ben").one()
        protocol = session.query(Protocol).filter_by(external_id="P-1").one()
        a_label(session, project, protocol.id, by=ben.id, level=1)
        before = list(label_event_rows(session, project))
    found = parse_inside([out], {}, None)
    with database.write() as session:
        project = session.query(Project).one()
        report = import_protocols(session, project, found.protocols, found.labels, by=None)
        assert (report.errors, report.labels) == ([], 0)
        assert report.labels_already_there == len(found.labels)
        assert list(label_event_rows(session, project)) == before
    forged = [
        replace(one, level=5) if (one.external_id, one.level) == ("P-1", 4) else one
        for one in found.labels
    ]
    later = [replace(one, recorded_at="2026-01-01T00:00:00+00:00") for one in found.labels]
    for labels in (forged, later):
        with database.write() as session:
            project = session.query(Project).one()
            report = import_protocols(session, project, [], labels, by=None)
            assert "ben has already answered P-1 otherwise" in " ".join(map(str, report.errors))
