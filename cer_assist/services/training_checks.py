"""What came of attention checks, for leads and auditors: by coder and level, never a ranking.

A coder's last blind answer counts: what they said after having seen others' or the model's is no
sign of their care. It is held against the newest practice protocol made of the same text, so a
level that was mended no longer counts against who was right all along.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain import training
from cer_assist.domain.labels import Exposure, Lane
from cer_assist.domain.training import Tally
from cer_assist.store.tables import Account, LabelEvent, TrainingItem


@dataclass(frozen=True, slots=True)
class CheckLine:
    """How a coder answered what they did not know to be a check."""

    username: str
    name: str
    total: Tally
    by_level: dict[int, Tally]


def by_coder(session: Session, project_id: int) -> list[CheckLine]:
    """Everyone who has answered one, by name."""
    right = {item.protocol_id: item for item in _sources(session, project_id)}
    said: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for (protocol_id, account_id), level in _answers(session, project_id).items():
        item = right.get(protocol_id)
        if item is not None and level is not None:
            off = training.levels_off(level, item.level, item.also_level)
            said[account_id].append((item.level, off))
    accounts = session.scalars(select(Account).where(Account.id.in_(said)))
    lines = [
        CheckLine(
            account.username,
            account.display_name,
            Tally.of(off for _, off in said[account.id]),
            training.by_level(said[account.id]),
        )
        for account in accounts
    ]
    return sorted(lines, key=lambda line: (line.name.casefold(), line.username))


def _sources(session: Session, project_id: int) -> list[TrainingItem]:
    """Practice protocols that are copies, the newest last."""
    return list(
        session.scalars(
            select(TrainingItem)
            .where(TrainingItem.project_id == project_id, TrainingItem.protocol_id.is_not(None))
            .order_by(TrainingItem.id)
        )
    )


def _answers(session: Session, project_id: int) -> dict[tuple[int, int], int | None]:
    """(protocol, account): the level they last gave blind; None once taken back or skipped."""
    rows = session.execute(
        select(LabelEvent.protocol_id, LabelEvent.account_id, LabelEvent.level)
        .where(LabelEvent.project_id == project_id, LabelEvent.lane == Lane.check)
        .where(LabelEvent.exposure == Exposure.blind)
        .order_by(LabelEvent.id)
    )
    return {(protocol, account): level for protocol, account, level in rows}
