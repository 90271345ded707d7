"""What a migration must leave whole, looked at before it commits."""

from __future__ import annotations

from sqlalchemy import Connection

from cer_assist.domain.errors import CerError


def check_foreign_keys(connection: Connection) -> None:
    """Refuse to commit a migration that leaves a row pointing nowhere."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise CerError(f"migration undone, it would break references: {broken[:5]}")
