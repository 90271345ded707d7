"""INSERT … ON CONFLICT is the same in both databases, but SQLAlchemy keeps one class for each."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cer_assist.store.types import Base


def insert_into(session: Session, table: type[Base]) -> Any:
    """The dialect's own INSERT construct, which knows on_conflict_do_update and do_nothing."""
    dialect = session.get_bind().dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)
