"""The statement behind the auditor's desk: readings with suggestion, final level and what was seen.

A reading is a coder's answer with a level; hidden lanes are no readings. Its suggestion is what the
model said at the time, seen or not: the exposure tells which. The final level is the settled one,
else what all readers agree on, as exports have it; with one reader it is that reader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.services.desk_filters import NONE, Answers, DeskFilters, Signal
from cer_assist.services.quality import WEAK_BELOW
from cer_assist.store.tables import (
    Account,
    Assignment,
    CurrentLabel,
    FencedProtocol,
    Highlight,
    LabelEvent,
    ModelVersion,
    Protocol,
    RubricVersion,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import as_written, table_of

LETTERS = 6  # an English word with its blank
_ROOM = 10  # an event's id and its level in one number, so that the newest brings its level along

event, protocol = table_of(LabelEvent).alias("e"), table_of(Protocol)
suggestion, version = table_of(Suggestion), table_of(ModelVersion)
serving, account, rubric = table_of(Serving), table_of(Account), table_of(RubricVersion)
before = table_of(LabelEvent).alias("before")
_current, _standing = table_of(CurrentLabel), table_of(CurrentLabel).alias("standing")
_fenced, _asked = table_of(FencedProtocol), table_of(Assignment)
_words = table_of(Highlight).alias("shown_words")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a lead who codes is told nothing of protocols that they may still read."""

    account_id: int
    role: Role

    @property
    def codes(self) -> bool:
        """Whether they could be given a protocol."""
        return self.role is not Role.auditor


def written(text: str) -> ColumnElement[Any]:
    """A constant of ours in the statement itself."""
    return as_written(f"'{text}'")


def finals(project_id: int, only: Select[Any] | None = None) -> FromClause:
    """By protocol its final level: settled, or else the one level that all its readers gave."""
    is_final = _current.c.lane == written(Lane.final)
    settled = func.max(
        case((is_final, cast(_current.c.event_id, BigInteger) * _ROOM + _current.c.level))
    )
    own = case((_current.c.lane == written(Lane.coder), _current.c.level))
    agreed = case((func.min(own) == func.max(own), func.min(own)))
    return (
        select(
            _current.c.protocol_id,
            func.coalesce(settled % _ROOM, agreed).label("level"),
            settled.is_not(None).label("is_settled"),
            func.count(own).label("readers"),
        )
        .where(
            _current.c.project_id == project_id,
            _current.c.action == written(Action.label),
            _current.c.lane.in_([written(Lane.coder), written(Lane.final)]),
            *(() if only is None else (_current.c.protocol_id.in_(only),)),
        )
        .group_by(_current.c.protocol_id)
        .cte("final")
    )


@dataclass(frozen=True)
class Desk:
    """Readings of a project that fit the filters, joined as far as they are asked about."""

    project_id: int
    scale: tuple[int, ...]
    filters: DeskFilters
    viewer: Viewer
    hidden_in_hand: int | None
    weak_below: dict[int, float]  # by version: the strength that random words reach by luck
    final: FromClause

    @classmethod
    def of(
        cls,
        session: Session,
        project_id: int,
        scale: tuple[int, ...],
        filters: DeskFilters,
        viewer: Viewer,
        hidden_in_hand: int | None,
    ) -> Desk:
        """With what has to be known of the project's versions."""
        strength = version.c.metrics[WEAK_BELOW].as_float()
        known = select(version.c.id, strength).where(
            version.c.project_id == project_id, strength.is_not(None)
        )
        weak = {}
        if filters.signal == Signal.weak or not filters.signal:
            weak = {key: value for key, value in session.execute(known)}  # noqa: C416
        return cls(project_id, scale, filters, viewer, hidden_in_hand, weak, finals(project_id))

    @property
    def probability(self) -> ColumnElement[Any]:
        """How sure the model was of the level that it suggested."""
        chances = suggestion.c.probabilities
        by_level = [
            (suggestion.c.level == level, chances[place].as_float())
            for place, level in enumerate(self.scale)
        ]
        return case(*by_level)

    @property
    def words_a_minute(self) -> ColumnElement[Any]:
        """Of what was read in the seconds of the answer; longer texts than read tell nothing."""
        words = func.length(protocol.c.text) * 1.0 / LETTERS
        return case((event.c.seconds > 0, words * 60.0 / event.c.seconds))

    @property
    def strength(self) -> ColumnElement[Any]:
        """How far the words behind the suggestion carry it."""
        return _words.c.evidence_strength

    def select(self, *columns: Any, final: bool = True, also: tuple[str, ...] = ()) -> Select[Any]:
        """A statement on these readings; `also`: tables that the columns need besides."""
        needs = {*also, *_needs(self.filters)}
        joined: Any = event
        if self.filters.answers != Answers.all:
            joined = joined.join(_standing, _stands())
        joined = joined.outerjoin(suggestion, suggestion.c.id == event.c.suggestion_id)
        if final or self.filters.final or self.filters.signal == Signal.wrong_switch:
            joined = joined.outerjoin(self.final, self.final.c.protocol_id == event.c.protocol_id)
        for name in ("protocol", "version", "serving", "account", "rubric", "before", "words"):
            if name in needs or (name == "protocol" and self.viewer.codes):
                joined = _join(joined, name)
        return select(*columns).select_from(joined).where(*self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [
            event.c.project_id == self.project_id,
            event.c.lane == written(Lane.coder),
            event.c.action == written(Action.label),
        ]
        if self.viewer.codes:
            found.append(self.is_over())
        found += _chosen(self.filters, self.final.c.level)
        if self.filters.signal:
            found.append(self.has(Signal(self.filters.signal)))
        return found

    def is_over(self) -> ColumnElement[bool]:
        """Whether this viewer can no longer be given a protocol."""
        waits = exists().where(
            _asked.c.protocol_id == protocol.c.id,
            _asked.c.account_id == self.viewer.account_id,
            _asked.c.state == written(AssignmentState.open),
        )
        over = and_(protocol.c.coders_missing == 0, ~waits)
        if self.hidden_in_hand is not None:
            return and_(over, protocol.c.id != self.hidden_in_hand)
        return over

    def has(self, signal: Signal) -> ColumnElement[bool]:
        """A signal's rule."""
        follows = event.c.level == suggestion.c.level
        saw = event.c.exposure.in_([Exposure.after_suggestion, Exposure.prefilled])
        fast = self._is_fast()
        switched = and_(
            event.c.exposure == Exposure.after_suggestion,
            before.c.exposure == Exposure.blind,
            before.c.level != event.c.level,
        )
        was, now = (
            func.abs(before.c.level - suggestion.c.level),
            func.abs(event.c.level - suggestion.c.level),
        )
        if signal is Signal.confident:
            return and_(~follows, self.probability >= self.filters.probability)
        if signal is Signal.fast:
            return fast
        if signal is Signal.unread:
            return and_(saw, follows, fast)
        if signal is Signal.weak:
            return and_(saw, follows, self._is_weak())
        if signal is Signal.towards:
            return and_(switched, now < was)
        if signal is Signal.away:
            return and_(switched, now > was)
        return and_(switched, before.c.level == self.final.c.level)

    def _is_fast(self) -> ColumnElement[bool]:
        """Bytes, never fewer than characters, stand beside a text: few are read to be counted."""
        bytes_ = func.octet_length(protocol.c.text) * 60.0 / LETTERS / event.c.seconds
        could = and_(event.c.seconds > 0, bytes_ > self.filters.speed)
        return case((could, self.words_a_minute)) > self.filters.speed

    def _is_weak(self) -> ColumnElement[bool]:
        """Only where it was measured: words that nobody has weighed are not weak."""
        if not self.weak_below:
            return as_written("1 = 0")
        least = case(self.weak_below, value=suggestion.c.model_version_id)
        return self.strength < least


def _stands() -> ColumnElement[bool]:
    """By the primary key: no index finds an event's number, and a list would try all for each."""
    return and_(
        _standing.c.protocol_id == event.c.protocol_id,
        _standing.c.account_id == event.c.account_id,
        _standing.c.lane == written(Lane.coder),
        _standing.c.event_id == event.c.id,
    )


def _chosen(filters: DeskFilters, final: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Conditions of everything but the signal."""
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (suggestion.c.level, filters.suggested),
        (event.c.level, filters.level),
        (final, filters.final),
    ):
        if value:
            found.append(column.is_(None) if value == NONE else column == int(value))
    plain = {
        "coder": account.c.username,
        "exposure": event.c.exposure,
        "arm": serving.c.arm,
    }
    found += [
        column == getattr(filters, name) for name, column in plain.items() if getattr(filters, name)
    ]
    if filters.rubric:
        found.append(rubric.c.version == int(filters.rubric))
    if filters.version:
        found.append(version.c.number == int(filters.version))
    if filters.fenced:
        fenced = exists().where(_fenced.c.protocol_id == event.c.protocol_id)
        found.append(fenced if filters.fenced == "yes" else ~fenced)
    if filters.unlearnt:
        found.append(cannot_know())
    since, until = filters.day("since"), filters.day("until")
    found += [event.c.recorded_at >= since] if since else []
    return found + ([event.c.recorded_at < until] if until else [])


def cannot_know() -> ColumnElement[bool]:
    """Whether the version behind a suggestion had no answer to the protocol to learn from.

    No model learns fenced ones. A version may as well not have learnt what was answered: it leaves
    out protocols that want a further reader. This errs to the side of doubt.
    """
    earlier = table_of(LabelEvent).alias("earlier")
    known = exists().where(
        earlier.c.protocol_id == event.c.protocol_id,
        earlier.c.id <= version.c.last_event_id,
        earlier.c.action == written(Action.label),
        earlier.c.lane.in_([written(Lane.coder), written(Lane.final)]),
    )
    fenced = exists().where(_fenced.c.protocol_id == event.c.protocol_id)
    return and_(version.c.id.is_not(None), or_(~known, fenced))


def _needs(filters: DeskFilters) -> set[str]:
    found = {"version"} if filters.version or filters.unlearnt else set()
    found |= {"account"} if filters.coder else set()
    found |= {"serving"} if filters.arm else set()
    found |= {"rubric"} if filters.rubric else set()
    return found | NEEDED.get(filters.signal, set())


NEEDED: dict[str, set[str]] = {
    Signal.fast: {"protocol"},
    Signal.unread: {"protocol"},
    Signal.weak: {"words"},
    Signal.towards: {"before"},
    Signal.away: {"before"},
    Signal.wrong_switch: {"before"},
}


def _join(joined: Any, name: str) -> Any:
    if name == "protocol":
        return joined.join(protocol, protocol.c.id == event.c.protocol_id)
    if name == "account":
        return joined.join(account, account.c.id == event.c.account_id)
    if name == "rubric":
        return joined.join(rubric, rubric.c.id == event.c.rubric_version_id)
    if name == "version":
        return joined.outerjoin(version, version.c.id == suggestion.c.model_version_id)
    if name == "serving":
        return joined.outerjoin(serving, serving.c.id == event.c.serving_id)
    if name == "before":
        return joined.outerjoin(before, before.c.id == event.c.supersedes_id)
    of_words = (_words.c.suggestion_id == suggestion.c.id) & (
        _words.c.method == written(Marks.words)
    )
    return joined.outerjoin(_words, of_words)
