"""A small vocabulary of column types, so that both databases mean the same by a column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

# Every constraint has a name: Alembic's batch mode drops unnamed ones without a word.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware instant; SQLite keeps no zone, so only UTC goes in and comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuse naive values: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Put the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def now() -> dt.datetime:
    """The present instant in UTC."""
    return dt.datetime.now(dt.UTC)


def utc_text(at: dt.datetime) -> str:
    """An instant as hashes and exports have it: ISO 8601 in UTC to the microsecond."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


class UtcText(TypeDecorator[str]):
    """An instant that is read as `utc_text` writes it: SQLite's text is not parsed."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """SQLite has all but the T and the zone; PostgreSQL gives an instant."""
        if isinstance(value, str):
            return f"{value[:10]}T{value[11:]}+00:00"
        return None if value is None else utc_text(value)


Key = Annotated[int, mapped_column(primary_key=True)]
Digest = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
LongText = Annotated[str, mapped_column(Text())]
Instant = Annotated[dt.datetime, mapped_column(UtcDateTime())]
Structure = Annotated[dict[str, Any], mapped_column(JSON())]


def one_of(column: str, choices: type[StrEnum] | Sequence[str]) -> CheckConstraint:
    """A CHECK that a text column holds one of the choices."""
    values = ", ".join(f"'{choice}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def as_written(value: str) -> ColumnElement[Any]:
    """A constant that stands in the statement itself.

    For what a partial index depends on: where that is a parameter, SQLite has to look at its value
    to know whether the index serves, and compiles the statement anew at every run.
    """
    return literal_column(value)


def is_among(column: ColumnElement[str], known: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column has one of some constants, which stand in the statement itself.

    As parameters they are written into it anew at every run, which an answer feels.
    """
    return column.in_([as_written(f"'{one}'") for one in known])


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> Table:
    """The plain table of a model: statements on it skip the ORM's bookkeeping."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not mapped to a table")
    return table
