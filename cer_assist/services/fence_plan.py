"""How large a fenced sample should be: what sizes give, for a model as good as it has shown."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from cer_assist.domain.precision import (
    USUAL,
    Confusion,
    Expected,
    Precision,
    expected,
    precision,
    sample_size,
)
from cer_assist.services import fence, fence_draws, quality
from cer_assist.services.models import current_version
from cer_assist.store.tables import Project

SIZES = (20, 40, 60, 90, 120, 200, 300, 400)
ACCURACY, QWK = 0.1, 0.1  # half-widths that tell a good model from a middling one


@dataclass(frozen=True, slots=True)
class Plan:
    """What a lead chooses from; sizes are of the whole sample, after the draw."""

    unread: int
    drawn: int  # before
    advised: int  # more, for the half-widths that are wanted
    rows: list[Precision]
    hoped: Expected
    version: int | None  # whose figures that is expected from; none: a usual model's


def plan(
    session: Session, project: Project, *, accuracy: float = ACCURACY, qwk: float = QWK
) -> Plan:
    """Sizes and what they give, and the size for the half-widths that are wanted."""
    unread, drawn = (
        fence_draws.unread(session, project.id),
        len(fence.fenced_ids(session, project.id)),
    )
    confusion, version = _confusion(session, project)
    hoped = expected(confusion)
    there = unread + drawn
    if not unread:
        return Plan(0, drawn, 0, [], hoped, version)
    wanted = max(1, sample_size(there, hoped, accuracy=accuracy, qwk=qwk) - drawn)
    advised = min(unread, wanted)
    sizes = sorted({size for size in (*SIZES, drawn + advised) if drawn < size <= there})
    rows = [precision(size, there, hoped) for size in sizes]
    return Plan(unread, drawn, advised, rows, hoped, version)


def _confusion(session: Session, project: Project) -> tuple[Confusion, int | None]:
    """The newest counts of (truth, model) that a version was measured with."""
    current = current_version(session, project.id)
    measured = quality.measured(current) if current is not None else None
    counts = measured.figures.get("confusion") if measured else None
    # Of a single pair of levels no QWK is defined.
    if measured is None or not counts or max(map(max, counts)) == sum(map(sum, counts)):
        return USUAL, None
    return counts, measured.version
