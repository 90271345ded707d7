"""Which label events a snapshot holds; rows come in, nothing is read here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import HIDDEN_LANES, Action, Exposure, Lane

ALL, INDEPENDENT, FINAL = "all", "independent", "final"
READINGS = {
    ALL: "All label events, replaced ones too",
    INDEPENDENT: "Independent answers of coders: before seeing any other answer",
    FINAL: "Final levels of the team alone",
}
CHOOSING = ("readings", "exposures", "rubric_versions", "since", "until")


def check(asked: Any) -> None:
    """Refuse what cannot be understood, naming it."""
    if asked.readings not in READINGS:
        raise InvalidInput(f"Readings are {', '.join(READINGS)}.")
    unknown = set(asked.exposures) - set(Exposure)
    if unknown:
        raise InvalidInput(f"Exposures are {', '.join(Exposure)}.")
    days = [_day(said) for said in (asked.since, asked.until) if said]
    if days != sorted(days):
        raise InvalidInput("The first day is after the last one.")


def chosen(asked: Mapping[str, Any]) -> bool:
    """Whether some events are left out."""
    readings = asked.get("readings", ALL) != ALL
    return readings or any(asked.get(name) for name in CHOOSING[1:])


def holds(asked: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an event is in it; one of a hidden lane never is. Days are in UTC, both included."""
    readings = asked.get("readings", ALL)
    exposures, versions = asked.get("exposures") or (), asked.get("rubric_versions") or ()
    since, until = asked.get("since") or "", asked.get("until") or "9999"

    def held(row: Mapping[str, Any]) -> bool:
        if row["lane"] in HIDDEN_LANES:
            return False
        if readings == FINAL and row["lane"] != Lane.final:
            return False
        if readings == INDEPENDENT and (row["lane"], row["exposure"]) != (
            Lane.coder,
            Exposure.blind,
        ):
            return False
        if exposures and row["exposure"] not in exposures:
            return False
        if versions and row["rubric_version"] not in versions:
            return False
        return bool(since <= row["recorded_at"][:10] <= until)

    return held


def coder_levels(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """What stands of each coder, by protocol, had only these events been made."""
    found: dict[str, dict[str, int]] = {}
    for row in events:
        if row["lane"] != Lane.coder:
            continue
        own = found.setdefault(row["protocol_id"], {})
        if row["action"] == Action.label:
            own[row["coder"]] = row["level"]
        else:
            own.pop(row["coder"], None)
    return found


def _day(said: str) -> dt.date:
    try:
        found = dt.date.fromisoformat(said)
        if found.isoformat() != said:  # days are compared as texts
            raise ValueError
    except ValueError as error:
        raise InvalidInput(f"“{said[:40]}” is no day: write it as 2026-11-30.") from error
    return found
