"""What the worker made ahead, for the methods report, and of how many labels it was made.

The text tells what there is and says when it was made; a command that makes figures itself hands
them in instead.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import agreement, exposures
from cer_assist.store.tables import AgreementReport, ExposureReport, LabelEvent
from cer_assist.store.types import now

Facts = dict[str, Any]
# Of the agreement report: those a paper quotes.
QUOTED = ("alpha_ordinal", "kappa_quadratic", "ac2", "percent", "within_one")


@dataclass(frozen=True, slots=True)
class Made:
    """A report, when it was made, and the last label event that is in it."""

    found: dict[str, Any] | None
    made_at: dt.datetime | None
    last_event: int
    is_current: bool

    @classmethod
    def just_now(cls, found: dict[str, Any], last_event: int) -> Made:
        """One that a command has made itself."""
        return cls(found, now(), last_event, is_current=True)


@dataclass(frozen=True, slots=True)
class Parts:
    """The two reports that the text quotes."""

    agreement: Made
    exposure: Made

    @property
    def is_waiting(self) -> bool:
        """Whether one of them is still to be made, or made anew."""
        return not (self.agreement.is_current and self.exposure.is_current)


def stored(session: Session, project_id: int) -> Parts:
    """As the worker made them last."""
    of_readings = session.execute(
        select(AgreementReport.last_event_id)
        .where(AgreementReport.project_id == project_id)
        .where(AgreementReport.readings == Readings().key)
    ).scalar()
    of_exposure = session.execute(
        select(ExposureReport.last_event_id).where(ExposureReport.project_id == project_id)
    ).scalar()
    first = agreement.report(session, project_id, Readings())
    second = exposures.report(session, project_id)
    return Parts(
        Made(first.found, first.made_at, of_readings or 0, not first.is_waiting),
        Made(second.found, second.made_at, of_exposure or 0, not second.is_waiting),
    )


def ask(session: Session, project_id: int, parts: Parts) -> None:
    """Have the worker make what is out of date."""
    if not parts.agreement.is_current:
        agreement.ask(session, project_id, Readings())
    if not parts.exposure.is_current:
        exposures.ask(session, project_id)


def agreed(session: Session, project_id: int, made: Made) -> Facts | None:
    """Coefficients with their intervals, and each coder against themselves in one sum."""
    if made.found is None:
        return None
    found = made.found
    return _about(session, project_id, made) | {
        "protocols": found["units"],
        "readings": found["readings"],
        "coders": len(found["coders"]),
        "waiting": found["waiting"],
        "coefficients": {name: found["coefficients"][name] for name in QUOTED},
        "warnings": found["warnings"],
        "again": _again(found["retest"]),
    }


def _again(found: list[dict[str, Any]]) -> Facts:
    """Of readings that a coder gave a second time unannounced, how many said the same level."""
    pairs = [one["all"] for one in found if one["all"] is not None]
    return {
        "coders": len(pairs),
        "pairs": sum(one["n"] for one in pairs),
        "same": sum(round(one["percent"]["value"] * one["n"]) for one in pairs),
    }


def helped(session: Session, project_id: int, made: Made) -> Facts | None:
    """What suggestions did; None while no reading can be told."""
    if made.found is None or not made.found["readings"]:
        return None
    found = made.found
    return _about(session, project_id, made) | {
        "readings": found["readings"],
        "switching": found["switching"],
        "without": found["lots"]["none"]["readings"],
        "differences": found["differences"],
    }


def _about(session: Session, project_id: int, made: Made) -> Facts:
    """When it was made, and how many labels coders had given by then, corrections too."""
    labels = session.execute(
        select(func.count()).where(
            LabelEvent.project_id == project_id,
            LabelEvent.lane == Lane.coder,
            LabelEvent.action == Action.label,
            LabelEvent.id <= made.last_event,
        )
    ).scalar_one()
    about = {name: value for name, value in asdict(made).items() if name != "found"}
    return about | {"labels": labels}
