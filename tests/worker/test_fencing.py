"""The sample through the worker: drawn, kept from learning to the last bit, measured honestly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist import fencing, tasks
from cer_assist.cli.demo import VISITOR
from cer_assist.config import Settings
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.learning.metrics import quadratic_kappa
from cer_assist.services import (
    accounts,
    fence,
    fence_draws,
    labelling,
    models,
    quality,
    training_data,
)
from cer_assist.services.fence import Reading, Standing
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import FencedProtocol, ModelVersion, Project, Protocol
from tests.builders import a_fence, a_member, a_request, intended_levels, two_readings
from tests.worker.test_tasks import label_five, run_worker
from tests.worker.test_tasks import make_project as a_demo

SCALE = (1, 2, 3, 4, 5)
STRANGE = 5  # no fenced protocol is meant to have it


def unread(session: Session, project_id: int) -> list[int]:
    """Protocols of the demo that nobody has answered, which are not meant to have level 5."""
    intended = intended_levels()
    rows = session.execute(
        select(Protocol.id, Protocol.external_id)
        .where(Protocol.project_id == project_id)
        .order_by(Protocol.id)
    ).all()
    answered = training_data.final_levels(session, project_id)
    return [
        row.id for row in rows if row.id not in answered and intended[row.external_id] != STRANGE
    ]


def a_world(home: Path, migrated: Path, features: Path, *, is_read: bool) -> list[tuple[str, int]]:
    """The demo with six fenced protocols, read strangely or not; its versions' artefacts."""
    home.mkdir()
    settings = Settings(home=home)
    settings.features_folder.symlink_to(features)
    (home / "cer.sqlite3").write_bytes(migrated.read_bytes())
    database = Database(settings.url)
    with database.write() as session:
        project_id = a_demo(session)
        project = session.get_one(Project, project_id)
        fenced = unread(session, project_id)[:6]
        a_fence(session, project, fenced)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]

    def read(ids: list[int]) -> None:
        with database.write() as session:
            project = session.get_one(Project, project_id)
            for protocol in ids if is_read else []:
                for coder in coders:
                    marked = a_request(protocol, STRANGE, evidence=((0, 30),))
                    labelling.record_label(session, coder, project, marked)

    read(fenced[:4])
    run_worker(settings)
    read(fenced[4:])
    label_five(database, project_id, but=fenced)
    run_worker(settings)
    with database.read() as session:
        versions = session.scalars(select(ModelVersion).order_by(ModelVersion.number))
        found = [(version.sha256, version.label_count) for version in versions]
        assert len(fence.fenced_ids(session, project_id)) == 6
        settled = fence.counts(fence.readings(session, project_id))[Standing.settled]
        assert settled == (6 if is_read else 0)
    database.close()
    return found


def test_models_are_the_same_to_the_last_bit_with_and_without_fenced_labels(
    tmp_path: Path, migrated_file: Path, features: Path
) -> None:
    """A full fit and one that learns on, with levels and marks that would stand out."""
    worlds = [
        a_world(tmp_path / str(is_read), migrated_file, features, is_read=is_read)
        for is_read in (True, False)
    ]
    assert len(worlds[0]) >= 2
    assert worlds[0] == worlds[1]


def test_a_labelled_near_copy_of_a_fenced_protocol_is_left_out(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project_id = a_demo(session)
        project = session.get_one(Project, project_id)
        fenced = unread(session, project_id)[0]
        a_fence(session, project, [fenced])
        text = session.get_one(Protocol, fenced).text
        amended = compose("AMENDED-1", "An amendment", [("Text", f"{text} Version of May.")])
        labels = [PriorLabel("AMENDED-1", "someone", STRANGE)]
        assert not import_protocols(session, project, [amended], labels, by=None).errors
        copy = session.scalars(select(Protocol.id).where(Protocol.external_id == "AMENDED-1")).one()
        settled = training_data.settled_levels(session, project_id)
        assert copy in settled
    material = tasks.read_material(database, project_id)
    assert material.left_out == 1
    assert set(material.levels) == {row.id for row in material.labelled} == set(settled) - {copy}
    assert fenced in {row.id for row in material.everything}
    run_worker(settings)
    with database.read() as session:
        version = models.current_version(session, project_id)
        assert version is not None
        assert (version.label_count, version.metrics[quality.LEFT_OUT]) == (len(settled) - 1, 1)


def test_a_draw_and_its_figures_come_from_the_worker(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "LEAST_SETTLED", 4)
    with database.write() as session:
        project_id = a_demo(session)
        project = session.get_one(Project, project_id)
        visitor = accounts.find_account(session, VISITOR).id
        fence_draws.ask(session, project, 8, visitor)
        other = a_member(session, project, "ana").id
    run_worker(settings)
    intended = intended_levels()
    with database.write() as session:
        drawn = sorted(fence.fenced_ids(session, project_id))
        assert len(drawn) == 8
        version = models.current_version(session, project_id)
        assert version is not None
        said = fence.scores(session, version.id)
        assert said.keys() == set(drawn)
        project = session.get_one(Project, project_id)
        assert fence.estimate(session, project) is None
        for protocol in drawn[:5]:
            level = intended[session.get_one(Protocol, protocol).external_id]
            two_readings(session, project, protocol, (visitor, other), level, level)
        two_readings(session, project, drawn[5], (visitor, other), 1, 5)
    run_worker(settings)
    with database.read() as session:
        found = fence.estimate(session, project)
        assert found is not None
        version = models.current_version(session, project_id)
        assert version is not None
        said = fence.scores(session, version.id)
        names = {key: session.get_one(Protocol, key).external_id for key in drawn[:5]}
    right = sum(said[key] == intended[name] for key, name in names.items()) / 5
    assert (found.n, found.size, found.wanted, found.differ) == (5, 8, 8, 1)
    assert found.version == version.number
    assert found.accuracy["value"] == right
    assert found.accuracy["low"] <= right <= found.accuracy["high"]
    assert found.bounds == {"low": right * 5 / 6, "high": (right * 5 + 1) / 6}
    assert version.label_count == len(material_levels(database, project_id))


def material_levels(database: Database, project_id: int) -> dict[int, int]:
    levels = tasks.read_material(database, project_id).levels
    with database.read() as session:
        drawn = set(session.scalars(select(FencedProtocol.protocol_id)))
    assert not drawn & levels.keys()
    return levels


def a_population(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels as readers and a model of middling quality would give them."""
    dice = np.random.default_rng(seed)
    truth = dice.choice(5, size, p=[0.15, 0.35, 0.25, 0.15, 0.1])
    off = dice.choice([-2, -1, 0, 1, 2], size, p=[0.05, 0.2, 0.5, 0.2, 0.05])
    return truth, np.clip(truth + off, 0, 4)


@pytest.mark.parametrize(("n", "size"), [(120, 4000), (120, 300)])
def test_intervals_cover_what_they_should(n: int, size: int) -> None:
    """Of 300 samples about 95 %: three deviations are 3.8 %, and the bootstrap is a little short."""
    truth, said = a_population(size, seed=1)
    square = np.bincount(truth * 5 + said, minlength=25).reshape(5, 5)
    real = {
        "accuracy": float((truth == said).mean()),
        "qwk": float(quadratic_kappa(square)),
        "mae": float(np.abs(truth - said).mean()),
    }
    dice = np.random.default_rng(2)
    covered = dict.fromkeys(real, 0)
    for _ in range(300):
        chosen = dice.choice(size, n, replace=False).tolist()
        found = [Reading(at, Standing.settled, SCALE[truth[at]]) for at in chosen]
        levels = {at: SCALE[said[at]] for at in chosen}
        figures = fencing.estimate_figures(found, levels, SCALE, size)
        for name, value in real.items():
            covered[name] += figures[name]["low"] <= value <= figures[name]["high"]
    assert all(0.90 <= times / 300 <= 0.99 for times in covered.values()), covered


def test_the_whole_population_is_known_without_doubt() -> None:
    found = [Reading(at, Standing.settled, level) for at, level in enumerate((1, 2, 3, 4))]
    figures = fencing.estimate_figures(found, {0: 1, 1: 2, 2: 3, 3: 5}, SCALE, 4)
    assert figures["accuracy"] == {"value": 0.75, "low": 0.75, "high": 0.75}
    assert figures["mae"] == pytest.approx({"value": 0.25, "low": 0.25, "high": 0.25})
