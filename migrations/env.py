"""Migrations run on an engine of their own with foreign keys off, and are checked before commit.

With foreign keys on, batch mode's DROP TABLE deletes rows of other tables; so they are off here,
`foreign_key_check` must find nothing afterwards, and no table uses CASCADE.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, event, make_url, pool

from cer_assist.store.engine import sqlite_module
from cer_assist.store.tables import Base
from cer_assist.store.types import UtcDateTime
from migrations.checks import check_foreign_keys
from migrations.triggers import create_triggers

# Made by migration 0002 in each database's own way, unknown to the models.
SEARCH_OBJECTS = ("protocol_search", "ix_protocol_search", "search")


def own_engine(url: str) -> Engine:
    """An engine without the application's pragmas; one transaction spans the whole run."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, poolclass=pool.NullPool)
    engine = create_engine(url, module=sqlite_module(), poolclass=pool.NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection, _record):  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout=60000")
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Migrations name plain types: they must go on working when ours change."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcDateTime) else False


def include_name(name: str | None, _kind: str, _parents: object) -> bool:
    """Leave the search index and its shadow tables out of comparisons with the models."""
    return name is None or not name.startswith(SEARCH_OBJECTS)


def run() -> None:
    """Migrate, recreate triggers, check, commit: all or nothing on both databases."""
    engine = own_engine(context.config.attributes["url"])
    with engine.connect() as connection, connection.begin():
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            include_name=include_name,
            render_item=render_item,
        )
        context.run_migrations()
        create_triggers(connection)
        check_foreign_keys(connection)
    engine.dispose()


run()
