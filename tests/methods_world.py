"""A project in which all happens that the methods report counts, one step after the other."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from cer_assist import agreeing, swaying
from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.agreement import Readings
from cer_assist.domain.labels import Lane, PriorLabel
from cer_assist.domain.serving import CHECK, RETEST
from cer_assist.services import (
    agreement,
    exposures,
    fence,
    labelling,
    methods,
    methods_reports,
    projects,
    queue,
    reading,
    training,
)
from cer_assist.services.importing import import_protocols
from cer_assist.services.models import current_version_id
from cer_assist.services.rubric_versions import publish
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project, Protocol
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_new_rubric,
    a_request,
    some_protocols,
)
from tests.desk import SAID, Always
from tests.practice import a_known, say, some_items
from tests.services.benches import Bench

FIGURE = {"value": 0.8125, "low": 0.7, "high": 0.9}
SCALE = (1, 2, 3, 4, 5)
WITH, WITHOUT = 0.9, 0.1  # how the lot falls


@dataclass
class World:
    """The project as one session sees it."""

    session: Session
    bench: Bench
    cleo: int

    @property
    def project(self) -> Project:
        return self.bench.project

    def protocol(self, at: int) -> int:
        return self.bench.ids[at]

    def again(self, at: int, level: int, lane: Lane) -> None:
        """A protocol comes unannounced to ana, who answers."""
        strategy = {Lane.retest: RETEST, Lane.check: CHECK}[lane]
        wanted = self.protocol(at), strategy, random.Random(1), lane
        queue.serve_picked(self.session, self.project, self.bench.ana, *wanted)
        a_label(self.session, self.project, self.protocol(at), by=self.bench.ana, level=level)

    def reads_by_lot(self, at: int, chance: float, level: int, *then: int) -> None:
        """A served reading of cleo; after the reveal another answer."""
        dice = Always(chance)
        key = self.protocol(at)
        reading.picked_card(self.session, self.project, self.cleo, key, dice=dice)
        for number, each in enumerate((level, *then)):
            current = labelling.current_event_id(self.session, key, self.cleo)
            wanted = a_request(key, each, supersedes=current, seconds=60 + at)
            done = labelling.record_label(self.session, self.cleo, self.project, wanted)
            if chance == WITH and not number:  # else another protocol would be given out at random
                reading.after_answer(self.session, self.project, self.cleo, done, dice)


def a_world(session: Session) -> World:
    """Two coders have read fifteen of forty protocols, and one of them six more."""
    bench = Bench(session, random_share=1.0, no_suggestion_share=0.5)
    bench.ids = [one.id for one in some_protocols(session, bench.project, 40)]
    cleo = a_member(session, bench.project, "cleo").id
    for at in range(15):
        bench.read(at, 1 + at % 5, min(5, 1 + at % 5 + at % 2))
    for at in range(15, 21):
        a_label(session, bench.project, bench.ids[at], by=bench.ana, level=2)
    a_model(session, bench.project, dict.fromkeys(bench.ids, (4, SAID)))
    return World(session, bench, cleo)


def imports_protocols(world: World) -> None:
    world.bench.ids = [one.id for one in some_protocols(world.session, world.project, 43)]


def a_third_coder(world: World) -> None:
    for at in range(4):
        world.project.coders_per_protocol = 3
        world.session.execute(
            update(Protocol).where(Protocol.id == world.protocol(at)).values(coders_wanted=3)
        )
        a_label(world.session, world.project, world.protocol(at), by=world.cleo, level=5)


def a_correction(world: World) -> None:
    a_label(world.session, world.project, world.protocol(15), by=world.bench.ana, level=4)


def adjudications(world: World) -> None:
    bench = world.bench
    bench.rule(bench.asks(5, level=2, reason=Reason.overlooked_text))
    bench.rule(bench.asks(7, level=5))
    bench.rule(bench.asks(11, Act.send_back, note="Look again."))


def a_decision_by_a_reader(world: World) -> None:
    """Lea reads one herself, and then settles what she and ana differ on."""
    a_label(world.session, world.project, world.protocol(16), by=world.bench.lea, level=4)
    world.bench.rule(world.bench.asks(16, level=4, reason=Reason.slip))


def a_rubric_version(world: World) -> None:
    text = a_new_rubric(world.session, world.project, 2, "Other words.")
    publish(world.session, world.project.id, text, "Rooms.", None, world.bench.lea)
    world.session.flush()
    for at in (17, 18):
        a_label(world.session, world.project, world.protocol(at), by=world.bench.ben, level=2)


def a_model_version(world: World) -> None:
    said = dict.fromkeys(world.bench.ids, (4, SAID))
    key = a_model(world.session, world.project, said)
    measured = {"accuracy": FIGURE, "qwk": FIGURE | {"value": 0.77}, "n": 21}
    measured |= {"measured_on": "21 labelled protocols"}
    version = world.session.get_one(ModelVersion, key)
    version.label_count = 21
    version.metrics = version.metrics | measured | {"mae": FIGURE | {"value": 0.31}}


def a_model_learns_on(world: World) -> None:
    last = world.session.get_one(ModelVersion, current_version_id(world.session, world.project.id))
    key = a_model(world.session, world.project, dict.fromkeys(world.bench.ids, (4, SAID)))
    version = world.session.get_one(ModelVersion, key)
    version.label_count = 33
    figures = {name: last.metrics[name] for name in ("qwk", "mae", "n", "measured_on")}
    figures |= {"accuracy": FIGURE | {"value": 0.64}, "n": 21}
    version.metrics = {
        "not_measured": "It learnt on",
        "last_measured": {"version": last.number, "labels": 21, "figures": figures},
    }


def settings_change(world: World) -> None:
    changed: dict[str, Any] = {
        "suggestion_policy": "after",
        "no_suggestion_share": 0.25,
        "random_share": 0.35,
        "rare_share": 0.15,
        "diverse_share": 0.05,
        "double_coded_share": 0.45,
        "adjudicators": 2,
        "coders_per_protocol": 4,
        "qualifies_first": True,
        "training_items": 7,
        "training_mark": 0.85,
        "retrain_every": 13,
        "retrain_idle_seconds": 90,
        "accepted_half_width": 0.07,
        "accepted_wrong_share": 0.03,
    }
    projects.change_settings(world.session, world.project, changed, world.bench.lea)


def settings_change_again(world: World) -> None:
    changed: dict[str, Any] = {"no_suggestion_share": 0.3, "random_share": 0.4}
    projects.change_settings(world.session, world.project, changed, world.bench.lea)


def lots(world: World) -> None:
    """With a suggestion two changed answers and one kept, without one two readings."""
    world.reads_by_lot(21, WITH, 2, 4)
    world.reads_by_lot(22, WITH, 4)
    world.reads_by_lot(23, WITHOUT, 3)
    world.reads_by_lot(24, WITHOUT, 4)
    for at in range(21, 25):
        for who in (world.bench.ana, world.bench.ben):
            a_label(world.session, world.project, world.protocol(at), by=who, level=4)


def imports_labels(world: World) -> None:
    names = [f"P-{at + 1}" for at in range(30, 33)]
    labels = [PriorLabel(name, "dora", 3) for name in names]
    labels += [PriorLabel(names[0], "final", 3)]
    report = import_protocols(world.session, world.project, [], labels, by=None)
    assert not report.errors


def training_and_checks(world: World) -> None:
    some_items(world.session, world.project)
    for who, off in ((world.cleo, 0), (world.bench.ben, 1)):
        round_ = training.begin(world.session, world.project, who, random.Random(1))
        for _ in round_.items:
            say(world.session, world.project, who, off=off)
    a_known(world.session, world.project, world.protocol(35), by=world.cleo, level=2)
    a_known(world.session, world.project, world.protocol(36), by=world.cleo, level=3)
    world.again(35, 2, Lane.check)
    world.again(36, 4, Lane.check)


def comes_back(world: World) -> None:
    """Of what ana read by the rubric in use; she said 4 of each."""
    world.again(21, 4, Lane.retest)
    world.again(22, 5, Lane.retest)
    world.again(24, 4, Lane.retest)


def a_sample(world: World) -> None:
    drawn = [world.protocol(at) for at in (37, 38, 39)]
    a_fence(world.session, world.project, drawn)
    for at in (37, 38):
        world.bench.read(at, 4, 4)
    version = current_version_id(world.session, world.project.id)
    assert version is not None
    figures = {"accuracy": FIGURE, "qwk": FIGURE | {"value": 0.72}, "mae": FIGURE}
    more = {"bounds": {"low": 0.4, "high": 0.9}, "differ": 1, "population": 5}
    fence.add_estimate(world.session, version, 2, 3, figures | more)


def the_sample_is_measured_again(world: World) -> None:
    version = current_version_id(world.session, world.project.id)
    assert version is not None
    figures = {name: FIGURE | {"value": 0.55} for name in ("accuracy", "qwk", "mae")}
    more = {"bounds": {"low": 0.4, "high": 0.9}, "differ": 2, "population": 5}
    fence.add_estimate(world.session, version, 3, 3, figures | more)
    world.bench.read(39, 4, 4)
    a_fence(world.session, world.project, [world.protocol(40)])


def report_of(database: Database, project_id: int) -> dict[str, Any]:
    """The facts, with the worker's parts made anew."""
    found, last = agreeing.figures(database, project_id, Readings(), SCALE)
    other, seen = swaying.figures(database, project_id)
    with database.write() as session:
        agreement.ask(session, project_id, Readings())
        agreement.store(session, project_id, Readings(), last, found)
        exposures.store(session, project_id, seen, other)
    with database.read() as session:
        parts = methods_reports.stored(session, project_id)
        return methods.gather(session, session.get_one(Project, project_id), parts)
