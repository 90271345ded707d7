"""Record numbers that only this office knows: its own patterns, and the ids of its protocols.

A pattern is no regular expression, so that nobody can ask for one that never ends: # stands for a
digit, A for a letter, all else for itself, capital or small.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.spotting import Found

MOST, LONGEST, LEAST_DIGITS = 20, 60, 2
_STANDS_FOR = {"#": "[0-9]", "A": "[A-Za-z]"}
# An underscore parts words here: numbers stand in file names.
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_DIGITS = re.compile(r"\d+")
_FROM_DIGIT = re.compile(r"\d[^\W_]*")
_LEAST_ALONE = 5  # digits of an id that has no letters: four are a year


def checked(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns without blanks around them, each once."""
    found = tuple(dict.fromkeys(one.strip() for one in patterns if one.strip()))
    if len(found) > MOST:
        raise InvalidInput(f"At most {MOST} patterns of record numbers.")
    for one in found:
        if len(one) > LONGEST or one.count("#") < LEAST_DIGITS or not one.isprintable():
            raise InvalidInput(
                f"A pattern such as MRN-###### has at least {LEAST_DIGITS} #, each for a digit, "
                f"and at most {LONGEST} characters: mend “{one[:LONGEST]}”."
            )
    return found


def tells_itself(name: str) -> bool:
    """An id that means nothing else where it is quoted: not 7 or 2024, nor a word."""
    digits = sum(map(str.isdigit, name))
    return digits >= _LEAST_ALONE or (digits > 0 and any(map(str.isalpha, name)))


@dataclass(frozen=True)
class Numbers:
    """What numbers records here, ready to be found in many texts."""

    patterns: Sequence[str] = ()
    ids: Iterable[str] = ()
    _compiled: list[tuple[int, re.Pattern[str]]] = field(init=False, repr=False)
    _by_digits: dict[str, list[tuple[int, str]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", [_compiled(one) for one in self.patterns])
        known: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for name in self.ids:
            low = name.lower()
            digits = _FROM_DIGIT.search(low)
            if digits and tells_itself(low):
                known[digits[0]].append((digits.start(), low))
        object.__setattr__(self, "_by_digits", dict(known))

    def found(self, text: str) -> Iterator[Found]:
        """Where they stand; looked for at each number of the text, not all along it."""
        for digits in _DIGITS.finditer(text) if self._compiled else ():
            for before, pattern in self._compiled:
                match = pattern.match(text, max(0, digits.start() - before))
                if match:
                    yield Found(match.start(), match.end(), "record", "own pattern")
        for digits in _FROM_DIGIT.finditer(text) if self._by_digits else ():
            for before, name in self._by_digits.get(digits[0].lower(), ()):
                start = digits.start() - before
                if start >= 0 and _stands(text, start, name):
                    yield Found(start, start + len(name), "record", "id of the project")


def _compiled(pattern: str) -> tuple[int, re.Pattern[str]]:
    """With how many characters stand before its first digit, where a number of a text begins."""
    before = next(at for at, sign in enumerate(pattern) if sign == "#" or sign.isdecimal())
    inside = "".join(_STANDS_FOR.get(sign) or re.escape(sign) for sign in pattern)
    return before, re.compile(f"{_BEFORE}{inside}{_AFTER}", re.IGNORECASE)


def _stands(text: str, start: int, name: str) -> bool:
    end = start + len(name)
    around = text[start - 1 : start] + text[end : end + 1] if start else text[end : end + 1]
    return text[start:end].lower() == name and not any(map(str.isalnum, around))
