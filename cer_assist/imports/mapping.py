"""A mapping says which column plays which role; columns without one are kept as metadata.

Roles are `id`, `title`, `text`, `section:NAME`, `level`, `coder`, `confidence`, `evidence`,
`note`, `amends` (id of the version before), and for JSON Lines `sections` (an object of names and
texts). What a person maps wins over what we guess by column names; an empty column name switches a
guess off.

A column that is called like a role has it if at least half of its first values fit: the others are
then refused with their rows. Were one odd value enough to drop the role, all its labels would be
lost for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cer_assist.domain.errors import InvalidInput

SECTION = "section:"
_ROLES = (
    *("id", "title", "text", "sections", "amends"),
    *("level", "coder", "confidence", "evidence", "note"),
)
_LABEL_ROLES = ("coder", "confidence", "evidence", "note")
# Best name first; compared without case, blanks and punctuation.
_NAMES = {
    "id": (
        "id protocolid externalid studyid recordid documentid irbid irbnumber irbno protocolnumber "
        "protocolno studynumber nctid nctnumber accessionnumber applicationid projectnumber key"
    ),
    "title": (
        "title studytitle protocoltitle projecttitle brieftitle officialtitle fulltitle "
        "nameofstudy studyname projectname heading"
    ),
    "text": "text fulltext protocoltext body content document protocol",
    "sections": "sections",
    "amends": "amends amendmentof versionof amendedprotocol previousversion previousid",
    "level": "level finallevel engagementlevel cenrlevel label labels rating code",
    "coder": "coder annotator reader rater reviewer labeledby labelledby codedby user",
    "confidence": "confidence certainty",
    "evidence": "evidence quote rationalequote",
    "note": "note notes comment comments remark",
}
SECTION_WORDS = re.compile(
    r"abstract|summary|aim|objective|purpose|background|introduction|rationale|hypothes|design|"
    r"method|procedure|recruit|population|participants|partner|engagement|communit|analysis|"
    r"significance|dissemination|description|narrative|question|approach|consent|setting"
)
WHOLE = re.compile(r"(-?\d{1,3})(\.0+)?")  # a spreadsheet may make 3.0 of 3


def complete(
    given: Mapping[str, str], columns: Sequence[str], sample: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """The mapping to use for a file: what was given, the rest guessed."""
    for role, column in given.items():
        _check_role(role)
        if column and column not in columns:
            raise InvalidInput(
                f"There is no column “{column}” for {role}. The columns are: {', '.join(columns)}."
            )
    taken = {column for column in given.values() if column}
    guessed = suggest([column for column in columns if column not in taken], sample)
    if any(_is_text(role) and column for role, column in given.items()):
        guessed = {role: column for role, column in guessed.items() if not _is_text(role)}
    return {role: column for role, column in {**guessed, **given}.items() if column}


def _check_role(role: str) -> None:
    if role in _ROLES or (role.startswith(SECTION) and role.removeprefix(SECTION).strip()):
        return
    raise InvalidInput(
        f"“{role}” is not something a column can be: use {', '.join(_ROLES)} or section:NAME."
    )


def _is_text(role: str) -> bool:
    return role in ("text", "sections") or role.startswith(SECTION)


def suggest(columns: Sequence[str], sample: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Guess roles by the names of the columns and what stands in their first rows."""
    plain = _plain(columns)
    found: dict[str, str] = {}
    for role in _NAMES:
        column = named_like(role, columns)
        if column is not None and _is_plausible(role, column, sample):
            found[role] = column
    if "level" not in found:
        for role in _LABEL_ROLES:  # without a level these columns describe something else
            found.pop(role, None)
    if not any(_is_text(role) for role in found):
        found.update(_guess_text(plain, set(found.values()), sample))
    return found


def unread_levels(
    roles: Mapping[str, str], columns: Sequence[str], sample: Sequence[Mapping[str, Any]]
) -> str:
    """What to tell of a column that is called like levels and was not read as such, if there is."""
    free = [column for column in columns if column not in roles.values()]
    column = None if "level" in roles else named_like("level", free)
    if column is None or _is_plausible("level", column, sample):
        return ""
    values = _values(column, sample)
    odd = [value for value in values if not _fits("level", value)]
    return (
        f"The column “{column}” was not read as levels and is kept as a detail: of its first "
        f"{len(values)} values {len(odd)} are no whole numbers, such as “{str(odd[0])[:40]}”. If "
        f"it holds levels, choose it as such (on the command line: --map 'level={column}')."
    )


def named_like(role: str, columns: Sequence[str]) -> str | None:
    """The column with the best name for a role."""
    plain = _plain(columns)
    for name in _NAMES[role].split():
        for column, short in plain.items():
            if short == name:
                return column
    return None


def _plain(columns: Sequence[str]) -> dict[str, str]:
    return {column: re.sub(r"[\W_]+", "", column.casefold()) for column in columns}


def _values(column: str, sample: Sequence[Mapping[str, Any]]) -> list[Any]:
    found = (row.get(column) for row in sample)
    return [one for one in found if one not in (None, []) and str(one).strip()]


def _is_plausible(role: str, column: str, sample: Sequence[Mapping[str, Any]]) -> bool:
    values = _values(column, sample)
    return 2 * sum(_fits(role, value) for value in values) >= len(values)


def _fits(role: str, value: Any) -> bool:
    if role == "level":
        return WHOLE.fullmatch(str(_single(value)).strip()) is not None
    if role == "sections":
        return isinstance(value, dict | list)
    return role != "text" or isinstance(value, str)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _guess_text(
    plain: Mapping[str, str], taken: set[str], sample: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Columns named like sections, else the one with the longest texts."""
    free = [column for column in plain if column not in taken]
    lengths = {
        column: sum(len(v) for row in sample if isinstance(v := row.get(column), str))
        for column in free
    }
    named = [c for c in free if SECTION_WORDS.search(plain[c]) and lengths[c] >= 30 * len(sample)]
    if named:
        return {SECTION + column: column for column in named}
    longest = max(free, key=lambda column: lengths[column], default=None)
    return {"text": longest} if longest is not None and lengths[longest] else {}
