"""The sample through the worker: drawn, kept from learning to the last bit, measured honestly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist import fencing
from cer_assist.cli.demo import VISITOR
from cer_assist.cli.demo import make_project as a_demo
from cer_assist.config import Settings
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.learning.metrics import quadratic_kappa
from cer_assist.material import read_material
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
from cer_assist.store.tables import ModelVersion, Project, Protocol
from tests.builders import a_fence, a_member, a_request, intended_levels, two_readings
from tests.worker.test_tasks import label_five, run_worker

SCALE = (1, 2, 3, 4, 5)
STRANGE = 5  # no fenced protocol is meant to have it


def unread(session: Session, project_id: int) -> list[int]:
    """Protocols of the demo that nobody has answered, which are not meant to have level 5."""
    meant = intended_levels()
    rows = session.execute(
        select(Protocol.id, Protocol.external_id)
        .where(Protocol.project_id == project_id)
        .order_by(Protocol.id)
    ).all()
    answered = training_data.final_levels(session, project_id)
    return [row.id for row in rows if row.id not in answered and meant[row.external_id] != STRANGE]


@dataclass
class World:
    """The demo with six fenced protocols and two more coders, in a home of its own."""

    settings: Settings
    database: Database
    project_id: int
    fenced: list[int]
    coders: list[int]

    def read(self, ids: Sequence[int]) -> None:
        """Both coders say what nothing else says, and mark it."""
        with self.database.write() as session:
            project = session.get_one(Project, self.project_id)
            for protocol in ids:
                for coder in self.coders:
                    marked = a_request(protocol, STRANGE, evidence=((0, 30),))
                    labelling.record_label(session, coder, project, marked)

    def versions(self) -> list[tuple[str, int, Any]]:
        """What labels have made of the models so far."""
        with self.database.read() as session:
            rows = session.scalars(select(ModelVersion).order_by(ModelVersion.number))
            return [(row.sha256, row.label_count, row.metrics.get("qwk")) for row in rows]

    def settled(self) -> int:
        with self.database.read() as session:
            found = fence.readings(session, self.project_id)
        return fence.counts(found)[Standing.settled]


@pytest.fixture
def worlds(tmp_path: Path, migrated_file: Path, features: Path) -> Iterator[list[World]]:
    """Two that are the same in every row: what an import draws by lot was drawn once."""
    shutil.copy(migrated_file, tmp_path / "base.sqlite3")
    base = Database(f"sqlite:///{tmp_path / 'base.sqlite3'}")
    with base.write() as session:
        project_id = a_demo(session)
        project = session.get_one(Project, project_id)
        fenced = unread(session, project_id)[:6]
        a_fence(session, project, fenced)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
    base.close()
    made = []
    for name in ("read", "unread"):
        settings = Settings(home=tmp_path / name)
        settings.home.mkdir()
        settings.features_folder.symlink_to(features)
        shutil.copy(tmp_path / "base.sqlite3", settings.home / "cer.sqlite3")
        made.append(World(settings, Database(settings.url), project_id, fenced, coders))
    yield made
    for world in made:
        world.database.close()


def test_models_are_the_same_to_the_last_bit_with_and_without_fenced_labels(
    worlds: list[World],
) -> None:
    """A full fit and one that learns on, with levels and marks that would stand out."""
    one, other = worlds
    one.read(one.fenced[:4])
    for world in worlds:
        run_worker(world.settings)
    one.read(one.fenced[4:])
    for world in worlds:
        label_five(world.database, world.project_id, but=world.fenced)
        run_worker(world.settings)
    assert (one.settled(), other.settled()) == (6, 0)
    assert len(one.versions()) >= 2
    assert one.versions() == other.versions()


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
        labels = [PriorLabel("AMENDED-1", name, STRANGE) for name in ("someone", "else")]
        assert not import_protocols(session, project, [amended], labels, by=None).errors
        copy = session.scalars(select(Protocol.id).where(Protocol.external_id == "AMENDED-1")).one()
        settled = training_data.settled_levels(session, project_id)
        assert copy in settled
    material = read_material(database, project_id)
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
        coders = [accounts.find_account(session, VISITOR).id]
        coders.append(a_member(session, project, "ana").id)
        fence_draws.ask(session, project, 8, coders[0])
    run_worker(settings)
    with database.write() as session:
        drawn = sorted(fence.fenced_ids(session, project_id))
        assert said_by_the_version_in_use(session, project_id).keys() == set(drawn)
        assert len(drawn) == 8
        project = session.get_one(Project, project_id)
        assert fence.estimate(session, project) is None
        levels = {key: intended(session, key) for key in drawn[:5]}
        for protocol, level in levels.items():
            two_readings(session, project, protocol, coders, level, level)
        two_readings(session, project, drawn[5], coders, 1, 5)
    run_worker(settings)
    with database.read() as session:
        found = fence.estimate(session, project)
        said = said_by_the_version_in_use(session, project_id)
    assert found is not None
    right = sum(said[key] == level for key, level in levels.items()) / 5
    assert (found.n, found.size, found.wanted, found.differ) == (5, 8, 8, 1)
    assert found.accuracy["value"] == right
    assert found.accuracy["low"] <= right <= found.accuracy["high"]
    assert found.bounds == {"low": right * 5 / 6, "high": (right * 5 + 1) / 6}
    assert not set(drawn) & read_material(database, project_id).levels.keys()


def said_by_the_version_in_use(session: Session, project_id: int) -> dict[int, int]:
    version_id = models.current_version_id(session, project_id)
    assert version_id is not None
    return fence.scores(session, version_id)


def intended(session: Session, protocol_id: int) -> int:
    return intended_levels()[session.get_one(Protocol, protocol_id).external_id]


def a_population(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels as readers and a model of middling quality would give them."""
    dice = np.random.default_rng(seed)
    truth = dice.choice(5, size, p=[0.15, 0.35, 0.25, 0.15, 0.1])
    off = dice.choice([-2, -1, 0, 1, 2], size, p=[0.05, 0.2, 0.5, 0.2, 0.05])
    return truth, np.clip(truth + off, 0, 4)


@pytest.mark.parametrize(("n", "size"), [(120, 4000), (120, 300)])
def test_intervals_cover_what_they_should(n: int, size: int) -> None:
    """Of 300 samples about 95 %: three deviations are 3.8 %; the bootstrap is a little short."""
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
