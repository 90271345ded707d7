"""train, suggest and words: the model from the command line."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.cli.base import (
    emit,
    home_option,
    json_option,
    open_database,
    progress_bar,
    settings_for,
)
from cer_assist.config import Settings
from cer_assist.domain.errors import Cancelled, CerError, InvalidInput, NotFound
from cer_assist.services import deep_refresh, jobs, models, projects, quality, training_data
from cer_assist.services.retraining import IN_FULL, KIND
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project, Protocol
from cer_assist.store.types import now


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--full", is_flag=True, help="Encode all protocols first, so that all are scored.")
@click.option("--deep", is_flag=True, help="Tune the language model, too: takes half an hour.")
def train_command(home: Path | None, as_json: bool, project: str, full: bool, deep: bool) -> None:
    """Train a model anew on the labels so far, here and now, and measure it."""
    settings = settings_for(home)
    with open_database(settings) as database, progress_bar("Training") as advance:
        with database.write() as session:
            project_id = projects.find_project(session, project).id
        if full:
            _encode_all(database, settings, project_id, advance)
        work = _refresh if deep else _retrain
        note = work(database, settings, project_id, advance)
        with database.read() as session:
            outcome = deep_refresh.last_outcome(session, project_id) if deep else None
            newest = session.scalars(
                select(ModelVersion)
                .where(ModelVersion.project_id == project_id)
                .order_by(ModelVersion.number.desc())
            ).first()
    if outcome is not None:
        figures = outcome.figures or {}
        emit(as_json, {"labels": outcome.labels, "decision": note, **figures}, note)
        return
    if newest is None or not newest.label_count:  # none, or the one that no label taught
        raise InvalidInput(note)
    result = {
        "version": newest.number,
        "labels": newest.label_count,
        "published": newest.published_at is not None,
        "decision": note,
        "metrics": newest.metrics,
        "seconds": newest.seconds,
    }
    emit(as_json, result, f"Version {newest.number} from {newest.label_count} labels: {note}")


def _encode_all(database: Database, settings: Settings, project_id: int, advance: Any) -> None:
    from cer_assist import encoders, scoring
    from cer_assist.material import read_material

    material = read_material(database, project_id)
    encoders.usable_reader(settings, material.previous).cache.encode(
        [scoring.document(row) for row in material.everything], advance
    )


def _retrain(database: Database, settings: Settings, project_id: int, advance: Any) -> str:
    """Run the retraining job here."""
    from cer_assist import tasks

    def ask(session: Session) -> None:
        payload = {IN_FULL: "asked for with the command train"}
        jobs.enqueue(session, KIND, project_id, run_after=now(), payload=payload)

    return run_here(database, settings, (KIND, project_id), ask, tasks.retrain, advance)


def _refresh(database: Database, settings: Settings, project_id: int, advance: Any) -> str:
    """Run a deep refresh here; it gives way to nothing, for nobody else would go on with it."""
    from cer_assist import refreshing

    def ask(session: Session) -> None:
        deep_refresh.ask(session, session.get_one(Project, project_id), None)

    work = partial(refreshing.deep_refresh, gives_way=False)
    return run_here(database, settings, (jobs.DEEP_REFRESH, project_id), ask, work, advance)


def run_here(
    database: Database,
    settings: Settings,
    job: tuple[str, int],
    ask: Callable[[Session], None],
    work: Any,
    advance: Any,
) -> str:
    """Ask for a job and do it under a claim of our own, so that no worker does the same."""
    from cer_assist import worker

    class Shown(worker.Held):
        def progress(self, share: float, note: str) -> None:
            super().progress(share, note)
            advance(share, note)

    lease = dt.timedelta(seconds=settings.lease_seconds)
    with database.write() as session:
        ask(session)
        claim = jobs.claim(session, "command line", lease, only=job)
    if claim is None:
        raise CerError("A worker is training already: wait until it has finished.")
    try:
        return worker.perform(settings, Shown(database, claim, lease, threading.Event()), work)
    except (Exception, KeyboardInterrupt) as error:
        given_up = isinstance(error, KeyboardInterrupt | Cancelled)
        with database.write() as session:
            if (
                given_up and claim.kind == jobs.DEEP_REFRESH
            ):  # a worker would go on for half an hour
                jobs.cancelled(session, claim)
            else:
                jobs.fail(session, claim, f"{type(error).__name__}: {error}")
        raise


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("protocol")
def suggest_command(home: Path | None, as_json: bool, project: str, protocol: str) -> None:
    """Show what the model in use says of a protocol, and the words behind it."""
    from cer_assist import scoring, tasks
    from cer_assist.explain.matches import rubric_matches
    from cer_assist.explain.words import suggest

    settings = settings_for(home)
    with open_database(settings) as database, database.read() as session:
        found = projects.find_project(session, project)
        version = models.current_version(session, found.id)
        row = session.execute(
            select(Protocol.id).where(
                Protocol.project_id == found.id, Protocol.external_id == protocol
            )
        ).scalar()
        if version is None:
            raise NotFound("There is no model yet: label some protocols, then `train`.")
        if row is None:
            raise NotFound(f"Project {project} has no protocol {protocol}.")
        texts = training_data.protocol_texts(session, found.id, [row])
        rubric = project_rubric(session, found)
    classifier = tasks.load_current(settings, version)
    suggestion = suggest(classifier, [scoring.document(text) for text in texts])[0]
    result = asdict(suggestion) | {
        "weak_below": version.metrics.get(quality.WEAK_BELOW),
        "model_version": version.number,
    }
    words = ", ".join(word.text for word in suggestion.words[:8])
    by, lines = "model", []
    if not version.label_count:
        matches = rubric_matches(classifier, rubric, scoring.document(texts[0]), suggestion.level)
        result["rubric_matches"] = [asdict(match) for match in matches]
        by = "the rubric alone, no label learned from"
        lines = [
            f"  {texts[0].text[m.start : m.end]}\n    is near: {m.rubric_text}" for m in matches
        ]
    emit(as_json, result, f"{protocol}: level {suggestion.level} ({by}). Words: {words}", *lines)


@click.command()
@home_option
@json_option
@click.argument("project")
def words_command(home: Path | None, as_json: bool, project: str) -> None:
    """Show the highest-weighted words of each level."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        version = models.current_version(session, found.id)
        if version is None:
            raise NotFound("There is no model yet: label some protocols, then `train`.")
        result: dict[str, Any] = {
            "model_version": version.number,
            "labels": version.label_count,
            "levels": version.words,
        }
    lines = (
        f"{level}: {', '.join(word['word'] for word in words[:12])}"
        for level, words in sorted(result["levels"].items())
    )
    emit(as_json, result, *lines)
