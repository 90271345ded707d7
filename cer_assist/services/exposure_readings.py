"""Readings for the question whether suggestions help or steer, from events, lots and disclosures.

Only what we saw being made counts, up to the moment at which the coder was shown others' labels or
asked to read it once more: a change after that has other reasons. Only protocols count that want no
further reader: figures of few would else tell a lead who also codes what somebody said of one they
may still be given.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.exposures import Reading, Sight
from cer_assist.domain.labels import Action, Exposure, Lane, Origin
from cer_assist.domain.serving import ASKED_AGAIN
from cer_assist.services import fence
from cer_assist.store.tables import (
    CurrentLabel,
    Disclosure,
    LabelEvent,
    Protocol,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.servings import Arm, Disclosed
from cer_assist.store.types import table_of

# What is shown with a protocol or revealed after an answer is disclosed in that transaction; what
# comes at another time, such as an export, is no part of the reading.
SHOWN_WITHIN = dt.timedelta(seconds=10)
PEERS = 2  # so many others who agree are a truth

Pair = tuple[int, int]  # protocol and account

_event, _protocol, _serving = table_of(LabelEvent), table_of(Protocol), table_of(Serving)
_disclosure, _suggestion = table_of(Disclosure), table_of(Suggestion)
_label = table_of(CurrentLabel)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Readings that can be compared, and how many cannot."""

    readings: list[Reading]
    waiting: int  # protocols with an answer that still want a reader
    left_out: int  # readings that began after others' answers, or elsewhere
    truths: dict[str, int]  # readings by whose word their truth is


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a coder said of a protocol before and after its suggestion."""

    sight: Sight
    first: int | None
    suggested: int | None
    last: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Final:
    level: int
    account_id: int
    whose: str  # settled, settled_seen, settled_elsewhere


def gather(session: Session, project_id: int) -> Gathered:
    """Every reading of the project's complete protocols."""
    servings, shown = _first_servings(session, project_id), _shown(session, project_id)
    events = _events(session, project_id)
    answers: dict[Pair, _Answers] = {}
    for pair, said in events.items():
        found = _answers(said, servings.get(pair), shown.get(pair, []))
        if found is not None:
            answers[pair] = found
    finals, withheld = _finals(session, project_id), _withheld(session, project_id)
    blind = _blind(answers)
    readings, truths = [], Counter[str]()
    for (protocol, account), one in answers.items():
        others = [level for by, level in blind.get(protocol, {}).items() if by != account]
        truth, whose = _truth(finals.get(protocol), account, others)
        truths[whose] += 1
        reading = Reading(
            protocol=protocol,
            coder=account,
            by_lot=_by_lot(servings.get((protocol, account)), one.sight),
            withheld=protocol in withheld,
            truth=truth,
            peers=tuple(others),
            **asdict(one),
        )
        readings.append(reading)
    left_out = len(events) - len(answers)
    return Gathered(readings, _waiting(session, project_id), left_out, dict(truths))


def _blind(answers: dict[Pair, _Answers]) -> dict[int, dict[int, int]]:
    """By protocol what each coder said who had seen nothing."""
    found: dict[int, dict[int, int]] = {}
    for (protocol, account), one in answers.items():
        if one.first is not None:
            found.setdefault(protocol, {})[account] = one.first
    return found


def _events(session: Session, project_id: int) -> dict[Pair, list[Any]]:
    """What coders said of complete protocols, in order."""
    rows = session.execute(
        select(
            _event.c.protocol_id,
            _event.c.account_id,
            _event.c.level,
            _event.c.exposure,
            _event.c.origin,
            _event.c.seconds,
            _event.c.recorded_at,
            _suggestion.c.level.label("suggested"),
            _serving.c.strategy,
        )
        .join(_protocol, _protocol.c.id == _event.c.protocol_id)
        .outerjoin(_serving, _serving.c.id == _event.c.serving_id)
        .outerjoin(_suggestion, _suggestion.c.id == _event.c.suggestion_id)
        .where(
            _event.c.project_id == project_id,
            _event.c.lane == Lane.coder,
            _event.c.action != Action.skip,
            _protocol.c.coders_missing == 0,
        )
        .order_by(_event.c.id)
    )
    found: dict[Pair, list[Any]] = {}
    for row in rows:
        found.setdefault((row.protocol_id, row.account_id), []).append(row)
    return found


def _answers(said: Sequence[Any], served: Any, shown: Sequence[Any]) -> _Answers | None:
    """A reading up to what disturbs it; None where it has no beginning that we saw, or no end."""
    seen = [*_undisturbed(said)]
    blind = [row for row in seen if row.exposure == Exposure.blind]
    after = [row for row in seen if row.exposure == Exposure.after_suggestion]
    if served is not None and served.arm == Arm.none and blind:
        after, shown = [], []  # what was looked up later, by choice, is no part of the reading
    first = blind[-1].level if blind else None
    if not after:
        if first is None:
            return None
        revealed = [one for one in shown if _is_at(one, blind[-1].recorded_at)]
        if not revealed:
            return _Answers(Sight.none, first, None, first, _seconds(blind))
        # Left as it was, without a word: how long it was looked at nobody knows.
        return _Answers(Sight.after, first, revealed[0].level, first, None)
    last = after[-1].level
    if last is None:
        return None
    if first is not None:
        return _Answers(Sight.after, first, after[0].suggested, last, _seconds([*blind, *after]))
    if served is None or not shown or not _is_at(shown[0], served.served_at):
        return None  # they saw it otherwise, before or while they had it open
    return _Answers(Sight.shown, None, after[0].suggested, last, _seconds(after))


def _is_at(one: Any, at: dt.datetime) -> bool:
    return bool(dt.timedelta() <= one.at - at <= SHOWN_WITHIN)


def _undisturbed(said: Sequence[Any]) -> Iterable[Any]:
    for row in said:
        if row.origin == Origin.imported or row.strategy in ASKED_AGAIN:
            return
        if row.exposure not in (Exposure.blind, Exposure.after_suggestion):
            return
        yield row


def _seconds(rows: Sequence[Any]) -> float | None:
    """Of all its answers together: each counts from when its card was opened."""
    known = [row.seconds for row in rows if row.seconds is not None]
    return sum(known) if len(known) == len(rows) else None


def _by_lot(served: Any, sight: Sight) -> bool:
    """Whether the lot decided it; without a suggestion to be had it decided nothing."""
    if served is None or served.arm is None or served.suggestion_id is None:
        return False
    return bool((served.arm == Arm.none) == (sight is Sight.none))


def _truth(final: _Final | None, account: int, others: Sequence[int]) -> tuple[int | None, str]:
    """A level that this coder had no part in, and whose word it is."""
    if final is not None and final.account_id != account:
        return final.level, final.whose
    if len(others) >= PEERS and len(set(others)) == 1:
        return others[0], "others"
    return None, "none"


def _first_servings(session: Session, project_id: int) -> dict[Pair, Any]:
    rows = session.execute(
        select(
            _serving.c.protocol_id,
            _serving.c.account_id,
            _serving.c.arm,
            _serving.c.suggestion_id,
            _serving.c.served_at,
        )
        .where(_serving.c.project_id == project_id, _serving.c.lane == Lane.coder)
        .order_by(_serving.c.id.desc())
    )
    return {(row.protocol_id, row.account_id): row for row in rows}


def _shown(session: Session, project_id: int) -> dict[Pair, list[Any]]:
    """When each coder was shown which suggestion."""
    rows = session.execute(
        select(
            _disclosure.c.protocol_id, _disclosure.c.account_id, _disclosure.c.at,
            _suggestion.c.level,
        )
        .join(_protocol, _protocol.c.id == _disclosure.c.protocol_id)
        .outerjoin(_suggestion, _suggestion.c.id == _disclosure.c.suggestion_id)
        .where(
            _protocol.c.project_id == project_id,
            _disclosure.c.what == Disclosed.suggestion,
        )
        .order_by(_disclosure.c.id)
    )  # fmt: skip
    found: dict[Pair, list[Any]] = {}
    for row in rows:
        found.setdefault((row.protocol_id, row.account_id), []).append(row)
    return found


def _finals(session: Session, project_id: int) -> dict[int, _Final]:
    """Final levels, and what those who settled them had seen."""
    had_seen = exists().where(
        _disclosure.c.protocol_id == _event.c.protocol_id,
        _disclosure.c.account_id == _event.c.account_id,
        _disclosure.c.what == Disclosed.suggestion,
        _disclosure.c.at < _event.c.recorded_at,
    )
    rows = session.execute(
        select(
            _event.c.protocol_id, _event.c.level, _event.c.account_id, _event.c.origin,
            had_seen.label("had_seen"),
        )
        .join(_label, _label.c.event_id == _event.c.id)
        .where(_label.c.project_id == project_id)
        .where(_label.c.lane == Lane.final, _label.c.action == Action.label)
        .order_by(_event.c.id)
    )  # fmt: skip
    found = {}
    for row in rows:
        whose = "settled_seen" if row.had_seen else "settled"
        if row.origin == Origin.imported:
            whose = "settled_elsewhere"
        found[row.protocol_id] = _Final(row.level, row.account_id, whose)
    return found


def _withheld(session: Session, project_id: int) -> set[int]:
    """Protocols that are read without a suggestion even where suggestions are shown."""
    if not fence.has_sample(session, project_id):
        return set()
    by_shuffle = select(_protocol.c.id).where(
        _protocol.c.project_id == project_id, _protocol.c.shuffle % fence.WITHHELD == 0
    )
    return set(session.scalars(by_shuffle)) | fence.fenced_ids(session, project_id)


def _waiting(session: Session, project_id: int) -> int:
    has_answer = exists().where(
        _label.c.protocol_id == _protocol.c.id,
        _label.c.action == Action.label,
        _label.c.lane == Lane.coder,
    )
    return session.execute(
        select(func.count()).where(
            _protocol.c.project_id == project_id, _protocol.c.coders_missing > 0, has_answer
        )
    ).scalar_one()
