"""Up, down and up again on a database with labels in it, on both databases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import CerError
from cer_assist.services import audit
from cer_assist.services.verification import verify
from cer_assist.store import schema
from cer_assist.store.engine import Database, sqlite_module
from cer_assist.store.tables import AgreementReport, AuditEvent, LabelEvent, Protocol
from cer_assist.store.types import now
from migrations.checks import check_foreign_keys
from tests.builders import a_label, a_member, a_project, some_protocols


def fingerprint(database: Database) -> tuple[list[str], list[str]]:
    """Hashes of all labels and audit events."""
    with database.read() as session:
        labels = session.scalars(select(LabelEvent).order_by(LabelEvent.id))
        return (
            [audit.label_sha256(event) for event in labels],
            list(session.scalars(select(AuditEvent.sha256).order_by(AuditEvent.id))),
        )


def populate(database: Database) -> None:
    """A project with three labels, one of them corrected."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        protocols = some_protocols(session, project)
        for protocol, level in zip([*protocols, protocols[0]], (1, 3, 5, 2), strict=True):
            a_label(session, project, protocol.id, by=ana.id, level=level)


def checks_and_triggers(database: Database) -> set[str]:
    """The names of everything that keeps labels as they are."""
    found = {
        f"{table}:{check['name']}"
        for table in ("label_event", "current_label", "protocol", "job")
        for check in inspect(database.engine).get_check_constraints(table)
    }
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if not database.is_sqlite:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with database.read() as session:
        return found | set(session.scalars(text(query)))


def test_up_down_up_keeps_labels_chain_triggers_and_checks(any_database: Database) -> None:
    populate(any_database)
    before, guards = fingerprint(any_database), checks_and_triggers(any_database)
    assert len(before[0]) == 4
    assert len(guards) > 12
    schema.downgrade(any_database.url, "0001")
    schema.upgrade(any_database.url)
    assert fingerprint(any_database) == before
    assert checks_and_triggers(any_database) == guards
    with any_database.read() as session:
        assert verify(session).intact
    with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
        session.execute(text("DELETE FROM label_event"))


def test_rebuilding_the_label_table_loses_nothing(any_database: Database, tmp_path: Path) -> None:
    """The trap: batch mode drops and recreates the table, with its triggers and references."""
    populate(any_database)
    before, guards = fingerprint(any_database), checks_and_triggers(any_database)
    config = schema.alembic_config(any_database.url)
    head = ScriptDirectory.from_config(config).get_current_head()
    config.set_main_option(
        "version_locations", f"{schema.MIGRATIONS / 'versions'}{os.pathsep}{tmp_path}"
    )
    (tmp_path / "0099_rebuild.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '0099', '{head}'\n"
        "def how():\n"
        "    return 'always' if op.get_bind().dialect.name == 'sqlite' else 'auto'\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('label_event', recreate=how()) as batch:\n"
        "        batch.add_column(sa.Column('extra', sa.Integer()))\n"
        "    with op.batch_alter_table('protocol', recreate=how()) as batch:\n"
        "        batch.add_column(sa.Column('extra', sa.Integer()))\n"
        "def downgrade():\n"
        "    with op.batch_alter_table('label_event', recreate=how()) as batch:\n"
        "        batch.drop_column('extra')\n"
        "    with op.batch_alter_table('protocol', recreate=how()) as batch:\n"
        "        batch.drop_column('extra')\n"
    )
    command.upgrade(config, "0099")
    command.downgrade(config, str(head))
    any_database.engine.dispose()
    assert fingerprint(any_database) == before
    assert checks_and_triggers(any_database) == guards


def test_models_and_migrations_agree(any_database: Database) -> None:
    command.check(schema.alembic_config(any_database.url))


def test_down_to_nothing_and_up_again(any_database: Database) -> None:
    schema.downgrade(any_database.url, "base")
    schema.upgrade(any_database.url)
    populate(any_database)
    assert len(fingerprint(any_database)[0]) == 4


def test_a_migration_that_breaks_references_is_undone(database: Database) -> None:
    populate(database)
    loose = create_engine(database.url, module=sqlite_module())  # foreign keys off, as in env.py
    with pytest.raises(CerError, match="would break references"), loose.begin() as connection:
        connection.execute(text("DROP TRIGGER protocol_no_delete"))
        connection.execute(text("DELETE FROM protocol"))
        check_foreign_keys(connection)
    loose.dispose()
    with database.read() as session:
        assert len(session.scalars(select(Protocol.id)).all()) == 3


def test_search_finds_words_after_each_way_of_change(any_database: Database) -> None:
    from cer_assist.services.protocols import Filters, search

    with any_database.write() as session:
        project = a_project(session)
        some_protocols(session, project)
    schema.downgrade(any_database.url, "0001")
    schema.upgrade(any_database.url)
    with any_database.write() as session:
        found = session.scalars(select(Protocol).order_by(Protocol.id)).all()
        hits = search(session, found[0].project_id, 1, Filters(query="walking groups"))
        assert hits.total == 3
        assert search(session, found[0].project_id, 1, Filters(query="church 2")).total == 1
        assert search(session, found[0].project_id, 1, Filters(query="P-3")).total == 1
        assert search(session, found[0].project_id, 1, Filters(query='"drop * (')).total == 0


def test_a_report_that_pages_can_no_longer_read_is_made_anew(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        session.add(AgreementReport(project_id=project.id, readings="", asked_at=now(), found={}))
    schema.downgrade(database.url, "0019")
    schema.upgrade(database.url)
    with database.read() as session:
        assert session.scalars(select(AgreementReport)).all() == []
