"""The statement behind the auditor's desk: readings with suggestion, final level and what was seen.

A reading is a coder's answer with a level; hidden lanes are no readings. Its suggestion is what the
model said at the time, seen or not: the exposure tells which. A standing answer leads to its event,
for no index finds an answer by its event's number.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.services.desk_filters import NONE, Answers, DeskFilters, Signal
from cer_assist.services.desk_protocols import Viewer, about_protocols, is_over, written
from cer_assist.services.quality import WEAK_BELOW
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    FencedProtocol,
    Highlight,
    LabelEvent,
    ModelVersion,
    RubricVersion,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import as_written, table_of

LETTERS = 6  # an English word with its blank

event = table_of(LabelEvent).alias("e")
suggestion, version = table_of(Suggestion), table_of(ModelVersion)
serving, account, rubric = table_of(Serving), table_of(Account), table_of(RubricVersion)
before = table_of(LabelEvent).alias("before")
_standing, _fenced = table_of(CurrentLabel).alias("standing"), table_of(FencedProtocol)
_words = table_of(Highlight).alias("shown_words")
SAW = event.c.exposure.in_([written(Exposure.after_suggestion), written(Exposure.prefilled)])
FOLLOWED = and_(SAW, event.c.level == suggestion.c.level)
DIFFERED = event.c.level != suggestion.c.level
TIMED = event.c.seconds > as_written("0")
SWITCHED = and_(
    event.c.exposure == written(Exposure.after_suggestion),
    before.c.exposure == written(Exposure.blind),
    before.c.level != event.c.level,
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
    about: FromClause  # protocols

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
        about = about_protocols(
            project_id,
            levels=bool(filters.final) or filters.signal == Signal.wrong_switch,
            first=bool(filters.unlearnt),
        )
        return cls(project_id, scale, filters, viewer, hidden_in_hand, weak, about)

    def with_levels(self) -> Desk:
        """The same readings where final levels can be asked for."""
        first = bool(self.filters.unlearnt)
        about = about_protocols(self.project_id, first=first)
        return replace(self, about=about)

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
        words = self.about.c.characters * 1.0 / LETTERS
        return case((event.c.seconds > 0, words * 60.0 / event.c.seconds))

    @property
    def strength(self) -> ColumnElement[Any]:
        """How far the words behind the suggestion carry it."""
        found = select(_words.c.evidence_strength).where(
            _words.c.suggestion_id == suggestion.c.id, _words.c.method == written(Marks.words)
        )
        return found.scalar_subquery()

    def select(self, *columns: Any, also: Collection[str] = ()) -> Select[Any]:
        """A statement on these readings; `also`: tables that the columns need besides."""
        needs = {*also, *_needs(self.filters)}
        joined: Any = event
        if self.filters.answers != Answers.all:
            joined = _standing.join(event, _stands())
        joined = joined.outerjoin(suggestion, suggestion.c.id == event.c.suggestion_id)
        if "about" in needs:
            joined = joined.join(self.about, self.about.c.protocol_id == event.c.protocol_id)
        for name in ("version", "serving", "account", "rubric", "before"):
            if name in needs:
                joined = _join(joined, name)
        return select(*columns).select_from(joined).where(*self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found = _of_coders(event, self.project_id)
        if self.filters.answers != Answers.all:
            found += _of_coders(_standing, self.project_id)
        found += _chosen(self.filters, self.about)
        if self.viewer.codes:
            # Of the event's key: SQLite takes a table with this condition for a tiny one.
            viewer, in_hand = self.viewer, self.hidden_in_hand
            found.append(is_over(self.project_id, viewer, in_hand, event.c.protocol_id))
        if self.filters.signal:
            found.append(self.has(Signal(self.filters.signal)))
        return found

    def is_over(self) -> ColumnElement[bool]:
        """Whether this viewer can no longer be given a protocol."""
        return is_over(self.project_id, self.viewer, self.hidden_in_hand)

    def has(self, signal: Signal) -> ColumnElement[bool]:
        """A signal's rule."""
        return and_(*self.rule(signal))

    def rule(self, signal: Signal) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """What rules several signals out at once, and what is asked of the readings that are left.

        Most readings are blind: a table of all signals need not ask them each.
        """
        was, now = (
            func.abs(before.c.level - suggestion.c.level),
            func.abs(event.c.level - suggestion.c.level),
        )
        if signal is Signal.confident:
            return DIFFERED, self.probability >= self.filters.probability
        if signal is Signal.fast:
            return TIMED, self._is_fast()
        if signal is Signal.unread:
            return FOLLOWED, self._is_fast()
        if signal is Signal.weak:
            return FOLLOWED, self._is_weak()
        if signal is Signal.towards:
            return SWITCHED, now < was
        if signal is Signal.away:
            return SWITCHED, now > was
        return SWITCHED, before.c.level == self.about.c.level

    def _is_fast(self) -> ColumnElement[bool]:
        return self.words_a_minute > self.filters.speed

    def _is_weak(self) -> ColumnElement[bool]:
        """Only where it was measured: words that nobody has weighed are not weak."""
        if not self.weak_below:
            return as_written("1 = 0")
        least = case(self.weak_below, value=suggestion.c.model_version_id)
        return self.strength < least


def _stands() -> ColumnElement[bool]:
    """By the whole key, so that either leads to the other: no index has an event's number alone."""
    return and_(
        _standing.c.event_id == event.c.id,
        _standing.c.protocol_id == event.c.protocol_id,
        _standing.c.account_id == event.c.account_id,
    )


def _of_coders(answers: FromClause, project_id: int) -> list[ColumnElement[bool]]:
    return [
        answers.c.project_id == project_id,
        answers.c.lane == written(Lane.coder),
        answers.c.action == written(Action.label),
    ]


def _chosen(filters: DeskFilters, about: FromClause) -> list[ColumnElement[bool]]:
    """Conditions of everything but the signal."""
    final: Any = about.c.get("level")  # there where final levels are asked for
    found: list[ColumnElement[bool]] = [
        column.is_(None) if value == NONE else column == int(value)
        for column, value in (
            (suggestion.c.level, filters.suggested),
            (event.c.level, filters.level),
            (final, filters.final),
        )
        if value
    ]
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
        found.append(cannot_know(about))
    since, until = filters.day("since"), filters.day("until")
    found += [event.c.recorded_at >= since] if since else []
    return found + ([event.c.recorded_at < until] if until else [])


def cannot_know(about: FromClause) -> ColumnElement[bool]:
    """Whether the version behind a suggestion had no answer to the protocol to learn from.

    No model learns fenced ones. A version may as well not have learnt what was answered: it leaves
    out protocols that want a further reader. This errs to the side of doubt.
    """
    known = about.c.first_answer <= version.c.last_event_id
    fenced = exists().where(_fenced.c.protocol_id == event.c.protocol_id)
    return and_(version.c.id.is_not(None), or_(~known, fenced))


def _needs(filters: DeskFilters) -> set[str]:
    found = {"version", "about"} if filters.unlearnt else set[str]()
    found |= {"version"} if filters.version else set()
    found |= {"about"} if filters.final else set()
    found |= {"account"} if filters.coder else set()
    found |= {"serving"} if filters.arm else set()
    found |= {"rubric"} if filters.rubric else set()
    return found | NEEDED.get(filters.signal, set())


NEEDED: dict[str, set[str]] = {
    Signal.fast: {"about"},
    Signal.unread: {"about"},
    Signal.towards: {"before"},
    Signal.away: {"before"},
    Signal.wrong_switch: {"before", "about"},
}


def _join(joined: Any, name: str) -> Any:
    if name == "account":
        return joined.join(account, account.c.id == event.c.account_id)
    if name == "rubric":
        return joined.join(rubric, rubric.c.id == event.c.rubric_version_id)
    if name == "version":
        return joined.outerjoin(version, version.c.id == suggestion.c.model_version_id)
    if name == "serving":
        return joined.outerjoin(serving, serving.c.id == event.c.serving_id)
    return joined.outerjoin(before, before.c.id == event.c.supersedes_id)
