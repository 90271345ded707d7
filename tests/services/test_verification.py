"""What events say of fenced samples, model versions, titles and columns is compared with them."""

from __future__ import annotations

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from cer_assist.services import audit, fence_draws
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from tests.builders import a_fence, a_model, a_project, some_protocols
from tests.services.test_audit import OPEN_SQLITE

SAID = [0.1, 0.1, 0.6, 0.1, 0.1]


def a_basis(session: Session) -> None:
    """Six protocols, a fenced sample drawn twice and thrice asked for, two versions, one in use."""
    project = a_project(session)
    ids = [one.id for one in some_protocols(session, project, 6)]
    a_fence(session, project, ids[:2])
    a_fence(session, project, ids[2:5])
    fence_draws.draw(session, project.id, 1, {}, None)  # nothing could be drawn
    a_model(session, project, {ids[0]: (3, SAID)})
    a_model(session, project, {ids[0]: (4, SAID)}, publish=False)


def past_the_triggers(session: Session) -> None:
    """As someone with the database would."""
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    tables = [f"DROP TRIGGER fenced_protocol_no_{verb}" for verb in ("update", "delete")]
    for statement in [*OPEN_SQLITE, *tables]:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("DELETE FROM fenced_protocol WHERE protocol_id = 4", "the fenced sample of project 1"),
        ("DELETE FROM fenced_protocol", "the fenced sample of project 1 is not what was drawn"),
        (
            "INSERT INTO fenced_protocol SELECT 6, 1, min(drawn_at) FROM fenced_protocol",
            "the fenced sample of project 1",
        ),
        ("UPDATE fenced_protocol SET protocol_id = 6 WHERE protocol_id = 1", "the fenced sample"),
        ("UPDATE model_version SET sha256 = '1' WHERE id = 1", "version 1 of the model of project"),
        ("UPDATE model_version SET label_count = 9 WHERE id = 1", "of project 1 was altered"),
        ("UPDATE model_version SET published_at = NULL", "of project 1 was removed"),
        (
            "UPDATE model_version SET published_at = created_at WHERE id = 2",
            "version 2 of the model of project 1 is not in the audit chain",
        ),
        ("UPDATE protocol SET title = 'x' WHERE id = 2", "titles or columns of protocols of"),
        ('UPDATE protocol SET details = \'{"year":"1"}\' WHERE id = 2', "titles or columns"),
    ],
)
def test_what_figures_rest_on_is_compared(
    any_database: Database, tampering: str, named: str
) -> None:
    with any_database.write() as session:
        a_basis(session)
        assert verify(session).fault is None
        past_the_triggers(session)
        assert session.execute(text(tampering)).rowcount  # type: ignore[attr-defined]
        assert named in str(verify(session).fault)


def test_versions_that_were_never_published_may_be_anything(database: Database) -> None:
    with database.write() as session:
        a_basis(session)
        session.execute(update(ModelVersion).where(ModelVersion.id == 2).values(label_count=7))
        assert verify(session).intact


def test_imports_of_older_versions_say_nothing_of_titles(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project, 2)
        older = {"protocols": 2, "labels": 0, "texts_sha256": audit.texts_sha256(session, 1)}
        entry = audit.Entry("import.done", "project:1", older)
        audit.append(session, entry, account_id=None, project_id=1)
        past_the_triggers(session)
        session.execute(text("UPDATE protocol SET title = 'Another' WHERE id = 1"))
        assert verify(session).intact
        assert not import_protocols(session, project, [], [], by=None).errors
        assert verify(session).intact
        session.execute(text("UPDATE protocol SET title = 'And another' WHERE id = 1"))
        assert "titles or columns" in str(verify(session).fault)
