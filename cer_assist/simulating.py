"""The job that replays a project on its own labels; it gives way to all other work after each run.

A run takes some seconds to half a minute. Each one that is finished is kept, so a job that gave
way, or a worker that was killed, loses one run at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cer_assist.config import Settings
from cer_assist.domain.rubric import Rubric
from cer_assist.encoders import named_reader
from cer_assist.learning.curves import summary
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.replays import Found, Run, gathered, replay_one, wanted_runs
from cer_assist.learning.simulation import Arena, Plan, Round
from cer_assist.scoring import document
from cer_assist.services import jobs, simulations, training_data
from cer_assist.services.jobs import SIMULATE
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.training_data import TextRow
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Simulation
from cer_assist.worker import Held


@dataclass(frozen=True)
class Question:
    """A simulation as it was asked for, and what of it is done."""

    plan: Plan
    strategies: list[str]
    seeds: int
    rubric: Rubric
    texts: list[TextRow]
    levels: list[int]
    known: Found

    def todo(self) -> list[Run]:
        """The runs that are left."""
        wanted = wanted_runs(self.strategies, self.seeds)
        return [run for run in wanted if run not in self.known]


def simulate(database: Database, settings: Settings, held: Held) -> str:
    """Make the runs that are left, until done or until other work waits."""
    key = held.claim.payload["simulation"]
    asked = _read(database, held.claim.project_id, key)
    arena = _arena(settings, asked, held)
    todo, whole = asked.todo(), asked.seeds * (len(asked.strategies) + 1)
    for left, run in zip(range(len(todo), 0, -1), todo, strict=True):

        def progress(share: float, note: str, left: int = left) -> None:
            held.progress((whole - left + share) / whole, note)

        rounds = replay_one(arena, asked.plan, *run, progress)
        asked.known[run] = rounds
        with database.write() as session:
            jobs.hold(session, held.claim)
            simulations.add_run(session, key, [*run, rounds])
            if left > 1 and jobs.is_due(session, before_long_ones=True):
                jobs.enqueue(session, SIMULATE, held.claim.project_id, payload=held.claim.payload)
                return f"{whole - left + 1} of {whole} runs; other work comes first"
    with database.write() as session:
        jobs.hold(session, held.claim)
        simulations.finish(session, key, _found(asked, len(arena.data.levels)))
    return f"{whole} runs"


def _read(database: Database, project_id: int, key: int) -> Question:
    with database.read() as session:
        row = session.get_one(Simulation, key)
        levels = {int(name): level for name, level in row.levels.items()}
        texts = training_data.protocol_texts(session, project_id, list(levels))
        plan = row.plan
        return Question(
            plan=Plan(plan["kind"], plan["start"], plan["batch"], plan["budget"]),
            strategies=plan["strategies"],
            seeds=plan["seeds"],
            rubric=project_rubric(session, session.get_one(Project, project_id)),
            texts=texts,
            levels=[levels[text.id] for text in texts],
            known={(name, seed): [Round(*r) for r in rounds] for name, seed, rounds in row.runs},
        )


def _arena(settings: Settings, asked: Question, held: Held) -> Arena:
    """By the published encoder: a tuned one has learnt from the levels it would be judged by."""
    cache = named_reader(settings, {}).cache
    data = Labelled([document(row) for row in asked.texts], np.array(asked.levels))
    told = lambda share, note: held.progress(held.share, note)  # noqa: E731
    return Arena.of(data, asked.rubric.scale, cache, asked.rubric, told)


def _found(asked: Question, documents: int) -> dict[str, object]:
    runs, ceilings = gathered(asked.known, asked.strategies, asked.seeds)
    return {
        "documents": documents,
        "every_label": {
            "labels": ceilings[0].labels,
            "qwk": float(np.mean([one.measures["qwk"] for one in ceilings])),
        },
        "strategies": summary(runs, ceilings),
    }
