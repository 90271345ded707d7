"""Which label events a snapshot holds; rows come in, nothing is read here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import HIDDEN_LANES, Action, Exposure, Lane

ALL, INDEPENDENT, FINAL = "all", "independent", "final"
READINGS = {
    ALL: "All label events, replaced ones too",
    INDEPENDENT: "Independent answers of coders: before seeing any other answer",
    FINAL: "Final levels of the team alone",
}
EXPOSURES = {
    Exposure.blind: "before seeing any other answer",
    Exposure.after_suggestion: "after the model's suggestion",
    Exposure.prefilled: "with the model's level filled in",
    Exposure.after_peer: "after another coder's label",
    Exposure.unknown: "made elsewhere",
}


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


def chosen(asked: Mapping[str, Any]) -> str:
    """The filters in one line, in the words of the form."""
    told = ["only protocols that have a level"] if asked.get("settled_only") else []
    readings = asked.get("readings", ALL)
    if readings != ALL:
        told.append(READINGS[readings][0].lower() + READINGS[readings][1:])
    if asked.get("exposures"):
        ways = [title for value, title in EXPOSURES.items() if value in asked["exposures"]]
        told.append(f"only answers given: {' or '.join(ways)}")
    if asked.get("rubric_versions"):
        told.append(f"only by rubric versions {', '.join(map(str, asked['rubric_versions']))}")
    ends = (("since", "from"), ("until", "to"))
    days = [f"{word} {asked[name]}" for name, word in ends if asked.get(name)]
    if days:
        told.append(f"recorded here {' '.join(days)} (UTC)")
    return "; ".join(told) or "none"


def holds(asked: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an event is in it; one of a hidden lane never is."""
    why = why_not(asked)
    return lambda row: row["lane"] not in HIDDEN_LANES and why(row) is None


def why_not(asked: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str | None]:
    """Which filter leaves an event out, the first of them.

    Days are in UTC, both included, and those of recording: an imported answer has the day of its
    import. When it was made elsewhere is its file's word, which no chain vouches for, and what
    replaced what is told by recording too.
    """
    readings = asked.get("readings", ALL)
    exposures, versions = asked.get("exposures") or (), asked.get("rubric_versions") or ()
    since, until = asked.get("since") or "", asked.get("until") or "9999"

    def why(row: Mapping[str, Any]) -> str | None:
        if readings == FINAL and row["lane"] != Lane.final:
            return "readings"
        if readings == INDEPENDENT and not _is_independent(row):
            return "readings"
        if exposures and row["exposure"] not in exposures:
            return "exposures"
        if versions and row["rubric_version"] not in versions:
            return "rubric_versions"
        return None if since <= row["recorded_at"][:10] <= until else "days"

    return why


def counts_for_levels(asked: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an event makes levels: also readings behind final levels, and settled levels.

    A settled level that was taken back stays taken back, whatever rubric is in use by then.
    """
    everything = {**asked, "readings": ALL}
    readings = asked.get("readings", ALL)
    fits, settles = why_not(everything), why_not({**everything, "exposures": ()})
    ends = why_not({"until": asked.get("until")})

    def counts(row: Mapping[str, Any]) -> bool:
        if row["lane"] == Lane.final:
            return (ends if row["action"] != Action.label else settles)(row) is None
        if row["lane"] in HIDDEN_LANES or (readings == INDEPENDENT and not _is_independent(row)):
            return False
        return fits(row) is None

    return counts


def _is_independent(row: Mapping[str, Any]) -> bool:
    return bool(row["lane"] == Lane.coder and row["exposure"] == Exposure.blind)


def _day(said: str) -> dt.date:
    try:
        found = dt.date.fromisoformat(said)
        if found.isoformat() != said:  # days are compared as texts
            raise ValueError
    except ValueError as error:
        raise InvalidInput(f"“{said[:40]}” is no day: write it as 2026-11-30.") from error
    return found
