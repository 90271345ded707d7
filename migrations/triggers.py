"""Append-only tables and the search index are kept by triggers, made again after every migration.

Alembic's batch mode rebuilds a table on SQLite and loses its triggers without a word; env.py calls
`create_triggers` at the end of each run, so no migration can forget them.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

APPEND_ONLY = (
    "label_event",
    "audit_event",
    "rubric_version",
    "protocol",
    "word_remark",
    "fenced_protocol",
    "fenced_score",
    "fenced_figures",
    "stopping_decision",
    "adjudication",
    "comment",
    "rubric_publication",
    "rubric_proposal",
    "rubric_proposal_outcome",
    "reread_request",
    "training_item",
    "training_use",
    "training_round",
    "training_answer",
    "training_result",
    "training_permit",
    "snapshot",
    "snapshot_protocol",
    "coder_pseudonym",
    "pseudonym_key",
)

# What a coder read stays as it was read; only how many readers it wants may change.
FIXED_COLUMNS = "project_id, external_id, content_hash, title, sections, details, text"
# INSERT OR REPLACE deletes the old row without firing its DELETE trigger.
_SQLITE_KEYS = {
    "label_event": "id = new.id OR (account_id = new.account_id "
    "AND idempotency_key = new.idempotency_key)",
    "audit_event": "id = new.id",
    "rubric_version": "id = new.id OR sha256 = new.sha256 "
    "OR (rubric_id = new.rubric_id AND version = new.version)",
    "protocol": "id = new.id OR (project_id = new.project_id AND external_id = new.external_id)",
    "word_remark": "id = new.id",
    "fenced_protocol": "protocol_id = new.protocol_id",
    "fenced_score": "model_version_id = new.model_version_id AND protocol_id = new.protocol_id",
    "fenced_figures": "id = new.id",
    "stopping_decision": "id = new.id",
    "adjudication": "id = new.id OR (account_id = new.account_id "
    "AND idempotency_key = new.idempotency_key)",
    "comment": "id = new.id OR (account_id = new.account_id "
    "AND idempotency_key = new.idempotency_key)",
    "rubric_publication": "id = new.id "
    "OR (project_id = new.project_id AND rubric_version_id = new.rubric_version_id)",
    "rubric_proposal": "id = new.id",
    "rubric_proposal_outcome": "id = new.id",
    "reread_request": "id = new.id",
    "training_item": "id = new.id",
    "training_use": "id = new.id",
    "training_round": "id = new.id OR (project_id = new.project_id "
    "AND account_id = new.account_id AND number = new.number)",
    "training_answer": "id = new.id OR (round_id = new.round_id AND item_id = new.item_id) "
    "OR (account_id = new.account_id AND idempotency_key = new.idempotency_key)",
    "training_result": "round_id = new.round_id",
    "training_permit": "id = new.id",
    "snapshot": "id = new.id OR (project_id = new.project_id "
    "AND (number = new.number OR name = new.name))",
    "snapshot_protocol": "snapshot_id = new.snapshot_id AND protocol_id = new.protocol_id",
    "coder_pseudonym": "project_id = new.project_id "
    "AND (account_id = new.account_id OR number = new.number)",
    "pseudonym_key": "project_id = new.project_id",
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
            what = f"UPDATE OF {FIXED_COLUMNS}" if (table, verb) == ("protocol", "UPDATE") else verb
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        connection.exec_driver_sql(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {_SQLITE_KEYS[table]}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    if searchable:
        connection.exec_driver_sql(
            "CREATE TRIGGER IF NOT EXISTS protocol_search_insert AFTER INSERT ON protocol BEGIN "
            "INSERT INTO protocol_search(rowid, text) VALUES (new.id, new.text); END"
        )


def _create_on_postgres(connection: Connection, tables: list[str]) -> None:
    connection.exec_driver_sql(_POSTGRES_REFUSE)
    for table in tables:
        what = f"UPDATE OF {FIXED_COLUMNS}" if table == "protocol" else "UPDATE"
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE {what} OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION cer_refuse_change()"
        )
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION cer_refuse_change()"
        )
