"""The auditor's desk in figures: suggestion against label against final level, and the signals.

Where nobody has adjudicated, the final level is the label: that both are the same is no result. So
what rests on the final level being somebody else's word counts settled readings only.

Tables and signals come from one statement: a reading is a number that holds its levels and what it
shows, and equal ones are counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.orm import Session

from cer_assist.services.desk_filters import Signal
from cer_assist.services.desk_protocols import protocol
from cer_assist.services.desk_readings import SAW, TIMED, Desk, account, reading
from cer_assist.store.types import as_written

_NONE = as_written("0")
_BITS = 4  # of a level plus 1 in a reading's key; 0 is none
_SETTLED, _FLAGS = 2, 3  # places of flags: that one, and the signals' first
OWN = ("level", "final")
PAIRS = (("suggested", "level"), ("suggested", "final"), OWN)


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of readings by two levels."""

    rows: str  # names of filters, so that a cell's address is the table's and its two levels
    columns: str
    counts: dict[tuple[int, int], int]
    settled: dict[tuple[int, int], int]  # of these, of protocols that an adjudicator settled

    @property
    def compared(self) -> dict[tuple[int, int], int]:
        """Counts of readings whose two levels could differ: their own final level cannot."""
        return self.settled if (self.rows, self.columns) == OWN else self.counts

    @property
    def total(self) -> int:
        """Readings that have both."""
        return sum(self.counts.values())

    @property
    def could_differ(self) -> int:
        """Readings whose two levels could differ."""
        return sum(self.compared.values())

    def within(self, distance: int) -> int:
        """Those of them whose levels lie no farther apart."""
        return sum(n for (one, other), n in self.compared.items() if abs(one - other) <= distance)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the desk opens with."""

    readings: int
    without: int  # no suggestion was made
    seen: int  # the coder had been shown the suggestion
    single: int  # their final level is their own reader's word
    settled: int  # of protocols that an adjudicator settled
    left_out: int  # protocols that the viewer may still read
    tables: tuple[Table, ...]
    # Readings that show each, None where it cannot be told; empty where one is chosen.
    signals: dict[Signal, int | None]


def overview(session: Session, desk: Desk) -> Overview:
    """The three tables, what they leave out and the signals, in one pass over the readings."""
    shown = () if desk.filters.signal else tuple(Signal)
    keyed = desk.select(_key(desk, shown).label("key"))
    kinds = [_kind(key, number) for key, number in _counted(session, keyed).items()]
    settled = _having(kinds, _SETTLED)
    signals = {one: _having(kinds, place) for place, one in enumerate(shown, _FLAGS)}
    return Overview(
        readings=sum(one.number for one in kinds),
        without=sum(one.number for one in kinds if one.suggested is None),
        seen=_having(kinds, 0),
        single=_having(kinds, 1),
        settled=settled,
        left_out=left_out(session, desk),
        tables=tuple(Table(*pair, *_tables(kinds, pair)) for pair in PAIRS),
        signals={
            one: None if one is Signal.wrong_switch and not settled else number
            for one, number in signals.items()
        },
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """Readings of the same levels and flags."""

    suggested: int | None
    level: int | None
    final: int | None
    flags: int
    number: int


def _kind(key: int, number: int) -> _Kind:
    levels = [(key >> place * _BITS) % (1 << _BITS) - 1 for place in range(3)]
    suggested, level, final = (None if one < 0 else one for one in levels)
    return _Kind(suggested, level, final, key >> 3 * _BITS, number)


def _counted(session: Session, keyed: Select[Any]) -> Counter[int]:
    """How many readings have each key; else SQLite carries all their columns through its sort."""
    keys = keyed.cte("keys").prefix_with("MATERIALIZED")
    grouped = select(keys.c.key, func.count()).group_by(keys.c.key)
    return Counter({key: number for key, number in session.execute(grouped)})  # noqa: C416


def _key(desk: Desk, shown: Sequence[Signal]) -> Any:
    """A reading's three levels and its flags in one number."""
    levels = reading.c.suggested, reading.c.level, reading.c.final
    found = _sum(
        func.coalesce(level + as_written("1"), _NONE) * _power(place * _BITS)
        for place, level in enumerate(levels)
    )
    single = ~reading.c.is_settled & (reading.c.readers == 1)
    flags = [
        _flag(0, SAW & reading.c.suggested.is_not(None)),
        _flag(1, single),
        _flag(_SETTLED, reading.c.is_settled),
    ]
    ruled = defaultdict[Any, list[Any]](list)
    for place, signal in enumerate(shown, _FLAGS):
        out, rule = desk.rule(signal)
        ruled[out].append(_flag(place, rule))
    flags += [case((out, _sum(some)), else_=_NONE) for out, some in ruled.items()]
    return found + _sum(flags) * _power(3 * _BITS)


def _sum(parts: Iterable[Any]) -> Any:
    return reduce(add, parts)


def _flag(place: int, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, _power(place)), else_=_NONE)


def _power(place: int) -> ColumnElement[int]:
    return as_written(str(1 << place))


def _having(kinds: Sequence[_Kind], place: int) -> int:
    return sum(one.number for one in kinds if one.flags >> place & 1)


def _tables(
    kinds: Sequence[_Kind], pair: tuple[str, str]
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]:
    """Counts by two levels: of all readings, and of settled ones."""
    counts, settled = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for kind in kinds:
        one, other = (getattr(kind, name) for name in pair)
        if one is not None and other is not None:
            counts[one, other] += kind.number
            if kind.flags >> _SETTLED & 1:
                settled[one, other] += kind.number
    return dict(counts), dict(settled)


def left_out(session: Session, desk: Desk) -> int:
    """Protocols of which this viewer is told nothing, answered or not: that too would tell."""
    if not desk.viewer.codes:
        return 0
    open_ones = select(func.count()).where(
        protocol.c.project_id == desk.project_id, ~desk.is_over()
    )
    return session.execute(open_ones).scalar_one()


@dataclass(frozen=True, slots=True)
class Share:
    """A coder's readings that show a signal, of those that could."""

    username: str
    name: str
    shown: int
    of: int


def by_coder(session: Session, desk: Desk, signal: Signal) -> list[Share]:
    """By name, never by how many: with few readings a share says nothing of a person."""
    plain = replace(desk, filters=replace(desk.filters, signal=""))
    could = {Signal.fast: TIMED, Signal.unread: TIMED & SAW}.get(signal, true())
    key = reading.c.account_id * _power(2) + _flag(0, could) + _flag(1, desk.has(signal))
    keys = _counted(session, plain.select(key.label("key")))
    shares = Counter[tuple[int, int]]()
    for one, number in keys.items():
        for place in (0, 1):
            shares[one >> 2, place] += number * (one >> place & 1)
    known = session.execute(
        select(account.c.id, account.c.username, account.c.display_name)
        .where(account.c.id.in_({one >> 2 for one in keys}))
        .order_by(account.c.display_name, account.c.username)
    )
    return [Share(name, shown, shares[own, 1], shares[own, 0]) for own, name, shown in known]
