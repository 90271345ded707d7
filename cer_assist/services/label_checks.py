"""Settled levels that a model would not have expected: looked for on request, read again blind.

The list tells no level, neither the one given nor the one expected: whoever leads may be the one
who reads again. What is sent goes to a coder by name, like anything that is assigned; if the
reading differs, the protocol waits under Adjudicate.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.dealing import By
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import HIDDEN_LANES
from cer_assist.services import audit, dealing, jobs, training_data
from cer_assist.services.dealing import Batch, Deal
from cer_assist.services.reports import Stored, kept, numbered
from cer_assist.store.tables import (
    Assignment,
    CurrentLabel,
    Job,
    LabelCheck,
    LabelEvent,
    Project,
    Protocol,
)
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert

LEAST_LABELS = 60  # five folds: models of fewer than fifty labels would suspect by luck
KEPT = 200  # of the list
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Suspect:
    """A settled protocol that is worth another reading, without its level."""

    protocol_id: int
    external_id: str
    title: str
    gain: float  # levels that a second reading is expected to bring it nearer to the truth
    is_asked: bool  # somebody is to read it


@dataclass(frozen=True, slots=True)
class CheckStanding:
    """What the page shows."""

    refusal: str  # why none can be asked for now; empty: one can
    job: Job | None  # that waits or runs
    failed: bool  # the newest one ended in errors
    made_at: dt.datetime | None
    checked: int  # protocols whose level was held against models
    suspects: list[Suspect]
    gone: int  # of the list, those that were read or settled anew since
    is_older: bool  # there is one, of a form that is not read any more


def ask(session: Session, project: Project, by: int | None) -> None:
    """Have the worker look, or say why not."""
    if refusal := _refusal(
        session, project.id, jobs.under_way(session, jobs.LABEL_CHECK, project.id)
    ):
        raise InvalidInput(refusal)
    jobs.enqueue(session, jobs.LABEL_CHECK, project.id)
    entry = audit.Entry("label_check.asked", f"project:{project.id}", {})
    audit.append(session, entry, account_id=by, project_id=project.id)


def store(session: Session, project_id: int, found: dict[str, Any]) -> None:
    """Keep what was found in place of what was found before."""
    document = numbered(Stored.label_check, found)
    values = {"project_id": project_id, "made_at": now(), "found": document}
    upsert(session, LabelCheck, values, conflict=("project_id",), replace=("made_at", "found"))


def standing(session: Session, project_id: int) -> CheckStanding:
    """Whether a check can be asked for, what is under way, and the list as it stands now."""
    job = jobs.under_way(session, jobs.LABEL_CHECK, project_id)
    row = session.get(LabelCheck, project_id)
    found = kept(Stored.label_check, row.found) if row else None
    suspects = _suspects(session, project_id, row.made_at, found) if row and found else []
    return CheckStanding(
        _refusal(session, project_id, job),
        job,
        jobs.has_failed(session, jobs.LABEL_CHECK, project_id),
        row.made_at if row and found else None,
        found["checked"] if found else 0,
        suspects[:SHOWN],
        len(found["suspects"]) - len(suspects) if found else 0,
        is_older=row is not None and found is None,
    )


def send(
    session: Session, project: Project, protocols: Sequence[str], coder: int, by: int | None
) -> Deal:
    """Have a coder read protocols of the list who has not read them."""
    names = tuple(dict.fromkeys(protocols))
    listed = {one.external_id for one in standing(session, project.id).suspects}
    if not names or not listed.issuperset(names):
        raise InvalidInput("Choose protocols of the list as it stands now.")
    batch = Batch(coders=(coder,), by=By.hand, names=names)
    return dealing.store(session, project, batch, by)


def _suspects(
    session: Session, project_id: int, made_at: dt.datetime, found: dict[str, Any]
) -> list[Suspect]:
    """Those that nobody has answered since, in their order."""
    gains = {one["protocol"]: one["gain"] for one in found["suspects"]}
    answered = exists().where(
        LabelEvent.protocol_id == Protocol.id,
        LabelEvent.recorded_at > made_at,
        LabelEvent.lane.not_in(HIDDEN_LANES),
    )
    is_asked = exists().where(
        Assignment.protocol_id == Protocol.id, Assignment.state == AssignmentState.open
    )
    has_level = exists().where(CurrentLabel.protocol_id == Protocol.id)
    rows = session.execute(
        select(Protocol.id, Protocol.external_id, Protocol.title, is_asked)
        .where(Protocol.project_id == project_id, Protocol.id.in_(gains))
        .where(~answered, has_level)
    )
    suspects = [Suspect(key, name, title, gains[key], asked) for key, name, title, asked in rows]
    return sorted(suspects, key=lambda one: (-one.gain, one.protocol_id))


def _refusal(session: Session, project_id: int, job: Job | None) -> str:
    if job is not None:
        return "A check is under way already."
    labels = len(training_data.settled_levels(session, project_id))
    if labels < LEAST_LABELS:
        return (
            f"A check needs at least {LEAST_LABELS} protocols whose level is settled; there are "
            f"{labels}: label some more."
        )
    return ""
