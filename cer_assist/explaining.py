"""The job that weighs the words of protocols which someone is looking at, in a moment.

It comes before every other job: it takes milliseconds a protocol, and a person waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cer_assist.config import Settings
from cer_assist.domain.errors import Corrupt
from cer_assist.explain.words import suggest
from cer_assist.logs import get_logger
from cer_assist.scoring import document, marked
from cer_assist.services import explanations, jobs, models, training_data
from cer_assist.services.explanations import Wanted
from cer_assist.services.models import Marked
from cer_assist.services.training_data import TextRow
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from cer_assist.tasks import load_current
from cer_assist.worker import Held

log = get_logger()


@dataclass(frozen=True)
class Asked:
    """Requests to one version, with their texts in the same order."""

    version: ModelVersion
    requests: list[Wanted]
    texts: list[TextRow]
    learnt: set[int]  # protocols whose level the version knows


def explain(database: Database, settings: Settings, held: Held) -> str:
    """Answer the requests that wait for the project; says how many."""
    done, left = 0, ""
    waiting = _read(database, held.claim.project_id)
    for asked in waiting:
        try:
            said = _said(settings, asked, held)
        except Corrupt as error:
            log.warning("model unusable", version=asked.version.number, reason=str(error))
            with database.write() as session:
                jobs.hold(session, held.claim)
                explanations.withdraw(session, asked.requests)
            left += f"; version {asked.version.number} cannot be opened"
            continue
        _store(database, held, asked.requests, said)
        done += len(said)
    if sum(len(asked.requests) for asked in waiting) == explanations.AT_ONCE:
        with database.write() as session:  # there may be more
            jobs.enqueue(session, jobs.EXPLAIN, held.claim.project_id)
    return f"{done:,} protocols explained{left}"


def _read(database: Database, project_id: int) -> list[Asked]:
    found = []
    with database.read() as session:
        by_version = sorted(
            explanations.wanted(session, project_id), key=lambda one: one.version_id
        )
        for version_id, group in groupby(by_version, key=lambda one: one.version_id):
            version = session.get_one(ModelVersion, version_id)
            requests = sorted(group, key=lambda one: one.protocol_id)
            ids = [one.protocol_id for one in requests]
            texts = training_data.protocol_texts(session, project_id, ids)
            learnt = explanations.learnt_from(session, version, ids)
            found.append(Asked(version, requests, texts, learnt))
    return found


def _said(settings: Settings, asked: Asked, held: Held) -> list[tuple[Marked, dict[str, Any]]]:
    """Of each request the words, and with them all else that was said."""
    classifier = load_current(settings, asked.version)
    found = suggest(
        classifier,
        [document(row) for row in asked.texts],
        lambda share, note: held.progress(0.9 * share, note),
        levels=[one.level for one in asked.requests],
    )
    said = []
    for one, request in zip(found, asked.requests, strict=True):
        its_words = marked(one)
        whole = {
            "level": one.level,
            "probabilities": list(one.probabilities),
            "has_learnt": request.protocol_id in asked.learnt,
            **its_words._asdict(),
        }
        said.append((its_words, whole))
    return said


def _store(
    database: Database,
    held: Held,
    requests: Sequence[Wanted],
    said: Sequence[tuple[Marked, dict[str, Any]]],
) -> None:
    with database.write() as session:
        jobs.hold(session, held.claim)
        # Between reading and now a suggestion can have come, gone, or got its words.
        bare = explanations.without_words(session, requests)
        models.add_marks(
            session,
            {
                one.suggestion_id: its_words
                for one, (its_words, _) in zip(requests, said, strict=True)
                if one.suggestion_id in bare
            },
        )
        explanations.withdraw(session, [one for one in requests if one.suggestion_id is not None])
        for one, (_, whole) in zip(requests, said, strict=True):
            if one.suggestion_id is None:
                explanations.answer(session, one, whole)
