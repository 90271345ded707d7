"""Whether to stop labelling is the lead's decision; signals inform it and never act.

Nothing is locked after a stop: whoever labels on is told, and their labels count as before. So a
decision can be taken back without loss, and none has a silent effect.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import audit, fence, outlooks
from cer_assist.services.fence import FencedEstimate
from cer_assist.store.tables import Account, Project, StoppingDecision
from cer_assist.store.types import now

MAX_REASON = 2000
LONGEST_TOLD = 240  # characters of the reason that stand above the levels
STOPPED, GOES_ON = "labelling.stopped", "labelling.goes_on"


class Signal(StrEnum):
    """What speaks for stopping."""

    fence = "fence"  # the fenced sample tells exactly enough how good the model is
    flat = "flat"  # more labels would hardly make it better
    wrong = "wrong"  # few enough levels would be wrong


@dataclass(frozen=True, slots=True)
class Decision:
    """What a lead decided last."""

    stops: bool
    by: str
    at: dt.datetime
    reason: str
    signals: dict[str, bool | None]


def signals(
    project: Project, protocols: int, outlook: dict[str, Any] | None, fenced: FencedEstimate | None
) -> dict[Signal, bool | None]:
    """Which signals hold; None for one that cannot be told yet."""
    gain = outlook["gain"] if outlook else None
    wrong = outlook["wrong"] if outlook else None
    return {
        Signal.fence: _is_exact(fenced, project.accepted_half_width),
        Signal.flat: gain["flat"] if gain else None,
        Signal.wrong: (
            wrong["expected"]["high"] <= most_wrong(project, protocols) if wrong else None
        ),
    }


def _is_exact(fenced: FencedEstimate | None, most: float) -> bool | None:
    half = half_width(fenced)
    return None if half is None else half <= most


def half_width(fenced: FencedEstimate | None) -> float | None:
    """How exactly the fenced sample tells the QWK; None where it does not yet."""
    if fenced is None or fenced.qwk["low"] is None or fenced.qwk["high"] is None:
        return None
    return float(fenced.qwk["high"] - fenced.qwk["low"]) / 2


def most_wrong(project: Project, protocols: int) -> int:
    """How many wrong levels the project accepts among all its protocols."""
    return int(project.accepted_wrong_share * protocols + 1e-9)  # 0.07 of 100 are 7


def decide(
    session: Session,
    project: Project,
    by: int,
    *,
    stops: bool,
    reason: str,
) -> None:
    """Record a decision with what is known at this moment."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why: whoever asks later will want to know.")
    if len(reason) > MAX_REASON:
        raise InvalidInput(f"Keep the reason below {MAX_REASON:,} characters.")
    _, outlook = outlooks.newest(session, project.id) or (None, None)
    protocols = sum(outlooks.read_counts(session, project.id))
    held = signals(project, protocols, outlook, fence.estimate(session, project))
    known = {str(name): holds for name, holds in held.items()}
    session.add(
        StoppingDecision(
            project_id=project.id,
            account_id=by,
            stops=stops,
            reason=reason,
            signals=known,
            decided_at=now(),
        )
    )
    detail = {"reason": reason, "signals": known}
    entry = audit.Entry(STOPPED if stops else GOES_ON, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)


def last_decision(session: Session, project_id: int) -> Decision | None:
    """What stands now; None where nobody has decided anything."""
    row = session.execute(
        select(
            StoppingDecision.stops,
            Account.display_name,
            StoppingDecision.decided_at,
            StoppingDecision.reason,
            StoppingDecision.signals,
        )
        .join(Account, Account.id == StoppingDecision.account_id)
        .where(StoppingDecision.project_id == project_id)
        .order_by(StoppingDecision.id.desc())
        .limit(1)
    ).first()
    return Decision(*row) if row else None


def told_to_coders(session: Session, project_id: int) -> str | None:
    """That labelling was stopped, by whom and why; None while it goes on."""
    decision = last_decision(session, project_id)
    if decision is None or not decision.stops:
        return None
    reason = decision.reason
    if len(reason) > LONGEST_TOLD:
        reason = f"{reason[:LONGEST_TOLD].rstrip()}…"
    return f"Labelling was stopped by {decision.by}: “{reason}” You can still label; it counts."
