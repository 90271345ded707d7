"""A deep refresh as the worker does it: in turns, to be stopped, used only where it is better."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from cer_assist import encoders, refreshing, tasks, worker
from cer_assist.config import Settings
from cer_assist.domain.errors import Cancelled
from cer_assist.learning.checked_files import write_json
from cer_assist.learning.deep import decision
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.services import accounts, deep_refresh, jobs, models, pinning, training_data
from cer_assist.services.jobs import DEEP_REFRESH
from cer_assist.services.retraining import KIND
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, ModelVersion, Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.jobs import JobState
from tests.builders import a_label, a_member, a_project, a_protocol
from tests.learning.shared import quick_projection, single_sentences
from tests.worker.test_tasks import in_use, run_worker

__all__ = ["quick_projection"]
pytestmark = pytest.mark.usefixtures("quick_projection")
QUICK = Recipe(layers=1, epochs=1, documents=4)
LEASE = dt.timedelta(seconds=30)
LABELLED, OPEN = 25, 5


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Apart from other tests' states, whose projection is of all demo texts."""
    return tmp_path_factory.mktemp("features-of-refreshes")


@pytest.fixture
def project_id(database: Database, settings: Settings) -> int:
    """A project with a version from labels that say nothing about its texts."""
    with database.write() as session:
        project = a_project(session, model_kind="meaning")
        lea = a_member(session, project, "lea", Role.lead).id
        levels = np.random.default_rng(0).integers(1, 4, LABELLED).tolist()
        for at, text in enumerate(single_sentences(LABELLED + OPEN)):
            protocol = a_protocol(session, project, text)
            if at < LABELLED:
                a_label(session, project, protocol.id, by=lea, level=levels[at])
        found = project.id
    run_worker(settings)
    assert in_use(database, found).kind == "meaning"
    return found


class Heard(worker.Held):
    """Notes what is told, and may raise at a note."""

    told: list[str]
    at: tuple[str, Exception] | None = None

    def progress(self, share: float, note: str) -> None:
        super().progress(share, note)
        self.told.append(note)
        if self.at is not None and note.startswith(self.at[0]):
            raise self.at[1]


def held_refresh(database: Database, project_id: int, *, ask: bool = True) -> Heard:
    """The project's refresh in a worker's hands."""
    with database.write() as session:
        if ask:
            deep_refresh.ask(session, session.get_one(Project, project_id), None, least=LABELLED)
        claim = jobs.claim(session, "test", LEASE, only=(DEEP_REFRESH, project_id))
    assert claim is not None
    held = Heard(database, claim, LEASE, threading.Event())
    held.told = []
    return held


def perform(settings: Settings, held: Heard) -> str:
    work = partial(refreshing.deep_refresh, recipe=QUICK, pause=0.0)
    return worker.perform(settings, held, work)


def scratch(settings: Settings) -> list[str]:
    folder = settings.refreshes_folder
    return sorted(path.name for path in folder.glob("*/*")) if folder.exists() else []


def outcome(database: Database, project_id: int) -> deep_refresh.Outcome:
    with database.read() as session:
        found = deep_refresh.last_outcome(session, project_id)
        assert verify(session).intact
    assert found is not None
    return found


def label_one(database: Database, project_id: int, **payload: str) -> None:
    """One more label, and a retraining that is due."""
    with database.write() as session:
        project = session.get_one(Project, project_id)
        lea = accounts.find_account(session, "lea").id
        [first, *_] = training_data.open_protocol_ids(session, project_id)
        a_label(session, project, first, by=lea, level=2)
        jobs.enqueue(session, KIND, project_id, payload=dict(payload))


def test_no_gain_is_recorded_and_changes_nothing(
    database: Database, settings: Settings, project_id: int
) -> None:
    """Also: it gives way to a retraining that is due, and goes on behind it."""
    before = in_use(database, project_id).id
    held = held_refresh(database, project_id)
    label_one(database, project_id)
    note = perform(settings, held)
    assert note.startswith("Gives way to other work")
    assert len(held.told) == 1
    label_one(database, project_id)
    with database.read() as session:
        [waits] = session.scalars(
            select(Job).where(Job.kind == DEEP_REFRESH, Job.state == JobState.queued)
        )
        assert waits.payload == held.claim.payload
    _work_off_all_but_the_refresh(database, settings)
    retrained = in_use(database, project_id)
    assert (retrained.id != before, retrained.label_count) == (True, LABELLED + 2)
    held = held_refresh(database, project_id, ask=False)
    note = perform(settings, held)
    assert note.startswith("Not used: ")
    assert "fold 2 of 5, pass 1 of 1" in held.told
    last = outcome(database, project_id)
    assert (last.labels, last.decision) == (LABELLED + 1, note)  # those there were when it began
    assert last.figures is not None
    gain = last.figures["gains"]["qwk"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert last.figures["n"] == LABELLED + 1
    assert in_use(database, project_id).id == retrained.id
    assert scratch(settings) == []
    assert not list(settings.encoders_folder.glob("*"))


def _work_off_all_but_the_refresh(database: Database, settings: Settings) -> None:
    while True:
        with database.write() as session:
            claim = jobs.claim(session, "test", LEASE)
            if claim is None or claim.kind == DEEP_REFRESH:
                if claim is not None:
                    jobs.give_back(session, claim)
                return
        worker.run_job(settings, worker.Held(database, claim, LEASE, threading.Event()))


def test_a_better_encoder_is_published_and_trainings_go_on_with_it(
    database: Database, settings: Settings, project_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision, "is_better", lambda gain, mae: True)
    first = in_use(database, project_id)
    note = perform(settings, held_refresh(database, project_id))
    assert note.startswith("Used: the tuned encoder is better")
    tuned = in_use(database, project_id)
    assert (tuned.number, tuned.decision) == (first.number + 1, note)
    assert outcome(database, project_id).decision == note
    assert scratch(settings) == []
    named = models.encoder_of(tuned)
    assert (settings.encoders_folder / named["artefact"]).is_dir()
    assert "by a model and an encoder that had not read it" in tuned.metrics["measured_on"]
    assert scored(database, tuned.id) == set(open_ids(database, project_id))
    label_one(database, project_id)
    run_worker(settings)
    learnt_on = in_use(database, project_id)
    assert (learnt_on.number, models.encoder_of(learnt_on)) == (tuned.number + 1, named)
    assert "learnt on from version" in learnt_on.decision
    label_one(database, project_id, in_full="for its figures")
    run_worker(settings)
    later = in_use(database, project_id)
    assert (later.number, models.encoder_of(later)) == (tuned.number + 2, named)
    assert "by a model and an encoder that had not read it" in later.metrics["measured_on"]
    assert tasks.load_current(settings, later).n_labels_ == LABELLED + 2
    _going_back_reads_with_the_published_encoder_again(database, settings, project_id, first)
    _a_damaged_encoder_is_set_aside(database, settings, project_id, named["artefact"])


def scored(database: Database, version_id: int) -> set[int]:
    with database.read() as session:
        return models.scored_protocol_ids(session, version_id)


def open_ids(database: Database, project_id: int) -> list[int]:
    with database.read() as session:
        return training_data.open_protocol_ids(session, project_id)


def _going_back_reads_with_the_published_encoder_again(
    database: Database, settings: Settings, project_id: int, first: ModelVersion
) -> None:
    with database.write() as session:
        project = session.get_one(Project, project_id)
        lea = accounts.find_account(session, "lea").id
        pinning.pin(session, project, first.id, lea)
        a_protocol(session, project, "Neighbours run the walking group themselves.")
        jobs.enqueue(session, pinning.SCORING, project_id)
    run_worker(settings)
    assert scored(database, first.id) >= set(open_ids(database, project_id))
    assert encoders.reader_of(settings, in_use(database, project_id)).judges is None
    with database.write() as session:
        pinning.unpin(session, session.get_one(Project, project_id), lea)


def _a_damaged_encoder_is_set_aside(
    database: Database, settings: Settings, project_id: int, name: str
) -> None:
    """The project falls back to the published encoder; nothing stops."""
    folder = settings.encoders_folder / name
    weights = folder / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-9] ^= 1
    weights.write_bytes(data)
    encoders.forget()  # as a new worker would
    before = in_use(database, project_id)
    assert models.encoder_of(before)
    label_one(database, project_id)
    run_worker(settings)
    after = in_use(database, project_id)
    assert after.number == before.number + 1
    assert models.encoder_of(after) == {}
    assert f"the tuned one of version {before.number} cannot be opened" in after.decision
    assert folder.with_name(f"{name}.damaged").is_dir()
    assert not folder.exists()


def test_killed_it_goes_on_where_it_was(
    database: Database, settings: Settings, project_id: int
) -> None:
    held = held_refresh(database, project_id)
    held.at = ("fold 3 of 5", MemoryError("as sudden as a kill"))
    with pytest.raises(MemoryError):
        perform(settings, held)
    with database.write() as session:
        job = session.get_one(Job, held.claim.job_id)
        assert job.state == JobState.running
        job.lease_until = job.created_at  # its worker has fallen silent
    again = held_refresh(database, project_id, ask=False)
    assert again.claim.attempt == 2
    again.at = ("fold 4 of 5", Cancelled("enough"))
    again.cancel = False
    with pytest.raises(Cancelled):
        perform(settings, again)
    assert again.told[0] == "fold 3 of 5, pass 1 of 1"
    assert {"fold-0.tuned", "fold-1.tuned", "fold-2.tuned"} <= set(scratch(settings))
    again.at = ("", Cancelled("stopped on request"))
    again.cancel = True  # a wish to stop: nothing of it is kept
    with pytest.raises(Cancelled):
        perform(settings, again)
    assert scratch(settings) == []


def test_stopped_while_it_waits_its_scratch_goes(
    database: Database, settings: Settings, project_id: int
) -> None:
    held = held_refresh(database, project_id)
    label_one(database, project_id)
    perform(settings, held)
    assert scratch(settings)
    worker.remove_abandoned(database, settings)
    assert scratch(settings)
    with database.write() as session:
        lea = accounts.find_account(session, "lea").id
        deep_refresh.stop(session, session.get_one(Project, project_id), lea)
    worker.remove_abandoned(database, settings)
    assert scratch(settings) == []


def test_a_wish_to_stop_is_not_lost_where_it_gives_way(
    database: Database, settings: Settings, project_id: int
) -> None:
    held = held_refresh(database, project_id)
    label_one(database, project_id)
    with database.write() as session:
        lea = accounts.find_account(session, "lea").id
        jobs.request_cancel(session, held.claim.job_id, lea)
    worker.run_job(settings, held)
    with database.read() as session:
        assert session.get_one(Job, held.claim.job_id).state == JobState.cancelled
        assert deep_refresh.live_runs(session) == set()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"deep_minutes": 1}, "more than 1 minutes; CER_DEEP_MINUTES allows it longer"),
        ({"deep_megabytes": 1}, r"MB of memory, more than the 1 that CER_DEEP_MEGABYTES allows"),
    ],
)
def test_beyond_its_limits_it_ends_with_the_reason(
    database: Database, settings: Settings, project_id: int, limits: dict[str, Any], reason: str
) -> None:
    settings = settings.model_copy(update=limits)
    version = in_use(database, project_id)
    held = held_refresh(database, project_id)
    run = held.claim.payload["run"]
    held.at = ("reading", Cancelled("elsewhere"))
    with pytest.raises(Cancelled):
        perform(settings, held)
    write_json(settings.refreshes_folder / run / "spent", 61.0)
    held.at = None
    note = perform(settings, held)
    assert note.startswith("Not finished: ")
    assert reason in note
    assert outcome(database, project_id).decision == note
    assert outcome(database, project_id).figures is None
    assert in_use(database, project_id).id == version.id
    assert scratch(settings) == []
    with database.read() as session:
        assert session.get_one(Job, held.claim.job_id).state == JobState.done


def test_a_damaged_plan_begins_anew(
    database: Database, settings: Settings, project_id: int
) -> None:
    held = held_refresh(database, project_id)
    held.at = ("fold 2 of 5", Cancelled("elsewhere"))
    with pytest.raises(Cancelled):
        perform(settings, held)
    plan = settings.refreshes_folder / held.claim.payload["run"] / "plan"
    plan.write_bytes(plan.read_bytes()[:-1])
    held.told.clear()
    with pytest.raises(Cancelled):
        perform(settings, held)
    assert "fold 1 of 5, pass 1 of 1" in held.told
    shutil.rmtree(settings.refreshes_folder)
