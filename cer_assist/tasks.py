"""What the worker's jobs do: retrain a project's classifier, encode its protocols.

Coders wait for a retraining, so it only scores protocols whose token states are cached; encoding
the rest goes on in slices between retrainings and adds their suggestions to the version in use.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from cer_assist import first_version
from cer_assist.config import Settings
from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.encoders import Reader, reader_of, usable_reader
from cer_assist.explain.evidence import weak_below
from cer_assist.explain.version_scores import version_scores
from cer_assist.explain.weighed import weigh
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.progress import Progress
from cer_assist.learning.training import TrainingResult, train
from cer_assist.material import Material, read_material
from cer_assist.ordering import BREATH_SECONDS, find_copies, store_orders
from cer_assist.scoring import document, score
from cer_assist.services import (
    agreement,
    disputes,
    explanations,
    fence,
    jobs,
    models,
    quality,
    queue_order,
    remarks,
    retraining,
)
from cer_assist.services.first_model import levels_without
from cer_assist.services.models import CHUNK, NewVersion, SuggestionRow
from cer_assist.services.training_data import TextRow
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from cer_assist.unusable import replace_unusable
from cer_assist.worker import Held

ENCODE_SLICE_SECONDS = 20.0
ENCODE_STEP = 32  # protocols between looks at the clock


@dataclass(frozen=True)
class Decided:
    """That a version is to be published, and what is recorded in the same transaction."""

    decision: str
    record: Callable[[Session], None]


def retrain(database: Database, settings: Settings, held: Held) -> str:
    """Learn from all settled labels, score the open protocols, publish if it is no worse.

    Between full fits the version in use learns on. What then keeps a bad version out is that new
    labels which contradict the one in use, and a model that forgets, lead to a full fit; only that
    is measured, and used if it is not clearly worse.
    """
    material = read_material(database, held.claim.project_id)
    return learn(database, settings, held, material, usable_reader(settings, material.previous))


def learn(
    database: Database,
    settings: Settings,
    held: Held,
    material: Material,
    reader: Reader,
    *,
    decided: Decided | None = None,
) -> str:
    """Train on what a reader reads and publish if it is no worse, or as was decided before."""
    started = time.monotonic()
    documents = [document(row) for row in material.labelled]
    levels = [material.levels[row.id] for row in material.labelled]
    earlier = material.previous
    try:
        result = train(
            documents,
            levels,
            material.rubric.scale,
            cache=reader.cache,
            judges=reader.judges,
            kind=material.model_kind,
            rubric=material.rubric,
            previous=_stored(settings, earlier) if earlier else None,
            in_full=held.claim.payload.get(retraining.IN_FULL, ""),
            seed=0,
            progress=lambda share, note: held.progress(0.7 * share, note),
        )
    except InvalidInput as error:
        return _not_trained(material, error)
    scored = score(result.classifier, reader.cache, material.open, _scoring(held))
    artefact, digest = save_artefact(settings, result.classifier)
    weighed = weigh(result.classifier, documents, levels)
    kept = (earlier.word_scores or {}).get("words", {}) if earlier else {}
    publish, why, metrics = _judged(result, len(documents), earlier)
    metrics[quality.WEAK_BELOW] = _threshold(result, documents, earlier)
    metrics[quality.LEFT_OUT] = material.left_out
    if decided or reader.remark:
        publish, why = True, decided.decision if decided else reader.remark
    version = NewVersion(
        kind=result.classifier.kind,
        label_count=len(documents),
        last_event_id=material.last_event_id,
        metrics=metrics | reader.entry,
        words={str(level): found for level, found in weighed.level_words().items()},
        word_scores=version_scores(result.classifier, documents, weighed, kept)
        | {"attended": {str(level): found for level, found in weighed.attended_words().items()}},
        artefact=artefact,
        sha256=digest,
        seconds=time.monotonic() - started,
        decision=why,
    )
    measured = bool(result.in_full)

    def order(version_id: int) -> None:
        store_orders(database, held, result.classifier, version_id, material, material.levels)

    return _write(
        database, held, version, scored, order, publish=publish, measured=measured, decided=decided
    )


def _not_trained(material: Material, error: InvalidInput) -> str:
    lacking = levels_without(material.rubric.scale, set(material.levels.values()))
    named = ", ".join(map(str, lacking))
    return f"Not trained: {error}" + (f" Levels without a label: {named}." if named else "")


def _judged(
    result: TrainingResult, label_count: int, earlier: ModelVersion | None
) -> tuple[bool, str, dict[str, Any]]:
    """Whether to publish what was trained, why, and what to record of its quality."""
    if result.in_full or earlier is None:
        publish, decision = quality.decide(result.metrics, label_count, earlier)
        if earlier is not None and quality.measured(earlier) is not None:
            decision += f"; fitted anew: {result.in_full}"
        return publish, decision, result.metrics
    judged = {"n": result.judged.n, "right": result.judged.right}
    metrics = quality.learnt_on(earlier, label_count, judged)
    more = label_count - earlier.label_count
    return True, f"learnt on from version {earlier.number}, {more} labels more", metrics


def _threshold(
    result: TrainingResult, documents: Sequence[Document], earlier: ModelVersion | None
) -> float:
    """The strength below which its words are weak evidence; learning on leaves it as it was."""
    known: float | None = earlier.metrics.get(quality.WEAK_BELOW) if earlier else None
    if known is not None and not result.in_full:
        return known
    return weak_below(result.classifier, documents)


def save_artefact(settings: Settings, classifier: ProtocolClassifier) -> tuple[str, str]:
    """Write a classifier into a folder of its own: the folder's name and the SHA-256."""
    name = secrets.token_hex(8)
    return name, classifier.save(settings.models_folder / name)


def load_current(settings: Settings, version: ModelVersion) -> ProtocolClassifier:
    """The classifier of a version, checked by its SHA-256 before anything in it is used."""
    return ProtocolClassifier.load(*_stored(settings, version), reader_of(settings, version).cache)


def _stored(settings: Settings, version: ModelVersion) -> tuple[Path, str]:
    return settings.models_folder / version.artefact, version.sha256


def encode(database: Database, settings: Settings, held: Held) -> str:
    """Encode protocols for a while and add their suggestions; come back if some are left.

    After the last ones it is foreseen what would stay wrong among them.
    """
    material = read_material(database, held.claim.project_id)
    cache = usable_reader(settings, material.previous).cache
    if first_version.is_due(material.previous, material.rubric):
        first_version.publish_first(database, settings, held, material.rubric, cache)
    todo = _unencoded(cache, material)
    ends = time.monotonic() + ENCODE_SLICE_SECONDS
    done = 0
    while done < len(todo) and time.monotonic() < ends:
        step = [document(row) for row in todo[done : done + ENCODE_STEP]]
        held.progress(done / len(todo), f"{done:,} of {len(todo):,} protocols read")
        cache.encode(step, lambda share, note: held.progress(held.share, held.note))
        done += len(step)
    left = len(todo) - done
    if not left:
        find_copies(database, held)
    remark = _add_missing(database, settings, held, material)
    with database.write() as session:
        fence.measure_soon(session, held.claim.project_id)
        jobs.enqueue(session, "encode" if left else jobs.OUTLOOK, held.claim.project_id)
        agreement.keep_current(session, held.claim.project_id)
    return f"{done:,} protocols read, {left:,} left{remark}"


def _scoring(held: Held) -> Progress:
    return lambda share, note: held.progress(0.7 + 0.25 * share, note)


def _unencoded(cache: FeatureCache, material: Material) -> list[TextRow]:
    rows = {row.content_hash: row for row in material.everything}
    missing = {document.key for document in cache.missing([document(r) for r in rows.values()])}
    return [row for key, row in rows.items() if key in missing]


def _add_missing(database: Database, settings: Settings, held: Held, material: Material) -> str:
    """Suggestions and places in the queue that the version in use lacks; why, if it cannot."""
    with database.read() as session:
        version = models.current_version(session, held.claim.project_id)
        if version is None:
            return ""
        scored = models.scored_protocol_ids(session, version.id)
        is_low = queue_order.is_low(session, version)
    rows = [row for row in material.open if row.id not in scored]
    if not rows and not is_low:
        return ""
    try:
        classifier = load_current(settings, version)
    except Corrupt as error:
        cache = usable_reader(settings, None).cache
        remark = replace_unusable(
            database, settings, held, version, error, rubric=material.rubric, cache=cache
        )
        return f". {remark}"
    found = score(classifier, classifier.cache, rows, _scoring(held))
    _write_suggestions(database, held, version.id, found)
    levels = material.levels if version.label_count else {}
    store_orders(database, held, classifier, version.id, material, levels)
    return ""


def _write(
    database: Database,
    held: Held,
    version: NewVersion,
    scored: Sequence[SuggestionRow],
    order: Callable[[int], None],
    *,
    publish: bool,
    measured: bool,
    decided: Decided | None,
) -> str:
    decision = version.decision
    if publish:
        version = replace(version, decision="interrupted before it was published")
    with database.write() as session:
        jobs.hold(session, held.claim)
        version_id = models.add_version(session, held.claim.project_id, version)
        if not publish:
            held.finish(session, decision)
            return decision
    _write_suggestions(database, held, version_id, scored)
    order(version_id)
    with database.write() as session:
        jobs.hold(session, held.claim)
        models.publish(session, version_id, decision)
        jobs.enqueue(session, "encode", held.claim.project_id)
        fence.measure_soon(session, held.claim.project_id)
        if not measured:
            retraining.measure_when_idle(session, held.claim.project_id)
        if decided:
            decided.record(session)
        held.finish(session, decision)  # here: killed a moment later it would publish it twice
    _after_publishing(database, held, version_id, measured=measured)
    return decision


def _after_publishing(database: Database, held: Held, version_id: int, *, measured: bool) -> None:
    """What looks at the new version, and what the old ones no longer need."""
    with database.write() as session:
        remarks.look_again(session, held.claim.project_id)
        if measured:  # made when labelling pauses: between labels this would be in their way
            disputes.ask_model(session, held.claim.project_id)
        explanations.prune(session, held.claim.project_id)
        queue_order.prune_orders(session, held.claim.project_id, version_id)
    deleted = 1
    while deleted:
        with database.write() as session:
            deleted = models.prune_suggestions(session, held.claim.project_id, version_id)
        time.sleep(BREATH_SECONDS)


def _write_suggestions(
    database: Database, held: Held, version_id: int, rows: Sequence[SuggestionRow]
) -> None:
    for start in range(0, len(rows), CHUNK):
        with database.write() as session:
            jobs.hold(session, held.claim)
            models.add_suggestions(session, version_id, rows[start : start + CHUNK])
        time.sleep(BREATH_SECONDS)
