"""Readings as the label page makes them, with the lots and the suggestions that a test wants."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy.orm import Session

from cer_assist.domain.exposures import Reading
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import exposure_readings, labelling, queue, reading
from cer_assist.services.label_events import append_event
from cer_assist.store.tables import LabelEvent, Project
from cer_assist.store.types import now
from tests.builders import a_member, a_model, a_project, a_request, some_protocols

SAID = [0.05, 0.05, 0.1, 0.7, 0.1]


class Always(random.Random):
    """Dice that fall the same each time: for a share of a half .9 is with, .1 without."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def random(self) -> float:
        return self.chance


@dataclass
class Desk:
    """A project with a model that says 4 of all its protocols, and its coders."""

    session: Session
    project: Project
    protocols: list[int]
    coders: list[int]

    def reads(
        self, protocol: int, level: int, *then: int, by: int = 0, took: Sequence[float] = (60,)
    ) -> None:
        """A reading as the label page makes it: the answer, and after the reveal another."""
        coder, dice = self.coders[by], Always(0.9)
        reading.picked_card(self.session, self.project, coder, protocol, dice=dice)
        for each, seconds in zip_longest((level, *then), took, fillvalue=60):
            current = labelling.current_event_id(self.session, protocol, coder)
            wanted = a_request(protocol, int(each), supersedes=current, seconds=seconds)
            done = labelling.record_label(self.session, coder, self.project, wanted)
            reading.after_answer(self.session, self.project, coder, done, dice)

    def settle(self, protocol: int, level: int, by: int) -> None:
        """A final level."""
        last = self.session.query(LabelEvent).order_by(LabelEvent.id.desc()).first()
        assert last is not None
        same = {c.name: getattr(last, c.name) for c in LabelEvent.__table__.columns}
        same |= {"protocol_id": protocol, "account_id": by, "lane": Lane.final, "level": level,
                 "action": Action.label, "supersedes_id": None, "recorded_at": now(),
                 "idempotency_key": f"final-{protocol}-{last.id}"}  # fmt: skip
        append_event(self.session, {k: v for k, v in same.items() if k not in ("id", "sha256")})

    def found(self) -> dict[tuple[int, int], Reading]:
        """Readings by protocol and coder, each by its number here."""
        gathered = exposure_readings.gather(self.session, self.project.id)
        return {
            (self.protocols.index(one.protocol), self.coders.index(one.coder)): one
            for one in gathered.readings
        }


def a_desk(
    session: Session,
    count: int = 4,
    readers: int = 1,
    *,
    without: tuple[int, ...] = (),
    **settings: object,
) -> Desk:
    """With the numbers of those protocols that by lot are read without a suggestion."""
    wanted: dict[str, Any] = {"no_suggestion_share": 0.5, "random_share": 1.0}
    project = a_project(session, coders_per_protocol=readers, **wanted | settings)
    coders = [a_member(session, project, name).id for name in ("ana", "ben", "cleo")]
    protocols = [one.id for one in some_protocols(session, project, count)]
    a_model(session, project, dict.fromkeys(protocols, (4, SAID)))
    for coder in coders:
        for number in without:  # before any is served as the next one
            queue.serve_picked(session, project, coder, protocols[number], dice=Always(0.1))
        queue.release(session, project.id, coder)
    return Desk(session, project, protocols, coders)
