"""What is masked of a protocol is decided once, from its text; notes and quotes follow it.

The same value has the same number throughout a protocol, and every place in the text moves with it:
a place that touches something masked covers the whole placeholder, so no half of it stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cer_assist.exports import people, spotting
from cer_assist.exports.colleagues import Colleagues
from cer_assist.exports.numbering import Numbers, tells_itself
from cer_assist.exports.spotting import Found, Kind

WORDS: dict[Kind, str] = {
    "email": "e-mail", "phone": "phone", "name": "name", "record": "record"
}  # fmt: skip
_RECORD_COLUMN = re.compile(
    r"(?:^|[\s_.-])(?:irb|mrn|ssn|nct|grant|award|protocol|record|study|submission|application|"
    r"ancillary)[\s_.-]*(?:id|ids|no|nr|num|number|#|ref\w*)?$|"
    r"(?:^|[\s_.-])(?:id|record[ _-]?number|mrn|ssn|nct|irb)$",
    re.IGNORECASE,
)
_SHORT, _KEPT = 200, 2_000  # what sections are called and what notes say comes again and again
LINKS = ("version_of", "superseded_by", "copy_of")
Row = Mapping[str, Any]
Told = tuple[list[Found], list[Found], list[str]]  # by form; by lists and hints; names


@dataclass(frozen=True, slots=True)
class Moves:
    """Which characters of a text became which placeholder; the text itself is not kept."""

    # Start and end in the old text, the placeholder, its kind and the rule that found it.
    made: tuple[tuple[int, int, str, Kind, str], ...] = ()

    def text(self, old: str) -> str:
        """The text with the placeholders."""
        return self.quote(0, len(old), old) if self.made else old

    def quote(self, start: int, end: int, old: str) -> str:
        """What stands between two places; a placeholder that is touched is there as a whole."""
        pieces: list[str] = []
        at = start
        for first, last, said, *_ in self.made:
            if last <= start or first >= end:
                continue
            pieces += [old[at - start : max(0, first - start)], said]
            at = last
        pieces.append(old[at - start :] if at < end else "")
        return "".join(pieces)

    def place(self, old: int, *, at_end: bool) -> int:
        """Where a place stands now; inside of a placeholder it goes to one of its ends."""
        shift = 0
        for first, last, said, *_ in self.made:
            if old <= first:
                break
            if old < last:
                return first + shift + (len(said) if at_end else 0)
            shift += len(said) - (last - first)
        return old + shift


@dataclass(slots=True)
class Values:
    """The values masked in one protocol and their numbers; and how often each rule found one."""

    numbers: dict[tuple[Kind, str], int] = field(default_factory=dict)
    surnames: set[str] = field(default_factory=set)  # to be found again
    owned: set[str] = field(default_factory=set)  # surnames with a full name
    ids: Sequence[str] = ()  # its own, and those that it is linked to
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def placeholder(self, kind: Kind, value: str) -> str:
        """Such as [name 2]."""
        key = (kind, _same(kind, value))
        number = self.numbers.get(key)
        if number is None and kind == "name":
            number = self._told_before(value)
        if number is None:
            taken = (number for (known, _), number in self.numbers.items() if known == kind)
            number = 1 + max(taken, default=0)
        self.numbers[key] = number
        return f"[{WORDS[kind]} {number}]"

    def _told_before(self, name: str) -> int | None:
        """A full name is the first one to its surname: what stood there alone meant this person."""
        surname = _same("name", people.surname(name))
        return None if surname in self.owned else self.numbers.get(("name", surname))

    def hear_of(self, names: Iterable[str]) -> None:
        """Names whose surnames are to be found again."""
        surnames = map(people.surname, names)
        self.surnames.update(surname for surname in surnames if len(surname) > 2)

    def know_by_surname(self, name: str) -> None:
        """The surname alone means the first person so named."""
        key: tuple[Kind, str] = ("name", _same("name", people.surname(name)))
        self.numbers.setdefault(key, self.numbers["name", _same("name", name)])
        if key[1] != _same("name", name):
            self.owned.add(key[1])


def _same(kind: Kind, value: str) -> str:
    if kind == "phone":
        return "".join(filter(str.isdigit, value)).removeprefix("1")
    value = unicodedata.normalize("NFC", value.casefold())
    words = re.findall(r"\w+", value) if kind == "name" else value.split()
    if kind == "name" and "," in value:  # Silva, Ana is Ana Silva
        words = [*words[1:], words[0]]
    return " ".join(word for word in words if kind != "name" or len(word) > 1)


@dataclass(frozen=True)
class Masker:
    """Which kinds are masked, names of people with an account here, and what numbers records."""

    kinds: frozenset[Kind]
    people: Sequence[str] = ()
    numbers: Numbers = field(default_factory=Numbers)
    _full: list[str] = field(init=False, repr=False)
    _colleagues: Colleagues = field(init=False, repr=False)
    _of_short: Callable[[str, bool], Told] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_full", people.full_names(self.people))
        object.__setattr__(self, "_colleagues", Colleagues(self.people, people.NO_NAMES))
        object.__setattr__(self, "_of_short", lru_cache(_KEPT)(self._of_itself))

    def values_of(self, row: Row) -> tuple[Values, Moves]:
        """What a protocol holds, numbered in the order of its text, and where it stands there."""
        own = [row[name] for name in ("protocol_id", *LINKS) if row.get(name)]
        values = Values(ids=list(filter(tells_itself, own)))  # “7” would take doses and ages along
        details = row["metadata"] or {}
        given = [name for key, value in details.items() for name in self._named(key, str(value))]
        values.hear_of(given)
        text = row["text"] or ""
        found = self._found(text, values)
        if "name" in self.kinds:
            found += people.whole(text, given, "person column")
        return values, _moves(text, found, values)

    def metadata(self, details: Mapping[str, Any], values: Values) -> dict[str, Any]:
        """Details with their values masked; what a column's name tells counts as well."""
        return {key: self._detail(key, str(value), values) for key, value in details.items()}

    def text(self, text: str, values: Values, *, colleagues: bool = False) -> str:
        """Another text of the same protocol; colleagues speak of each other by one name."""
        found = self._found(text, values, colleagues=colleagues)
        return _moves(text, found, values).text(text)

    def _named(self, column: str, value: str) -> list[str]:
        if "name" not in self.kinds or not _of_people(column):
            return []
        return [value[start:end] for start, end in people.of_column(value)]

    def _detail(self, column: str, value: str, values: Values) -> str:
        found: list[Found] = []
        if "name" in self.kinds and _of_people(column):
            places = people.of_column(value)
            found = [Found(start, end, "name", "person column") for start, end in places]
        if "record" in self.kinds and value.strip() and _RECORD_COLUMN.search(column):
            found = [Found(0, len(value), "record", "id column")]
        return _moves(value, [*found, *self._found(value, values)], values).text(value)

    def _found(self, text: str, values: Values, *, colleagues: bool = False) -> list[Found]:
        of_itself = self._of_short if len(text) <= _SHORT else self._of_itself
        by_form, by_list, names = of_itself(text, colleagues)
        values.hear_of(names)
        found = [*by_form]
        if "record" in self.kinds:  # before the ids of all: which rule found it is told by order
            own = people.whole(text, values.ids, "own id")
            found += [replace(one, kind="record") for one in own]
        found += by_list
        if values.surnames and "name" in self.kinds:
            found += people.mentions(text, sorted(values.surnames))
        return found

    def _of_itself(self, text: str, colleagues: bool) -> Told:
        """What a text holds whatever else its protocol holds, and the names to be found again."""
        by_form: list[Found] = []
        by_list: list[Found] = []
        heard: list[Found] = []
        if "email" in self.kinds:
            by_form += spotting.addresses(text)
        if self.kinds & {"phone", "record"}:
            by_form += spotting.numbered(text, self.kinds)
        if "record" in self.kinds:
            by_list += self.numbers.found(text)
        if "name" in self.kinds:
            heard += people.hinted(text)
            if colleagues:
                accounts = list(self._colleagues.found(text))
            else:
                accounts = list(people.whole(text, self._full, "account"))
            by_list += [*heard, *accounts]
            heard += [] if colleagues else accounts
        return by_form, by_list, [text[one.start : one.end] for one in heard]


def _of_people(column: str) -> bool:
    return bool(people.PERSON_COLUMN.search(column)) and not people.NOT_A_PERSON.search(column)


def _moves(text: str, found: Sequence[Found], values: Values) -> Moves:
    made = []
    for one in _merged(found):
        value = text[one.start : one.end]
        said = values.placeholder(one.kind, value)
        made.append((one.start, one.end, said, one.kind, one.rule))
        if one.kind == "name":
            values.know_by_surname(value)
        values.counts[one.kind, one.rule] += 1
    return Moves(tuple(made))


def _merged(found: Sequence[Found]) -> list[Found]:
    """What overlaps is masked as one."""
    merged: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if merged and one.start < merged[-1].end:
            before = merged[-1]
            if one.end > before.end:
                merged[-1] = Found(before.start, one.end, before.kind, before.rule)
        else:
            merged.append(one)
    return merged


def moved_places(
    moves: Moves, places: Sequence[Mapping[str, Any]], other: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Evidence in the masked text; a quote without a place is masked as a text of its own."""
    return [
        {
            "start": moves.place(place["start"], at_end=False),
            "end": moves.place(place["end"], at_end=True),
            "quote": moves.quote(place["start"], place["end"], place["quote"]),
        }
        if "start" in place
        else {"quote": other(str(place["quote"]))}
        for place in places
    ]


def moved_sections(
    moves: Moves, sections: Sequence[Sequence[Any]], other: Callable[[str], str]
) -> list[list[Any]]:
    """Sections in the masked text: each begins behind what the one before it took along."""
    return [
        [other(name), moves.place(start, at_end=True), moves.place(end, at_end=True)]
        for name, start, end in sections
    ]
