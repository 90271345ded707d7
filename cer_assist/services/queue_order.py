"""The orders that the queue goes by, as the worker stores them: short, and whole at any moment.

An order is replaced in one transaction; a few hundred places are as many as coders read before the
next version comes. Of a version that stays in use for longer they are computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.serving import BY_MODEL, COLD_START
from cer_assist.services import studies
from cer_assist.services.models import CHUNK
from cer_assist.store.tables import (
    FencedProtocol,
    Highlight,
    ModelVersion,
    NearCopy,
    Project,
    Protocol,
    QueuePlace,
    Suggestion,
)

KEPT = CHUNK  # places of an order: what one transaction writes
LOW = 50  # so few places that are still open, and the order is computed again
# A place of an order and what its version says of the protocol there.
SAME = (Suggestion.model_version_id == QueuePlace.model_version_id) & (
    Suggestion.protocol_id == QueuePlace.protocol_id
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a strategy says of a protocol."""

    protocol_id: int
    score: float


def replace_order(
    session: Session, version_id: int, strategy: str, places: Sequence[Place]
) -> None:
    """Put an order in the place of the one that a version had by this strategy."""
    known = QueuePlace.model_version_id == version_id, QueuePlace.strategy == strategy
    session.execute(delete(QueuePlace).where(*known))
    if not places:
        return
    session.execute(
        insert(QueuePlace),
        [
            {
                "model_version_id": version_id,
                "strategy": strategy,
                "place": place,
                "protocol_id": one.protocol_id,
                "score": one.score,
            }
            for place, one in enumerate(places, 1)
        ],
    )


def prune_orders(session: Session, project_id: int, keep_version_id: int) -> None:
    """Delete the orders of versions before this one; a version that is gone back to gets new."""
    old = (
        select(ModelVersion.id)
        .join(Project, Project.id == ModelVersion.project_id)
        .where(Project.id == project_id, ModelVersion.id < keep_version_id)
        .where(ModelVersion.id.is_distinct_from(Project.pinned_version_id))
    )
    session.execute(delete(QueuePlace).where(QueuePlace.model_version_id.in_(old)))


def is_low(session: Session, version: ModelVersion) -> bool:
    """Whether a strategy has few open places left of a version, fewer than there could be."""
    there = session.execute(_choosable(version.id).with_only_columns(func.count())).scalar_one()
    rows = session.execute(
        select(QueuePlace.strategy, func.count().label("number"))
        .join(Protocol, Protocol.id == QueuePlace.protocol_id)
        .where(QueuePlace.model_version_id == version.id, Protocol.coders_missing > 0)
        .group_by(QueuePlace.strategy)
    )
    left = {row.strategy: row.number for row in rows}
    return any(left.get(name, 0) < min(LOW, there) for name in strategies_of(version.label_count))


def strategies_of(label_count: int) -> tuple[str, ...]:
    """The strategies that a version which learnt so many labels has orders of."""
    return BY_MODEL if label_count else (COLD_START,)


def first_without_words(
    session: Session, version_id: int, count: int
) -> Sequence[Row[int, int, int]]:
    """Of what a version's orders serve first: id of the suggestion, protocol_id, and its level.

    Orders that the project gives no share are served from by nobody.
    """
    version = session.get_one(ModelVersion, version_id)
    shares = session.get_one(Project, version.project_id).shares
    served = [name for name in strategies_of(version.label_count) if shares.of(name) > 0]
    first = func.min(QueuePlace.place)
    has_words = exists().where(Highlight.suggestion_id == Suggestion.id)
    return session.execute(
        select(Suggestion.id, Suggestion.protocol_id, Suggestion.level)
        .join(QueuePlace, SAME)
        .where(Suggestion.model_version_id == version_id, QueuePlace.strategy.in_(served))
        .where(~has_words)
        .group_by(Suggestion.id, Suggestion.protocol_id, Suggestion.level)
        .order_by(first, Suggestion.id)
        .limit(count)
    ).all()


def choosable(session: Session, version_id: int) -> Sequence[Row[int, int, list[float]]]:
    """Id, level and probabilities of the open protocols that strategies may choose from."""
    return session.execute(_choosable(version_id).order_by(Suggestion.protocol_id)).all()


def _choosable(version_id: int) -> Select[int, int, list[float]]:
    """Never of the fenced sample: what measures a model must not be chosen by what one says."""
    fenced = exists().where(FencedProtocol.protocol_id == Suggestion.protocol_id)
    return (
        select(Suggestion.protocol_id, Suggestion.level, Suggestion.probabilities)
        .join(Protocol, Protocol.id == Suggestion.protocol_id)
        .where(Suggestion.model_version_id == version_id, Protocol.coders_missing > 0, ~fenced)
    )


def lacks_clusters(session: Session, project_id: int) -> bool:
    """Whether a protocol of the project was never compared with the others."""
    compared = exists().where(NearCopy.protocol_id == Protocol.id)
    new = select(Protocol.id).where(Protocol.project_id == project_id, ~compared).limit(1)
    return session.execute(new).first() is not None


def clusters(session: Session, project_id: int) -> dict[int, int | None]:
    """The cluster of near-copies of each protocol that was compared; None: it has no copy."""
    rows = session.execute(
        select(NearCopy.protocol_id, NearCopy.cluster)
        .join(Protocol, Protocol.id == NearCopy.protocol_id)
        .where(Protocol.project_id == project_id)
    )
    return {row.protocol_id: row.cluster for row in rows}


def cluster_numbers(session: Session, project_id: int) -> dict[int, int]:
    """What stays together, with a number for each that was compared: near-copies and studies.

    A number is the id of one of its own, so a protocol without copies is a cluster by its own id.
    """
    found = {key: cluster or key for key, cluster in clusters(session, project_id).items()}
    return studies.joined(found, studies.numbers(session, project_id))


def store_clusters(session: Session, found: Mapping[int, int | None]) -> None:
    """Keep what came of comparing; it takes the place of what was known of these."""
    session.execute(delete(NearCopy).where(NearCopy.protocol_id.in_(found)))
    rows = [{"protocol_id": key, "cluster": cluster} for key, cluster in found.items()]
    session.execute(insert(NearCopy), rows)
