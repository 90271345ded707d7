"""The orders that the worker makes, from the first import to the first model that labels taught."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.cli.demo import TEXTS
from cer_assist.config import Settings
from cer_assist.domain.serving import BY_MODEL, COLD_START, UNCERTAIN
from cer_assist.imports import parse_files
from cer_assist.learning.kinds import COLD_START as COLD_START_KIND
from cer_assist.services import accounts, pinning, queue
from cer_assist.services.importing import import_protocols
from cer_assist.services.queue_order import KEPT
from cer_assist.store.engine import Database
from cer_assist.store.tables import (
    FencedProtocol,
    ModelVersion,
    NearCopy,
    Project,
    Protocol,
    QueuePlace,
    Suggestion,
)
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, intended_levels
from tests.worker.test_tasks import in_use, run_worker

COPY = "copy"


@pytest.fixture
def imported(database: Database, settings: Settings) -> int:
    """Twenty-four protocols, a near-copy of the first and a fenced one, scored by the rubric."""
    parsed = parse_files([TEXTS / "protocols.jsonl"], {}, None)
    texts = list(parsed.protocols[:24])
    texts.append(replace(texts[0], external_id=COPY, text=f"{texts[0].text} Amended."))
    with database.write() as session:
        project = a_project(session, retrain_every=5, random_share=0.0, diverse_share=0.3)
        ana = a_member(session, project, "ana")
        assert not import_protocols(session, project, texts, [], by=ana.id).errors
        fenced = Protocol.external_id == texts[5].external_id
        key = session.scalars(select(Protocol.id).where(fenced)).one()
        session.add(FencedProtocol(protocol_id=key, project_id=project.id, drawn_at=now()))
        project_id = project.id
    run_worker(settings)
    return project_id


def test_from_a_broad_mix_to_the_first_model_that_ten_labels_taught(
    database: Database, settings: Settings, imported: int
) -> None:
    first = in_use(database, imported)
    assert first.kind == COLD_START_KIND
    with database.read() as session:
        order = places(session, first.id, COLD_START)
        expected = dict(
            session.execute(
                select(Suggestion.protocol_id, Suggestion.level).where(
                    Suggestion.model_version_id == first.id
                )
            ).all()
        )
        twins = [name_to_id(session)[name] for name in (COPY, first_name(session))]
        clusters = dict(session.execute(select(NearCopy.protocol_id, NearCopy.cluster)).all())
    # All but the fenced one; of the two copies one is the very last.
    assert len(order) == len(set(order)) == 24
    assert order[-1] in twins
    assert {clusters[key] for key in twins} == {min(twins)}
    assert [cluster for key, cluster in clusters.items() if key not in twins] == [None] * 23
    present = {expected[key] for key in order}
    assert {expected[key] for key in order[: len(present)]} == present
    label_ten_as_served(database, imported)
    run_worker(settings)
    taught = in_use(database, imported)
    assert (taught.label_count, taught.published_at is not None) == (10, True)
    with database.read() as session:
        assert places(session, first.id, COLD_START) == []
        open_ids = set(session.scalars(select(Protocol.id).where(Protocol.coders_missing > 0)))
        fenced = set(session.scalars(select(FencedProtocol.protocol_id)))
        for strategy in BY_MODEL:
            order = places(session, taught.id, strategy)
            assert set(order) == open_ids - fenced
            assert len(order) == len(set(order))
        scores = session.scalars(
            select(QueuePlace.score)
            .where(QueuePlace.strategy == UNCERTAIN)
            .order_by(QueuePlace.score.desc())
        ).all()
        assert scores == [KEPT - place for place in range(len(open_ids - fenced))]
    _a_version_that_runs_low_gets_new_orders(database, settings, imported)


def _a_version_that_runs_low_gets_new_orders(
    database: Database, settings: Settings, project_id: int
) -> None:
    """One that is gone back to has none any more."""
    with database.write() as session:
        first = session.scalars(select(ModelVersion.id).order_by(ModelVersion.id)).first()
        ana = accounts.find_account(session, "ana").id
        assert first is not None
        pinning.pin(session, session.get_one(Project, project_id), first, ana)
        assert places(session, first, COLD_START) == []
    run_worker(settings)
    with database.read() as session:
        open_ids = session.scalars(select(Protocol.id).where(Protocol.coders_missing > 0)).all()
        assert len(places(session, first, COLD_START)) == len(open_ids) - 1  # the fenced one


def label_ten_as_served(database: Database, project_id: int) -> None:
    """Every one of them from the mix, and the fenced one not among them."""
    levels = intended_levels()
    with database.write() as session:
        project = session.get_one(Project, project_id)
        bob = a_member(session, project, "bob").id
        for number in range(10):
            served = queue.serve_next(session, project, bob, random.Random(number))
            assert served is not None
            assert served.strategy == COLD_START
            assert "broad mix" in served.reason
            name = session.get_one(Protocol, served.protocol_id).external_id
            a_label(session, project, served.protocol_id, by=bob, level=levels[name])


def places(session: Session, version_id: int, strategy: str) -> list[int]:
    return list(
        session.scalars(
            select(QueuePlace.protocol_id)
            .where(QueuePlace.model_version_id == version_id, QueuePlace.strategy == strategy)
            .order_by(QueuePlace.place)
        )
    )


def name_to_id(session: Session) -> dict[str, int]:
    return {row.external_id: row.id for row in session.scalars(select(Protocol))}


def first_name(session: Session) -> str:
    return str(session.scalars(select(Protocol.external_id).order_by(Protocol.id)).first())
