"""Append-only tables and the search index are kept by triggers, made again after every migration.

Alembic's batch mode rebuilds a table on SQLite and loses its triggers without a word; env.py calls
`create_triggers` at the end of each run, so no migration can forget them.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

APPEND_ONLY = ("label_event", "audit_event", "rubric_version")

_SQLITE_SEARCH = {
    "protocol_search_insert": """AFTER INSERT ON protocol BEGIN
        INSERT INTO protocol_search(rowid, text) VALUES (new.id, new.text); END""",
    "protocol_search_delete": """AFTER DELETE ON protocol BEGIN
        INSERT INTO protocol_search(protocol_search, rowid, text)
        VALUES ('delete', old.id, old.text); END""",
    "protocol_search_update": """AFTER UPDATE OF text ON protocol BEGIN
        INSERT INTO protocol_search(protocol_search, rowid, text)
        VALUES ('delete', old.id, old.text);
        INSERT INTO protocol_search(rowid, text) VALUES (new.id, new.text); END""",
}

_POSTGRES_REFUSE = """
CREATE OR REPLACE FUNCTION cer_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME;
END $$
"""


def create_triggers(connection: Connection) -> None:
    """Create every trigger whose table exists; safe to run again."""
    tables = set(inspect(connection).get_table_names())
    present = [table for table in APPEND_ONLY if table in tables]
    if connection.dialect.name == "sqlite":
        _create_on_sqlite(connection, present, "protocol_search" in tables)
    else:
        _create_on_postgres(connection, present)


def _create_on_sqlite(connection: Connection, tables: list[str], searchable: bool) -> None:
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    if searchable:
        for name, body in _SQLITE_SEARCH.items():
            connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")


def _create_on_postgres(connection: Connection, tables: list[str]) -> None:
    connection.exec_driver_sql(_POSTGRES_REFUSE)
    for table in tables:
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION cer_refuse_change()"
        )
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION cer_refuse_change()"
        )
