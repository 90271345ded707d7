"""INSERT … ON CONFLICT is the same in both databases, but SQLAlchemy keeps one class for each.

Statements are built once per dialect: building them anew cost a fifth of every label's time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cer_assist.store.types import Base


def upsert(
    session: Session,
    table: type[Base],
    values: dict[str, Any],
    *,
    conflict: tuple[str, ...],
    replace: tuple[str, ...],
    where: str | None = None,
) -> None:
    """Insert a row; where one with the same `conflict` columns stands replace those named, if any.

    `where` is the condition of a partial unique index.
    """
    dialect = session.get_bind().dialect.name
    session.execute(_statement(dialect, table, conflict, replace, where), values)


@lru_cache
def _statement(
    dialect: str,
    table: type[Base],
    conflict: tuple[str, ...],
    replace: tuple[str, ...],
    where: str | None,
) -> Any:
    module: Any = sqlite if dialect == "sqlite" else postgresql
    statement = module.insert(table.__table__)
    found = {
        "index_elements": conflict,
        "index_where": None if where is None else text(where),
    }
    if not replace:
        return statement.on_conflict_do_nothing(**found)
    return statement.on_conflict_do_update(
        **found,
        set_={name: statement.excluded[name] for name in replace},
    )
