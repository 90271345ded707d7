"""What the auditor's desk asks of protocols: whether a viewer may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true

from cer_assist.store.tables import Assignment, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.types import as_written, table_of

protocol = table_of(Protocol)
_asked, _wanting = table_of(Assignment), table_of(Protocol).alias("wanting")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a lead who codes is told nothing of protocols that they may still read."""

    account_id: int
    role: Role

    @property
    def codes(self) -> bool:
        """Whether they could be given a protocol."""
        return self.role is not Role.auditor


def written(text: str) -> ColumnElement[Any]:
    """A constant of ours in the statement itself."""
    return as_written(f"'{text}'")


def is_over(
    project_id: int, viewer: Viewer, in_hand: int | None, key: ColumnElement[int] = protocol.c.id
) -> ColumnElement[bool]:
    """Whether this viewer can no longer be given the protocol of this key."""
    if not viewer.codes:
        return true()
    wanting = select(_wanting.c.id).where(
        _wanting.c.project_id == project_id, _wanting.c.coders_missing > as_written("0")
    )
    waiting = select(_asked.c.protocol_id).where(
        _asked.c.project_id == project_id,
        _asked.c.account_id == viewer.account_id,
        _asked.c.state == written(AssignmentState.open),
    )
    over = and_(key.not_in(wanting), key.not_in(waiting))
    return over if in_hand is None else and_(over, key != in_hand)
