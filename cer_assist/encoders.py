"""A project reads with the encoder that the version in use was made on.

So nothing has to be kept in step: a deep refresh changes the encoder by publishing a version, going
back to an earlier version changes it back, and trainings continue on it until then. A tuned encoder
that is missing or damaged stops nobody: it is set aside, and the next version is made on the
published encoder again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cer_assist.config import Settings
from cer_assist.domain.artefacts import OtherRelease
from cer_assist.domain.errors import Corrupt
from cer_assist.learning.deep.judges import Judges
from cer_assist.learning.deep.tuned import TunedEncoders
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.logs import get_logger
from cer_assist.services import models
from cer_assist.store.tables import ModelVersion

# Of what open protocols say, which each new version reads again: some 4,000 protocols of two pages.
KEPT_BYTES = 256 * 1024**2

log = get_logger()


@dataclass(frozen=True)
class Reader:
    """What a project's documents are read with."""

    cache: FeatureCache
    judges: Judges | None = None  # of a tuned encoder
    entry: dict[str, Any] = field(default_factory=dict)  # for the metrics of versions made with it
    remark: str = ""  # why it is not the one that it should be


def reader_of(settings: Settings, version: ModelVersion | None) -> Reader:
    """The reader that a version was made with; Corrupt when its encoder cannot be opened."""
    return named_reader(settings, models.encoder_of(version) if version else {})


def named_reader(settings: Settings, named: dict[str, str]) -> Reader:
    """The reader with a tuned encoder as versions name it, or with the published one."""
    if not named:
        return Reader(_published(settings.features_folder, settings.encoder_dir))
    cache, judges = _tuned(
        settings.encoders_folder / named["artefact"],
        named["sha256"],
        settings.features_folder,
        settings.encoder_dir,
    )
    return Reader(cache, judges, {models.ENCODER: named})


def usable_reader(settings: Settings, version: ModelVersion | None) -> Reader:
    """The same, or the published encoder where the tuned one cannot be opened."""
    try:
        return reader_of(settings, version)
    except Corrupt as error:
        assert version is not None  # noqa: S101 - only a version names a tuned encoder
        log.warning("tuned encoder unusable", version=version.number, reason=str(error))
        folder = settings.encoders_folder / models.encoder_of(version)["artefact"]
        if folder.exists() and not isinstance(error, OtherRelease):
            folder.rename(folder.with_name(f"{folder.name}.damaged"))
        remark = (
            f"made on the published encoder: the tuned one of version {version.number} cannot be "
            "opened; a new deep refresh makes another"
        )
        return Reader(named_reader(settings, {}).cache, remark=remark)


@lru_cache(maxsize=4)
def _published(features: Path, encoder_dir: Path | None) -> FeatureCache:
    """One cache, and so one loaded encoder, per process and folder."""
    return FeatureCache(features, Encoder(encoder_dir), keeps=KEPT_BYTES)


@lru_cache(maxsize=2)  # some 90 MB each
def _tuned(
    folder: Path, sha256: str, features: Path, encoder_dir: Path | None
) -> tuple[FeatureCache, Judges]:
    found = TunedEncoders.load(folder, sha256)
    return found.reader(features, encoder_dir), found.judges(features, encoder_dir)


def forget() -> None:
    """Open encoders anew when they are next wanted."""
    _tuned.cache_clear()
