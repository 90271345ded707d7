"""The statement behind the auditor's desk: readings with suggestion, final level and what was seen.

A reading is a coder's answer with a level; hidden lanes are no readings. Its suggestion is what the
model said at the time, seen or not: the exposure tells which.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Exposure
from cer_assist.services.desk_filters import NONE, Answers, DeskFilters, Signal
from cer_assist.services.desk_protocols import Viewer, is_over, written
from cer_assist.services.quality import WEAK_BELOW
from cer_assist.store.tables import (
    Account,
    DeskRow,
    FencedProtocol,
    Highlight,
    ModelVersion,
    RubricVersion,
)
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import as_written, table_of

LETTERS = 6  # an English word with its blank

reading, version = table_of(DeskRow), table_of(ModelVersion)
account, rubric = table_of(Account), table_of(RubricVersion)
_fenced, _words = table_of(FencedProtocol), table_of(Highlight).alias("shown_words")
SAW = reading.c.exposure.in_([written(Exposure.after_suggestion), written(Exposure.prefilled)])
FOLLOWED = and_(SAW, reading.c.level == reading.c.suggested)
DIFFERED = reading.c.level != reading.c.suggested
TIMED = reading.c.seconds > as_written("0")
SWITCHED = and_(
    reading.c.exposure == written(Exposure.after_suggestion),
    reading.c.was_exposure == written(Exposure.blind),
    reading.c.was != reading.c.level,
)
# How far the words behind the suggestion carry it.
strength = (
    select(_words.c.evidence_strength)
    .where(
        _words.c.suggestion_id == reading.c.suggestion_id, _words.c.method == written(Marks.words)
    )
    .scalar_subquery()
)
# Longer texts than were read tell nothing.
words_a_minute = case((TIMED, reading.c.characters * (60.0 / LETTERS) / reading.c.seconds))


@dataclass(frozen=True)
class Desk:
    """Readings of a project that fit the filters, joined as far as they are asked about."""

    project_id: int
    filters: DeskFilters
    viewer: Viewer
    hidden_in_hand: int | None
    weak_below: dict[int, float]  # by version: the strength that random words reach by luck

    @classmethod
    def of(
        cls,
        session: Session,
        project_id: int,
        filters: DeskFilters,
        viewer: Viewer,
        hidden_in_hand: int | None,
    ) -> Desk:
        """With what has to be known of the project's versions."""
        weak = {}
        if filters.signal in ("", Signal.weak):
            reached = version.c.metrics[WEAK_BELOW].as_float()
            known = select(version.c.id, reached).where(
                version.c.project_id == project_id, reached.is_not(None)
            )
            weak = {key: value for key, value in session.execute(known)}  # noqa: C416
        return cls(project_id, filters, viewer, hidden_in_hand, weak)

    def select(self, *columns: Any, also: Collection[str] = ()) -> Select[Any]:
        """A statement on these readings; `also`: tables that the columns need besides."""
        joined = joined_with({*also, *_needs(self.filters)})
        return select(*columns).select_from(joined).where(*self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found = [reading.c.project_id == self.project_id, *_chosen(self.filters)]
        if self.filters.answers != Answers.all:
            found.append(reading.c.is_standing)
        if self.viewer.codes:
            viewer, in_hand = self.viewer, self.hidden_in_hand
            found.append(is_over(self.project_id, viewer, in_hand, reading.c.protocol_id))
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
            func.abs(reading.c.was - reading.c.suggested),
            func.abs(reading.c.level - reading.c.suggested),
        )
        if signal is Signal.confident:
            return DIFFERED, reading.c.probability >= self.filters.probability
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
        # Else the final level is the reader's own, and what was given first never is.
        return SWITCHED, reading.c.is_settled & (reading.c.was == reading.c.final)

    def _is_fast(self) -> ColumnElement[bool]:
        return words_a_minute > self.filters.speed

    def _is_weak(self) -> ColumnElement[bool]:
        """Only where it was measured: words that nobody has weighed are not weak."""
        if not self.weak_below:
            return as_written("1 = 0")
        least = case(self.weak_below, value=reading.c.model_version_id)
        return strength < least


def _chosen(filters: DeskFilters) -> list[ColumnElement[bool]]:
    """Conditions of everything but the signal."""
    levels = {name: getattr(filters, name) for name in ("suggested", "level", "final")}
    found: list[ColumnElement[bool]] = [
        reading.c[name].is_(None) if value == NONE else reading.c[name] == int(value)
        for name, value in levels.items()
        if value
    ]
    plain = {
        account.c.username: filters.coder,
        reading.c.exposure: filters.exposure,
        reading.c.arm: filters.arm,
    }
    found += [column == value for column, value in plain.items() if value]
    if filters.rubric:
        found.append(rubric.c.version == int(filters.rubric))
    if filters.version:
        found.append(version.c.number == int(filters.version))
    if filters.fenced:
        found.append(_is_fenced if filters.fenced == "yes" else ~_is_fenced)
    if filters.unlearnt:
        found.append(cannot_know)
    since, until = filters.day("since"), filters.day("until")
    found += [reading.c.recorded_at >= since] if since else []
    return found + ([reading.c.recorded_at < until] if until else [])


_is_fenced = exists().where(_fenced.c.protocol_id == reading.c.protocol_id)
# Whether the version behind a suggestion had no answer to the protocol to learn from: no model
# learns fenced ones. A version may as well not have learnt what was answered, for it leaves out
# protocols that want a further reader; this errs to the side of doubt.
cannot_know = and_(
    version.c.id.is_not(None), or_(reading.c.first_answer > version.c.last_event_id, _is_fenced)
)


def _needs(filters: DeskFilters) -> set[str]:
    found = {"version"} if filters.version or filters.unlearnt else set[str]()
    found |= {"account"} if filters.coder else set()
    return found | ({"rubric"} if filters.rubric else set())


def joined_with(names: Collection[str]) -> FromClause:
    """Readings with these tables beside them."""
    joined: FromClause = reading
    if "account" in names:
        joined = joined.join(account, account.c.id == reading.c.account_id)
    if "rubric" in names:
        joined = joined.join(rubric, rubric.c.id == reading.c.rubric_version_id)
    if "version" in names:
        joined = joined.outerjoin(version, version.c.id == reading.c.model_version_id)
    return joined
