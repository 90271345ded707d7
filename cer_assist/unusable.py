"""A version that cannot be opened has another made in its place; what it suggested stays.

A pinned version stays in use whatever is published and would be found unusable each time: for one
with damaged files another is made once, when they are set aside. An intact model of another release
is left where it is, for that release may come back.
"""

from __future__ import annotations

from cer_assist.config import Settings
from cer_assist.domain.artefacts import OtherRelease
from cer_assist.domain.errors import Corrupt
from cer_assist.domain.rubric import Rubric
from cer_assist.first_version import publish_first
from cer_assist.learning.features import FeatureCache
from cer_assist.logs import get_logger
from cer_assist.services import jobs, models
from cer_assist.services.pinning import SCORING
from cer_assist.services.retraining import KIND
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from cer_assist.worker import Held

log = get_logger()


def replace_unusable(
    database: Database,
    settings: Settings,
    held: Held,
    version: ModelVersion,
    error: Corrupt,
    *,
    rubric: Rubric,
    cache: FeatureCache,
) -> str:
    """Have a version made anew that cannot be opened; says what comes of it."""
    log.warning("model unusable", version=version.number, reason=str(error))
    unusable = f"Version {version.number} cannot be opened"
    if not _is_to_be_replaced(database, settings, version, error):
        return f"{unusable}: as long as it is in use, new protocols get no suggestions"
    if not version.label_count:  # made without labels, it is made again without them
        publish_first(database, settings, held, rubric, cache)
    with database.write() as session:
        if version.label_count:
            jobs.enqueue(session, KIND, version.project_id)
        elif models.current_version_id(session, version.project_id) != version.id:
            jobs.enqueue(session, SCORING, version.project_id)
    return f"{unusable}: another is made"


def _is_to_be_replaced(
    database: Database, settings: Settings, version: ModelVersion, error: Corrupt
) -> bool:
    folder = settings.models_folder / version.artefact
    if folder.exists() and not isinstance(error, OtherRelease):
        folder.rename(folder.with_name(f"{folder.name}.damaged"))
        return True
    with database.read() as session:
        project = session.get_one(Project, version.project_id)
        return project.pinned_version_id != version.id
