"""E-mail addresses, phone numbers and record numbers are told by their form, names by hints.

Patterns run only around what every such thing holds, an @ or some digits in a row: most of a text
is never looked at, and 15 million words take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

Kind = Literal["email", "phone", "name", "record"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Something to mask: characters from start to end, what it is, and which rule found it."""

    start: int
    end: int
    kind: Kind
    rule: str


# What each rule takes for what; the manifest of every masked export lists them.
RULES: dict[Kind, dict[str, str]] = {
    "email": {"address": "e-mail address, also written with [at] or (at)"},
    "phone": {
        "phone": "phone number as libphonenumber knows them; without a country one of the US",
        "short phone": "four to seven digits after phone, tel, call, text, fax, ext or x",
    },
    "record": {
        "labelled number": "number after IRB, protocol, study, record, grant, MRN and the like",
        "system number": "capitals and five or more digits, such as STUDY00012345",
        "grant": "NIH grant number, such as R01 MH123456",
        "social security": "three, two and four digits with hyphens",
        "own id": "the protocol's own id and those that it is linked to, where these can mean "
        "nothing else",
        "id of the project": "id of any protocol of the project, where it can mean nothing else",
        "own pattern": "written as one of the patterns that were given with the export",
        "id column": "value of a detail whose name says that it numbers a record",
    },
    "name": {
        "person column": "value of a detail whose name says that it is a person",
        "account": "name of a person with an account in the project; in notes also one of their "
        "names alone, however it is written",
        "title": "name after a title, such as Dr. or Professor",
        "role": "name beside a role, such as Principal Investigator or contact",
        "degree": "name before a degree, such as PhD or RN",
        "surname": "further mention of a surname that a hint gave in the same protocol",
    },
}


def rules_of(kinds: frozenset[Kind]) -> dict[str, str]:
    """The rules for some kinds, by name."""
    return {rule: says for kind in KINDS if kind in kinds for rule, says in RULES[kind].items()}


_AT = re.compile(r"[\[({]\s?at\s?[\])}]", re.IGNORECASE)
_BEFORE_AT = re.compile(r"[\w.+%'-]{1,64} ?\Z")
_DOT = r"(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)"
_AFTER_AT = re.compile(rf" ?[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}})+", re.IGNORECASE)

_DIGITS = re.compile(r"\d\d[\d .-]\d")  # one branch: alternatives would take three times as long
_LONG = re.compile(r"\d{5}")
_BEHIND, _AHEAD = 48, 24  # characters before and after such digits that can belong to them
_SYSTEM = re.compile(r"\b(?!ISO|ICD|CPT|ZIP)[A-Z][A-Za-z]{1,7}[-_]?\d{5,}(?:-\d+)*\b")
_GRANT = re.compile(r"\b(?:\d[ -]?)?[A-Z]\d{2}[ -]?[A-Z]{2}[ -]?\d{5,6}(?:-\d{2}[A-Z0-9]{0,2})?\b")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_LABELS = (
    "irb", "protocol", "study", "record", "chart", "case", "participant", "subject", "grant",
    "award", "contract", "project", "application", "submission", "approval", "mrn", "ind", "ide",
    "fwa", "ssn", "clinicaltrials.gov",
)  # fmt: skip
_LABELLED = re.compile(
    rf"\b(?:IRBNet|{'|'.join(map(re.escape, _LABELS))})"
    r"(?:[ \t]+(?:ID|identifier|no\.?|nr\.?|num(?:ber|\.)?|registration|file|protocol))*"
    r"[ \t]{0,2}(?P<sign>[:#=(-]|\bis\b)?[ \t]{0,2}#?"
    r"(?P<id>[A-Z]{0,8}[-_/ ]?\d[A-Z0-9]*(?:[-_/.][A-Z0-9]+)*)",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(r"\b(?:ID|identifier|no\.?|nr\.?|number|num\.?|MRN|SSN|FWA)\b|#", re.I)
_SHORT_PHONE = re.compile(
    r"\b(?:phone|tel|telephone|call|text|fax|mobile|cell|ext|extension|x)\b[.: ]{1,3}"
    r"(?:at |us at )?(?P<id>\d{3}[-. ]\d{4}|\d{4,7})\b",
    re.IGNORECASE,
)
_PHONE_WORDS = ("phone", "tel", "call", "x", "mobile", "cell")  # one is part of each of them
_PHONE_LEAST = re.compile(r"(?:\d[^\w\n]{0,3}){7}")


def addresses(text: str) -> Iterator[Found]:
    """E-mail addresses."""
    for at in _signs(text):
        before = _BEFORE_AT.search(text, max(0, at[0] - 66), at[0])
        after = _AFTER_AT.match(text, at[1])
        if before and after and not before[0].isspace():
            yield Found(before.start(), after.end(), "email", "address")


def _signs(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("@")
    while at >= 0:
        yield at, at + 1
        at = text.find("@", at + 1)
    if "[" in text or "(" in text or "{" in text:
        yield from (written.span() for written in _AT.finditer(text))


def numbered(text: str, kinds: frozenset[Kind]) -> Iterator[Found]:
    """Phone and record numbers, window by window."""
    for start, end in _windows(text):
        if "record" in kinds:
            yield from _records(text, start, end)
        if "phone" in kinds:
            yield from _phones(text, start, end)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches around digits, those that touch in one; none is cut inside a word."""
    start = end = -1
    for digits in _DIGITS.finditer(text):
        if end < 0 or digits.start() - _BEHIND > end:
            if end >= 0:
                yield start, end
            start = max(0, digits.start() - _BEHIND)
            while start > 0 and not text[start - 1].isspace():
                start -= 1
        end = max(end, min(len(text), digits.end() + _AHEAD))
        while end < len(text) and not text[end].isspace():
            end += 1
    if end >= 0:
        yield start, end


def _records(text: str, start: int, end: int) -> Iterator[Found]:
    if _LONG.search(text, start, end):
        for rule, pattern in (("system number", _SYSTEM), ("grant", _GRANT)):
            for match in pattern.finditer(text, start, end):
                yield Found(match.start(), match.end(), "record", rule)
    if "-" in text[start:end]:
        for match in _SSN.finditer(text, start, end):
            yield Found(match.start(), match.end(), "record", "social security")
    if any(map(text[start:end].lower().__contains__, _LABELS)):
        for match in _LABELLED.finditer(text, start, end):
            if _says_a_record(match):
                yield Found(match.start("id"), match.end("id"), "record", "labelled number")


def _says_a_record(match: re.Match[str]) -> bool:
    """Not “study 12 sites”: a sign or a word for number stands between, or the form tells it."""
    value = match["id"]
    label = match[0][: match.start("id") - match.start()]
    if sum(map(str.isdigit, value)) < 3:
        return False
    if match["sign"] in (":", "#", "=") or _NUMBER_WORD.search(label):
        return not re.fullmatch(r"(?:19|20)\d\d", value) or bool(_NUMBER_WORD.search(label))
    return bool(re.search(r"\d[-_/]\d|[A-Za-z][-_/]?\d{3,}", value)) and not _is_range(value)


def _is_range(value: str) -> bool:
    """Such as 2023-2025 or 18-65."""
    parts = re.fullmatch(r"(\d{1,4})[-/](\d{1,4})", value)
    return parts is not None and int(parts[1]) < int(parts[2]) and len(parts[1]) == len(parts[2])


def _phones(text: str, start: int, end: int) -> Iterator[Found]:
    if any(map(text[start:end].lower().__contains__, _PHONE_WORDS)):
        for match in _SHORT_PHONE.finditer(text, start, end):
            yield Found(match.start("id"), match.end("id"), "phone", "short phone")
    if _PHONE_LEAST.search(text, start, end):
        for number in _matcher()(text[start:end], "US"):
            raw = number.raw_string
            if re.search(r"\D", raw) or raw.startswith("+") or len(raw) == 10:
                yield Found(start + number.start, start + number.end, "phone", "phone")


@cache
def _matcher() -> Any:
    """Imported when first needed: most processes never mask."""
    from phonenumbers import PhoneNumberMatcher

    return PhoneNumberMatcher
