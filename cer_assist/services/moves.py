"""What a new version says differently: protocols whose suggested level moved.

Compared are the suggestions of the version in use with those of the one before it, for protocols
that both have scored; each was scored while it wanted a reader. How many moved is for everyone;
which ones tells the model's levels, so a list of them is recorded as seen before it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from cer_assist.store.tables import Disclosure, Protocol, Suggestion
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import UtcDateTime, now, table_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class Moves:
    """How many protocols two versions have both scored, by level before and now."""

    counts: dict[tuple[int, int], int]

    @property
    def compared(self) -> int:
        """Protocols that both versions have scored."""
        return sum(self.counts.values())

    @property
    def moved(self) -> int:
        """Those of them whose level is another one now."""
        return sum(number for (before, now), number in self.counts.items() if before != now)


@dataclass(frozen=True, slots=True)
class Moved:
    """A protocol whose suggested level moved."""

    protocol_id: int
    external_id: str
    title: str
    is_complete: bool
    suggestion_before: int
    suggestion_now: int


@dataclass(frozen=True, slots=True)
class MovedPage:
    """A page of them and how many there are in all."""

    rows: list[Moved]
    total: int
    page: int
    pages: int


_new, _old = table_of(Suggestion).alias("new"), table_of(Suggestion).alias("old")
_both = _new.join(_old, _old.c.protocol_id == _new.c.protocol_id)


def moves(session: Session, version_id: int, previous_id: int) -> Moves:
    """Counts over all protocols that both versions have scored."""
    rows = session.execute(
        select(_old.c.level, _new.c.level, func.count())
        .select_from(_both)
        .where(_new.c.model_version_id == version_id, _old.c.model_version_id == previous_id)
        .group_by(_old.c.level, _new.c.level)
    )
    return Moves({(before, after): number for before, after, number in rows})


@dataclass(frozen=True, slots=True)
class Move:
    """From one level to another between two versions; `only`: of these protocols."""

    version_ids: tuple[int, int]
    levels: tuple[int, int]
    only: Sequence[ColumnElement[bool]] = ()

    def select(self, *columns: Any) -> Select[Any]:
        """Of the protocols that moved so, with both suggestions."""
        joined = _both.join(Protocol, Protocol.id == _new.c.protocol_id)
        return (
            select(*columns)
            .select_from(joined)
            .where(
                *self.only,
                _old.c.model_version_id == self.version_ids[0],
                _new.c.model_version_id == self.version_ids[1],
                _old.c.level == self.levels[0],
                _new.c.level == self.levels[1],
            )
        )


def moved(session: Session, move: Move, page: int) -> MovedPage:
    """A page of the protocols that moved so, as imported."""
    total = session.execute(move.select(func.count())).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    rows = session.execute(_rows(move).limit(PAGE).offset((page - 1) * PAGE))
    return MovedPage([Moved(*row) for row in rows], total, page, pages)


def all_moved(session: Session, move: Move) -> list[Moved]:
    """All of them."""
    return [Moved(*row) for row in session.execute(_rows(move))]


def _rows(move: Move) -> Select[Any]:
    is_complete = (Protocol.coders_missing == 0).label("is_complete")
    known = Protocol.id, Protocol.external_id, Protocol.title, is_complete
    return move.select(*known, _old.c.id, _new.c.id).order_by(Protocol.id)


def note_seen(session: Session, rows: Sequence[Moved], account_id: int) -> None:
    """Record, once for each, that this person was shown what both versions say of these."""
    ids = [key for row in rows for key in (row.suggestion_before, row.suggestion_now)]
    noted = exists().where(
        Disclosure.suggestion_id == Suggestion.id, Disclosure.account_id == account_id
    )
    shown = select(
        Suggestion.protocol_id,
        literal(account_id),
        literal(Disclosed.suggestion.value),
        Suggestion.id,
        literal(now(), UtcDateTime()),
    ).where(Suggestion.id.in_(ids), ~noted)
    columns = ["protocol_id", "account_id", "what", "suggestion_id", "at"]
    session.execute(insert(Disclosure).from_select(columns, shown))
