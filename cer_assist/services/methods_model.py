"""The model in use, what it was measured on, what chose protocols, whether labelling stopped.

Of the fenced sample counts and figures are told, never which protocols are in it, nor the seed it
was drawn with.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.model_kinds import READ_NO_STATES
from cer_assist.services import (
    activity,
    fence,
    fence_draws,
    jobs,
    models,
    outlooks,
    quality,
    stopping,
)
from cer_assist.store.tables import ModelVersion, Project

Facts = dict[str, Any]
FIGURES = ("accuracy", "qwk", "mae")


def model(session: Session, project: Project) -> Facts | None:
    """The version in use; None while there is none."""
    version = models.current_version(session, project.id)
    if version is None:
        return None
    published = session.execute(
        select(func.count()).where(
            ModelVersion.project_id == project.id, ModelVersion.published_at.is_not(None)
        )
    ).scalar_one()
    return {
        "version": version.number,
        "kind": version.kind,
        "reads_encoder": version.kind not in READ_NO_STATES,
        "encoder_sha256": models.encoder_of(version).get("sha256"),
        "labels": version.label_count,
        "made_at": version.created_at,
        "sha256": version.sha256,
        "published": published,
        "is_pinned": project.pinned_version_id is not None,
        "measured": measured(version),
    }


def measured(version: ModelVersion) -> Facts | None:
    """Out of fold, on labelled protocols, its own or those of the one it learnt on from."""
    found = quality.measured(version)
    if found is None:
        return None
    figures = {name: found.figures.get(name) for name in FIGURES}  # older ones lack some
    return {
        **figures,
        "n": found.figures.get("n", found.labels),
        "version": found.version,
        "since": found.since,
    }


def sample(session: Session, project: Project) -> Facts:
    """The fenced sample: its draws, how far it is read, and what it says of the version in use."""
    draws = fence_draws.draws(session, project.id)
    counted = fence.counts(fence.readings(session, project.id))
    estimate = fence.estimate(session, project)
    return {
        "size": sum(counted.values()),
        "draws": [asdict(draw) for draw in draws],
        "standing": {str(name): number for name, number in counted.items()},
        "estimate": asdict(estimate) if estimate else None,
        "is_current": jobs.under_way(session, jobs.FENCE, project.id) is None,
    }


def serving(session: Session, project: Project) -> Facts:
    """What was served and answered, by why; what came unannounced stands among the random ones."""
    lines = activity.by_reason(session, project.id)
    return {
        "served": sum(line.served for line in lines),
        "reasons": [{"words": line.words, "answered": line.answered} for line in lines],
    }


def stopped(session: Session, project: Project) -> Facts:
    """What speaks for stopping, and what was decided last."""
    _, outlook = outlooks.newest(session, project.id) or (None, None)
    number = sum(outlooks.read_counts(session, project.id))
    held = stopping.signals(project, number, outlook, fence.estimate(session, project))
    decision = stopping.last_decision(session, project.id)
    return {
        "signals": {str(name): holds for name, holds in held.items()},
        "decision": {"stops": decision.stops, "at": decision.at, "signals": decision.signals}
        if decision
        else None,
    }
