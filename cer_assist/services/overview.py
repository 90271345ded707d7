"""All figures of the Progress page in one place, so that page and command cannot differ."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from cer_assist.domain.rubric import Rubric
from cer_assist.services import activity, fence, moves, outlooks, pinning, quality, stopping
from cer_assist.services.activity import CoderLine, ServedLine, Stretch
from cer_assist.services.fence import FencedEstimate
from cer_assist.services.outlooks import MeasuredVersion
from cer_assist.services.quality import Measured
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.stopping import Decision, Signal
from cer_assist.store.tables import ModelVersion, Project

FEW = 10  # labels of a level: with fewer no share of them says much


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A level: how often it was given, how well the model knows it, what would be wrong of it."""

    level: int
    labels: int
    judged: int | None  # settled protocols of this level on which the model was measured
    right: int | None  # of those, given this level by a model that had not read them
    expected_wrong: float | None  # among the unread that the model would give it

    @property
    def is_poorly_known(self) -> bool:
        """Whether too few were judged, or fewer than half of those judged were recognised."""
        if self.judged is None or self.right is None:
            return False
        return self.judged < FEW or 2 * self.right < self.judged


@dataclass(frozen=True, slots=True)
class Change:
    """What the version in use says differently from the one before it."""

    version: int
    previous: int
    figures: Measured | None
    figures_before: Measured | None
    compared: int
    moved: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How far a project is."""

    read: int  # protocols with somebody's level
    unread: int
    stretches: list[Stretch]
    levels: list[LevelLine]
    coders: list[CoderLine]
    served: list[ServedLine]
    points: list[MeasuredVersion]
    measured: Measured | None
    outlook_made_at: dt.datetime | None
    outlook: dict[str, Any] | None
    fenced: FencedEstimate | None
    signals: dict[Signal, bool | None]
    decision: Decision | None
    change: Change | None

    @property
    def holding(self) -> int:
        """How many signals hold."""
        return sum(holds is True for holds in self.signals.values())


def overview(session: Session, project: Project) -> Overview:
    """The figures of a project as they stand."""
    rubric = project_rubric(session, project)
    stands = pinning.standing(session, project)
    version = session.get(ModelVersion, stands.in_use.id) if stands.in_use else None
    measured = quality.measured(version) if version else None
    made_at, outlook = outlooks.newest(session, project.id) or (None, None)
    fenced = fence.estimate(session, project)
    given = activity.answers(session, project.id)
    read, unread = outlooks.read_counts(session, project.id)
    return Overview(
        read,
        unread,
        activity.stretches(given),
        _levels(activity.by_level(given, rubric.scale), rubric, measured, outlook),
        activity.by_coder(session, given),
        activity.by_reason(session, project.id),
        _points(session, version, outlook),
        measured,
        made_at,
        outlook,
        fenced,
        stopping.signals(project, read + unread, outlook, fenced),
        stopping.last_decision(session, project.id),
        _change(session, stands, measured),
    )


def _points(
    session: Session, version: ModelVersion | None, outlook: dict[str, Any] | None
) -> list[MeasuredVersion]:
    """What the forecast rests on, or would."""
    if outlook and outlook["forecast"] and outlook["basis"] == "fenced":
        return [MeasuredVersion(**point) for point in outlook["fenced"]]
    return outlooks.points(session, version) if version else []


def _levels(
    labels: dict[int, int],
    rubric: Rubric,
    measured: Measured | None,
    outlook: dict[str, Any] | None,
) -> list[LevelLine]:
    confusion = (measured.figures.get("confusion") if measured else None) or []
    wrong = outlook["wrong"]["by_level"] if outlook and outlook["wrong"] else []
    return [
        LevelLine(
            level,
            labels[level],
            sum(confusion[at]) if confusion else None,
            confusion[at][at] if confusion else None,
            wrong[at] if wrong else None,
        )
        for at, level in enumerate(rubric.scale)
    ]


def _change(session: Session, stands: pinning.Standing, measured: Measured | None) -> Change | None:
    if stands.in_use is None or stands.previous is None:
        return None
    found = moves.moves(session, stands.in_use.id, stands.previous.id)
    before = quality.measured(session.get_one(ModelVersion, stands.previous.id))
    return Change(
        stands.in_use.number,
        stands.previous.number,
        measured,
        before,
        found.compared,
        found.moved,
    )
