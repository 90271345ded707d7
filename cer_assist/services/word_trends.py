"""How a word's scores moved: over the versions of a project and in the course of the last full fit.

Scores of different kinds of model are different quantities, so versions of another kind than the
one in use are left out. A version that learnt on has no course: the one shown is that of the last
version before it which was fitted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.store.tables import ModelVersion

VERSIONS = 100  # the newest; each holds some 30 kB of scores


@dataclass(frozen=True, slots=True)
class Point:
    """A word's scores at one version or one step of a fit."""

    at: int  # labels it had learnt from, or steps done
    version: int
    attention: float
    polarity: dict[int, float]  # by level


@dataclass(frozen=True, slots=True)
class Course:
    """How a word's scores came about in one fit."""

    version: int
    of: str  # the view that was followed
    documents: int  # labelled protocols it was looked at on
    points: list[Point]  # none where the word was not followed


@dataclass(frozen=True, slots=True)
class Trends:
    """What is known of how one word's scores moved."""

    versions: list[Point]
    course: Course | None


def trends(session: Session, in_use: ModelVersion, word: str) -> Trends:
    """The ways of one word to the version in use and, over versions, beyond it."""
    rows = session.execute(
        select(ModelVersion.number, ModelVersion.label_count, ModelVersion.word_scores)
        .where(
            ModelVersion.project_id == in_use.project_id,
            ModelVersion.kind == in_use.kind,
            ModelVersion.published_at.is_not(None),
            ModelVersion.word_scores.is_not(None),
        )
        .order_by(ModelVersion.number.desc())
        .limit(VERSIONS)
    ).all()
    points = [
        _point(labels, number, scores["words"][word][1:], scores["levels"])
        for number, labels, scores in reversed(rows)
        if word in scores["words"]
    ]
    fitted = ((n, scores) for n, _, scores in rows if n <= in_use.number and scores["course"])
    number, scores = next(fitted, (0, None))
    return Trends(points, _course(number, scores, word) if scores else None)


def _course(version: int, scores: dict[str, Any], word: str) -> Course:
    course = scores["course"]
    followed = course["words"].get(word)
    rows = zip(course["steps"], followed, strict=True) if followed else ()
    points = [_point(step, version, row, scores["levels"]) for step, row in rows]
    return Course(version, course["of"], course["documents"], points)


def _point(at: int, version: int, row: Sequence[float], levels: Sequence[int]) -> Point:
    attention, *polarity = row
    return Point(at, version, attention, dict(zip(levels, polarity, strict=True)))
