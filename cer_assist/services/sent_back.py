"""What coders are told of a protocol that an adjudicator sent back to them (`assignments`).

A new answer is one more event over the one that was sent back. Whoever is told that readings differ
knows something of another's label: that is recorded before it is shown, and the answer says so.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services import history
from cer_assist.store.tables import Assignment
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import Disclosed


def tell(session: Session, account_id: int, protocol_id: int) -> str | None:
    """What a coder is told of a protocol that was sent back to them; recorded as seen."""
    comment = session.scalars(
        select(Assignment.note).where(
            Assignment.protocol_id == protocol_id,
            Assignment.account_id == account_id,
            Assignment.kind == AssignmentKind.returned,
            Assignment.state == AssignmentState.open,
        )
    ).first()
    if comment is not None:
        history.disclose(session, protocol_id, account_id, Disclosed.peer_label, None)
    return comment
