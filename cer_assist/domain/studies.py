"""Versions of a study stand in a row, and a copy belongs to one of them: decided here, on names.

A protocol amends one earlier protocol at most and is amended by one at most. Nothing is linked to a
copy, so who looks for the text that counts never goes further than one step.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from enum import StrEnum
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class LinkKind(StrEnum):
    """What a protocol is of another."""

    version = "version"  # it amends the other
    copy = "copy"  # it says the same as the other


class Links(Generic[Key]):
    """What is said of protocols so far, by number or by id."""

    def __init__(self, known: Iterable[tuple[Key, Key, LinkKind]] = ()) -> None:
        self.earlier: dict[Key, tuple[Key, LinkKind]] = {}
        self.later: dict[Key, Key] = {}
        self.copies: dict[Key, list[Key]] = {}
        for one, earlier, kind in known:
            self.add(one, earlier, kind)

    def add(self, one: Key, earlier: Key, kind: LinkKind) -> None:
        """Take a link that has no fault."""
        self.earlier[one] = (earlier, kind)
        if kind is LinkKind.version:
            self.later[earlier] = one
        else:
            self.copies.setdefault(earlier, []).append(one)

    def fault(self, one: Key, earlier: Key, kind: LinkKind) -> str | None:
        """Why the first cannot amend, or copy, the second; said with their keys."""
        if one == earlier:
            return f"{one} cannot be linked to itself."
        if one in self.earlier:
            return f"{one} is linked to {self.earlier[one][0]} already: undo that link first."
        if self.earlier.get(earlier, (None, None))[1] is LinkKind.copy:
            return f"{earlier} is a copy itself: link to {self.earlier[earlier][0]} instead."
        if kind is LinkKind.copy and (one in self.later or one in self.copies):
            return f"Others are linked to {one}, so it cannot be a copy: let it be the one read."
        if kind is LinkKind.version and earlier in self.later:
            return f"{earlier} is amended by {self.later[earlier]} already: amend that one."
        if one in self.row(earlier):
            return f"{earlier} comes after {one} already: versions cannot go round."
        return None

    def row(self, key: Key) -> list[Key]:
        """All versions that a protocol is one of, the first one first."""
        before: list[Key] = []
        at = key
        while at in self.earlier and self.earlier[at][1] is LinkKind.version:
            at = self.earlier[at][0]
            before.append(at)
        row = [*reversed(before), key]
        while row[-1] in self.later:
            row.append(self.later[row[-1]])
        return row

    def firsts(self) -> list[Key]:
        """What others are linked to and is itself linked to nothing."""
        known = dict.fromkeys([*self.later, *self.copies])
        return [key for key in known if key not in self.earlier]


def next_version_name(name: str, taken: Iterable[str]) -> str:
    """The id of a new version: the study's own with the first free number, from (2) on."""
    known, number = set(taken), 2
    while f"{name} ({number})" in known:
        number += 1
    return f"{name} ({number})"
