"""A project's first version comes from its rubric alone, so that no protocol stands without a word.

It claims no quality: what it was never taught it was not measured on. The first version that labels
taught takes its place.
"""

from __future__ import annotations

import secrets
import time

from cer_assist.config import Settings
from cer_assist.domain.rubric import Rubric
from cer_assist.explain.evidence import weak_below
from cer_assist.learning.cold_start import cold_start, demo_documents
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import COLD_START
from cer_assist.services import jobs, models, quality
from cer_assist.services.models import NewVersion
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from cer_assist.worker import Held

DECISION = "from the rubric alone, until there are labels to learn from"
RUBRIC = "rubric_sha256"  # among the metrics: the wording that it comes from
UNMEASURED = "Not measured on this project's labels: it comes from the rubric alone"


def is_due(current: ModelVersion | None, rubric: Rubric) -> bool:
    """Whether there is no version yet, or one that knows nothing but a rubric of other words."""
    if current is None:
        return True
    return not current.label_count and current.metrics.get(RUBRIC) != rubric.sha256


def publish_first(
    database: Database, settings: Settings, held: Held, rubric: Rubric, cache: FeatureCache
) -> None:
    """Make and publish it, unless a version that labels taught is in use by then."""
    started = time.monotonic()
    held.progress(0.0, "Comparing the rubric with protocols")
    made = cold_start(rubric, cache, held.progress)
    threshold = weak_below(made, demo_documents())
    artefact = secrets.token_hex(8)
    version = NewVersion(
        kind=COLD_START,
        label_count=0,
        last_event_id=0,  # all labels are still new to the first training
        metrics={
            "not_measured": UNMEASURED,
            quality.WEAK_BELOW: threshold,
            RUBRIC: rubric.sha256,
        },
        words={str(level): [] for level in rubric.scale},
        artefact=artefact,
        sha256=made.save(settings.models_folder / artefact),
        seconds=time.monotonic() - started,
        decision=DECISION,
    )
    project_id = held.claim.project_id
    with database.write() as session:
        jobs.hold(session, held.claim)
        current = models.current_version(session, project_id)
        if current is None or not current.label_count:
            models.publish(session, models.add_version(session, project_id, version), DECISION)
