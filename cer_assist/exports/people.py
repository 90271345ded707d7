"""Names of people are found where something says that they are names; without a hint they are not.

No list of names decides: most surnames are also words, places or institutes. A hint is a detail
such as PI, a title, a role, a degree, or an account here; a surname so learnt is found again in the
same protocol, unless that protocol uses it as an ordinary word as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import regex

from cer_assist.exports.spotting import Found

_PREFIX = r"(?:Mc|Mac|O['’]|D['’]|[ae]l-|ben-)"
_PIECE_OF = r"\p{Lu}[\p{Ll}\p{M}]+"
_CAP = rf"(?:{_PREFIX}?{_PIECE_OF}(?:[-'’]{_PIECE_OF})*|\p{{Lu}}{{3,}})"
_PARTICLE = r"(?:de|da|do|dos|del|della|di|du|la|van|von|der|den|ten|bin|al|el|y|e)"
_PART = rf"(?:{_CAP}|\p{{Lu}}\.?)(?![\p{{L}}-])"
_NAME = rf"{_PART}(?:[ \t]+(?:{_PARTICLE}[ \t]+)*{_PART}){{0,3}}"
_TITLE = r"(?:Drs?|Prof(?:essor)?|Doctor|Mr|Mrs|Ms|Mx|Rev(?:erend)?|Pastor|Sister|Fr|Dra?)\b\.?"
_DEGREE = r"(?:Ph\.?D|M\.?D|M\.?P\.?H|R\.?N|Dr\.?P\.?H|M\.?S\.?W|Psy\.?D|Pharm\.?D|D\.?O|J\.?D|MBA)"
_TITLED = regex.compile(rf"{_TITLE}[ \t]+(?P<name>(?:{_PARTICLE}[ \t]+)*{_NAME})")
_AFTER_ROLE = regex.compile(
    rf"s?(?:[ \t]+(?i:persons?|names?|is|are|will be)\b)?"
    rf"(?:[ \t]?(?P<sign>[:=,(–—-])|)[ \t]*(?:the |our )?(?:{_TITLE}[ \t]+)?"
    rf"(?P<name>{_CAP},[ \t]+{_PART}(?:[ \t]+{_PART})?(?=[;.)\n]|$)|{_NAME})"
    rf"(?:(?:,| and| &|;)[ \t]+(?:{_TITLE}[ \t]+)?(?P<name>{_NAME}))*"
)
_BEFORE = regex.compile(rf"(?P<name>{_NAME}),?[ \t]+\(?(?i:co-|site |study |principal )*\Z")
# Hints alone are looked for: patterns with the names as well would take a hundred times longer.
_TITLES = ("Dr", "Prof", "Doctor ", "Mr", "Ms", "Mx", "Rev", "Pastor ", "Sister ", "Fr.")
_ROLES = (
    "investigator", "coordinator", "manager", "director", "assistant", "liaison", "nurse",
    "contact", "advisor", "sponsor", "mentor", "chair", "statistician", "submitted by",
    "prepared by", "led by", "signed by", "ask for", "speak to", "speak with",
)  # fmt: skip
_SHORT_ROLES = ("PI", "Co-I")
_DEGREES = (
    "PhD", "Ph.D", "MD", "M.D", "MPH", "M.P.H", "RN", "R.N", "DrPH", "Dr.P.H", "MSW", "M.S.W",
    "PsyD", "Psy.D", "PharmD", "DO", "D.O", "JD", "J.D", "MBA",
)  # fmt: skip
# Hints in capitals by how they begin: one pass tells which are in a text. No head reaches over a
# point or blank, behind which another hint could begin.
_CAPITALS = (*_TITLES, *_SHORT_ROLES, *_DEGREES)
_HEADS = sorted({hint[: 2 if "." in hint[:3] else 3] for hint in _CAPITALS})
_OF_HEAD = {head: [hint for hint in _CAPITALS if hint.startswith(head)] for head in _HEADS}
_ANY_HEAD = re.compile("|".join(map(re.escape, _HEADS)))
_REACH = 60  # characters that a name before its degree can have
# No part of a name: what follows a role in headings, and what institutes and places are called by.
_INSTITUTES = """
a academic academy administration advisory agency aim aims all an analysis and any appendix april
are as assessment assistant association at august background be board brochure building by campus
can care cdc center centers centre church city clinic clinical clinics coalition college committee
community consent contact coordinating coordination coordinator corporation council county data
december department departments design development director district division during each
education email emergency engagement english ethics experience family february federal fellowship
figure for form foundation friday from fund group groups hall has have he health her his home
hospital hospitals hotline house how human if in information initiative institute institutes
institution institutional integrity introduction investigator investigators irb is it its january
july june laboratory lane library mail manager march may mba md meeting meetings ministry monday
month months mph msw name national network nih no not november nursing october of office officer
on or organisation organization our outcomes park partner partners person phd phone plan planning
please policy practice principal procedures professor program programme project protection
protocol public qualifications recruitment region report research resources responsibilities
review rn road role roles rural safety saturday school science sciences section september service
services settings she should signature society some spanish sponsor staff state station
statistical street study subject subjects such summary sunday support survey system systems table
team telephone that the their there these they this those thursday title to town training tribal
tribe trust tuesday unit university upon village we wednesday week what when where which who will
with within women would you your
"""
NO_NAMES = frozenset(_INSTITUTES.split())
# Surnames that are words as well: found beside a hint or a given name only.
_WORDS_TOO = """
art banks bell best black brown bush case child church cook day doctor faith field good grace
grant gray green hill hope king law long love major mark may nurse pace page park price rose short
wells white will young
"""
_ORDINARY = frozenset(_WORDS_TOO.split())
_NAME_AFTER_IT = regex.compile(
    r"[ \t]+(?:County|City|Street|St\b|Avenue|Ave\b|Road|Rd\b|Park|Hall|Hospital|University|"
    r"College|School|Center|Centre|Clinic|Institute|Foundation|Church|Lane|Drive|Library|Building|"
    r"Township|Parish|Elementary|High\b|Memorial|Scale|Inventory|Index|Questionnaire|Test\b)"
)
PERSON_COLUMN = re.compile(
    r"(?:^|[\s_.-])(?:pi|co[-_ ]?i|pis|investigators?|coordinators?|contacts?|advis[oe]rs?|"
    r"mentors?|submitters?|authors?|faculty|sponsor[ _-]?name|persons?|people|researchers?|staff|"
    r"owners?|reviewers?|applicants?|signator(?:y|ies)|"
    r"(?:submitted|prepared|entered|reviewed|created|written|approved|signed)[ _-]?by)"
    r"(?:[\s_.-]|$)|(?:investigator|coordinator|contact)|"
    # A name alone, or of what part: a study name or a file name is no person's.
    r"^(?:(?:full|first|middle|last|family|given|sur|display|user)[ _.-]?)?names?$",
    re.IGNORECASE,
)
NOT_A_PERSON = re.compile(
    r"department|dept|e-?mail|phone|tel\b|(?<![a-z])id\b|number|count|type|date|(?<!comm)unit",
    re.IGNORECASE,
)


def hinted(text: str) -> Iterator[Found]:
    """Names that something beside them tells to be names."""
    there = {hint for head in set(_ANY_HEAD.findall(text)) for hint in _OF_HEAD[head]}
    for at, _ in _words(text, filter(there.__contains__, _TITLES)):
        yield from _names(text, _TITLED.match(text, at), "title")
    low = text.lower()
    if len(low) != len(text):  # a few letters have no small form of the same length
        low = text
    for at, word in _words(low, _ROLES):
        yield from _beside_role(text, at, at + len(word))
    for at, word in _words(text, filter(there.__contains__, _SHORT_ROLES)):
        yield from _beside_role(text, at, at + len(word))
    for at, word in _words(text, filter(there.__contains__, _DEGREES)):
        if not text[at + len(word) : at + len(word) + 1].isalpha():
            yield from _names(text, _before(text, at), "degree")


def _words(text: str, wanted: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where a word begins that begins so."""
    for word in wanted:
        at = text.find(word)
        while at >= 0:
            if at == 0 or not text[at - 1].isalnum():
                yield at, word
            at = text.find(word, at + 1)


def _beside_role(text: str, start: int, end: int) -> Iterator[Found]:
    yield from _names(text, _AFTER_ROLE.match(text, end), "role")
    if "(" in text[max(0, start - 12) : start]:
        yield from _names(text, _before(text, start), "role")


def _before(text: str, end: int) -> Any:
    start = max(text.rfind("\n", 0, end) + 1, end - _REACH)
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start += 1
    return _BEFORE.search(text, start, end)


def _names(text: str, match: Any, rule: str) -> Iterator[Found]:
    for first, last in match.spans("name") if match else ():
        yield from _believed(text, first, last, rule, match)


def _believed(text: str, start: int, end: int, rule: str, match: Any) -> Iterator[Found]:
    """A name cut at the first word that is part of none; one word alone needs a clear sign."""
    kept: list[tuple[int, int]] = []
    for word in _WORD.finditer(text, start, end):
        if word[0].lower() in NO_NAMES and (kept or rule != "title"):
            if rule != "degree":
                break
            kept.clear()  # the name is what stands next to its degree
            continue
        kept.append(word.span())
    while len(kept) > 1 and _is_no_end(text[kept[-1][0] : kept[-1][1]]):
        kept.pop()
    if not any(last - first > 1 and _has_capital(text[first:last]) for first, last in kept):
        return
    if len(kept) == 1 and not _is_sure(rule, match):
        return
    if rule == "title" or not _NAME_AFTER_IT.match(text, kept[-1][1]):
        yield Found(kept[0][0], kept[-1][1], "name", rule)


def _has_capital(word: str) -> bool:
    """At its beginning, or behind an article as in al-Zahrani."""
    return word[0].isupper() or word.partition("-")[2][:1].isupper()


def _is_no_end(word: str) -> bool:
    """An initial at the end belongs to the next sentence, a particle to nothing."""
    return len(word) == 1 or word in _PARTICLES


_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*")
_PARTICLES = frozenset(_PARTICLE[3:-1].split("|"))


def _is_sure(rule: str, match: Any) -> bool:
    return rule == "title" or (rule == "role" and match.groupdict().get("sign") in (":", "="))


def of_column(value: str) -> Iterator[tuple[int, int]]:
    """The names in a detail that holds people: parted by ; / | & , and “and”, degrees left alone.

    A comma also stands between a surname and what follows it: where one side is a single word, the
    two are one person.
    """
    for start, end in _apart(value):
        if regex.search(r"\p{L}{2}", value[start:end]):
            yield start, end


def _apart(value: str) -> Iterator[tuple[int, int]]:
    for part in _BETWEEN.finditer(value):
        beside: tuple[int, int] | None = None
        for piece in _PIECE.finditer(value, *part.span()):
            span = _without_degree(value, *piece.span())
            if beside and span and _are_one(value[slice(*beside)], value[slice(*span)]):
                beside, span = (beside[0], span[1]), None
            if beside:
                yield beside
            beside = span
        if beside:
            yield beside


def _without_degree(value: str, start: int, end: int) -> tuple[int, int] | None:
    """The name between two commas, before an address; none where nothing but degrees stands."""
    if "@" in value[start:end]:
        before = value[start : value.index("@", start)]
        end = start + max(before.rfind(sign) + 1 for sign in " \t<([")
        end = start + len(value[start:end].rstrip(" \t<(["))
    if _DEGREES_ALONE.fullmatch(value, start, end):
        return None
    name = _CELL.fullmatch(value, start, end)
    return name.span("name") if name and name["name"] else None


def _are_one(before: str, behind: str) -> bool:
    return len(before.split()) == 1 or len(behind.split()) == 1


_BETWEEN = regex.compile(r"(?:(?!\s+(?i:and)\s+)[^;/|&\n])+")
_PIECE = regex.compile(r"[^,]+")
_DEGREES_ALONE = regex.compile(rf"\s*{_DEGREE}\.?(?:\s+{_DEGREE}\.?)*\s*")
_CELL = regex.compile(rf"\s*(?i:and\s+)?(?:{_TITLE}\s+)?(?P<name>.*?)(?:\s+{_DEGREE}\b.*)?\s*")


def surname(name: str) -> str:
    """The surname of a name as written, either way round; empty where it has none."""
    if "," in name:
        name = name.partition(",")[0]
    words = [word for word in _WORD.findall(name) if len(word) > 1]
    return str(words[-1]) if words else ""


def full_names(names: Iterable[str]) -> list[str]:
    """Those names that have two words: one word alone may mean anything in a protocol."""
    return sorted({name for name in names if len(_WORD.findall(name)) > 1})


def mentions(text: str, surnames: Iterable[str]) -> Iterator[Found]:
    """Surnames that a hint gave, wherever they stand; not in the names of places and institutes."""
    for name in surnames:
        if name.lower() in _ORDINARY:
            continue
        for written in dict.fromkeys((name, name.upper())):  # in this order, or chance decides
            spans = list(_standing(text, written))
            if spans and written == name and any(_standing(text, name.lower())):
                break  # this protocol uses it as an ordinary word
            for start, end in spans:
                if not _NAME_AFTER_IT.match(text, end):
                    yield Found(start, end, "name", "surname")


def whole(text: str, names: Iterable[str], rule: str) -> Iterator[Found]:
    """Names as they are written."""
    for name in names:
        for start, end in _standing(text, name):
            yield Found(start, end, "name", rule)


def _standing(text: str, word: str) -> Iterator[tuple[int, int]]:
    """Where a word stands by itself, not as part of an address."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (_GOES_ON_BEFORE.match(text[at - 1 : at]) or _GOES_ON.match(text[end : end + 2])):
            yield at, end
        at = text.find(word, end)


_GOES_ON_BEFORE = re.compile(r"[\w.@-]")
_GOES_ON = re.compile(r"[\w@]|\.\w")
