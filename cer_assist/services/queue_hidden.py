"""What takes the place of one from the pool without its coder's knowledge: a repeat or a check."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import CHECK, RETEST
from cer_assist.services import queue_check, queue_retest
from cer_assist.services.unannounced import Sought
from cer_assist.store.tables import Project


def split(chance: float, share: float) -> tuple[bool, float]:
    """Whether one of a share is drawn, and what remains of the chance for all else, uniform."""
    if chance < share:
        return True, chance / share
    return False, (chance - share) / (1 - share)


def draw(project: Project, chance: float) -> tuple[Lane | None, float]:
    """In which lane an answer is wanted, and what remains of the chance for all else, uniform."""
    shares = ((Lane.retest, project.retest_share), (Lane.check, project.check_share))
    for lane, share in shares:
        is_drawn, chance = split(chance, share)
        if is_drawn:
            return lane, chance
    return None, chance


def instead(
    session: Session, project: Project, lane: Lane, sought: Sought
) -> tuple[int, str] | None:
    """The protocol and as what it is served; None where there is none."""
    if lane is Lane.retest:
        found, strategy = queue_retest.due(session, project, sought), RETEST
    else:
        found, strategy = queue_check.due(session, project, sought), CHECK
    return None if found is None else (found, strategy)
