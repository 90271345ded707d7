"""Which protocols of two snapshots a person may be told of, and that they were told."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services import history
from cer_assist.services.snapshot_differences import Differences
from cer_assist.store.tables import Protocol


def note(session: Session, project_id: int, found: Differences, account_id: int) -> None:
    """Record that levels of these protocols were shown: what is said of them later knew them."""
    names = {name for move in found.moved for name in move.protocols}
    if not names:
        return
    own = select(Protocol.id).where(
        Protocol.project_id == project_id, Protocol.external_id.in_(names)
    )
    history.disclose_listed(session, project_id, account_id, session.scalars(own).all(), ())
