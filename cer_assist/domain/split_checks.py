"""Proof that splits leak nothing, from what is stored of each protocol and not from the splitter.

Each line counts pairs that have something in common, and how many of them lie in two splits that
are both used: none may. It knows nothing of groups' making, so a fault there is found here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cer_assist.domain.near_copies import PERCENT, SHINGLE_WORDS
from cer_assist.domain.splits import DEALT, FENCED, TEST, TRAIN, USED, VALIDATION

UNLABELLED = "unlabelled"  # the line of protocols without a level
SHOWN = 5  # protocols of a leak that are named


@dataclass(frozen=True, slots=True)
class Placed:
    """A protocol of a snapshot, with whatever could carry what one split knows into another."""

    name: str
    split: str  # empty: in none
    level: int | None
    group: int
    is_fenced: bool
    content: str  # SHA-256 of text and sections
    words: str  # SHA-256 of its three-word sequences, without case and punctuation
    near: int | None = None  # cluster of near-copies
    study: int | None = None  # versions and copies
    values: Mapping[str, str] = field(default_factory=dict)  # of the columns kept apart


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked for."""

    code: str
    said: str
    found: int  # must be 0
    of: int
    what: str  # what is counted
    names: tuple[str, ...]  # of the first found

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "code": self.code,
            "said": self.said,
            "found": self.found,
            "of": self.of,
            "what": self.what,
            "names": list(self.names),
        }


def counted(line: Mapping[str, Any]) -> str:
    """What was found of how many, from a line as it is stored."""
    what: str = line["what"]
    named = what.removesuffix("s") if line["of"] == 1 else what
    return f"{line['found']:,} of {line['of']:,} {named}"


_TIES: tuple[tuple[str, str, Callable[[Placed], Hashable | None]], ...] = (
    ("group", "Of one group, in two splits", lambda one: one.group),
    (
        "near_copy",
        "Near-copies as the worker found them after the import (MinHash), in two splits",
        lambda one: one.near,
    ),
    ("study", "Versions or copies of one study, in two splits", lambda one: one.study),
    ("same_text", "The same text, in two splits", lambda one: one.content),
    ("same_words", "The same word sequences, in two splits", lambda one: one.words),
)


def report(
    rows: Sequence[Placed],
    columns: Sequence[str],
    alike: Sequence[tuple[str, str]],
    *,
    fenced_is_test: bool,
) -> list[Line]:
    """Every line, in one order; `alike` are near-copies in two splits, found in the texts anew."""
    found = [_pairs(code, said, rows, tie) for code, said, tie in _TIES]
    found.append(_alike(rows, alike))
    for name in columns:
        found.append(_column(rows, name))
    fenced = [one for one in rows if one.is_fenced]
    own = (TEST, "") if fenced_is_test else (FENCED, "")
    wrong = [one.name for one in fenced if one.split not in own]
    found.append(_protocols("fence", "Fenced, in a split of another purpose", wrong, len(fenced)))
    taught = [one.name for one in fenced if one.split in (TRAIN, VALIDATION)]
    found.append(_protocols("taught", "Fenced, in train or validation", taught, len(fenced)))
    open_ones = [one for one in rows if one.level is None]
    dealt = [one.name for one in open_ones if one.split]
    found.append(_protocols(UNLABELLED, "Without a level, in a split", dealt, len(open_ones)))
    return found


def _alike(rows: Iterable[Placed], alike: Sequence[tuple[str, str]]) -> Line:
    said = (
        f"At least {PERCENT} % of {SHINGLE_WORDS}-word sequences in common, every pair of texts in "
        "two splits compared"
    )
    sizes = Counter(one.split for one in rows if one.split in USED)
    pairs = _pairs_of(sizes.total()) - sum(map(_pairs_of, sizes.values()))
    names = dict.fromkeys(name for pair in alike for name in pair)
    return Line("alike", said, len(alike), pairs, "pairs", tuple(names)[:SHOWN])


def _column(rows: Sequence[Placed], name: str) -> Line:
    said = f"The same value of “{name}”, in two splits"
    return _pairs(f"column:{name}", said, rows, lambda one: one.values.get(name) or None)


def _pairs(
    code: str, said: str, rows: Iterable[Placed], tie: Callable[[Placed], Hashable | None]
) -> Line:
    together: defaultdict[Hashable, list[Placed]] = defaultdict(list)
    for one in rows:
        value = tie(one)
        if value is not None and one.split in USED:
            together[value].append(one)
    of = across = 0
    names: list[str] = []
    for own in together.values():
        pairs = _pairs_of(len(own))
        apart = pairs - sum(map(_pairs_of, Counter(one.split for one in own).values()))
        of, across = of + pairs, across + apart
        if apart:
            names.extend(one.name for one in own)
    return Line(code, said, across, of, "pairs", tuple(names[:SHOWN]))


def _protocols(code: str, said: str, names: Sequence[str], of: int) -> Line:
    return Line(code, said, len(names), of, "protocols", tuple(names[:SHOWN]))


def _pairs_of(n: int) -> int:
    return n * (n - 1) // 2


def table(
    rows: Sequence[Placed], scale: Sequence[int], shares: Mapping[str, float]
) -> list[dict[str, Any]]:
    """A row a split: protocols by level, its share of what was dealt, and the share asked for."""
    held = {name: Counter(one.level for one in rows if one.split == name) for name in USED}
    total = sum(held[name].total() for name in DEALT if shares.get(name, 0) > 0)
    return [
        {
            "split": name,
            "protocols": held[name].total(),
            "levels": {str(level): held[name][level] for level in scale},
            "asked": shares.get(name, 0.0) if name in DEALT else None,
            "got": held[name].total() / total if shares.get(name, 0) > 0 and total else None,
        }
        for name in USED
    ]
