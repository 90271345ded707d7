"""Colleagues are found in notes word by word: by one name, small, after an @, without accents.

The words of a note are looked up, not names in the note, so many accounts take no more time. A
name that is also an English word counts with a capital, beside that person's other name or after
an @: `will` stays as it is, `Will` and `@will` do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import regex

from cer_assist.exports.name_words import NAMES_TOO, NO_COLLEAGUES
from cer_assist.exports.spotting import Found

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")  # five times as fast
_BETWEEN = regex.compile(r"\s{1,3}|[._'’‐-]")  # what stands between the words of one name
# Tried at the beginning of a word only, or a long one would take the square of its length.
_ADDRESS = regex.compile(
    r"(?<![\w\p{M}.+-])[\w\p{M}.+-]++@[\w\p{M}.-]*[\w\p{M}]|(?<!\w)(?:\w++://|www\.)\S++"
)
_LEAST = 3  # letters of a name that says by itself who is meant
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"}
_PLAIN = str.maketrans(_LETTERS)  # letters that no table of Unicode takes apart


class Colleagues:
    """The people of a project by the words of their names."""

    def __init__(self, names: Iterable[str], no_names: frozenset[str]) -> None:
        self._no_names = (no_names | NO_COLLEAGUES) - NAMES_TOO
        self._addresses: set[str] = set()  # some accounts are called by theirs
        self._of_word: dict[str, set[str]] = {}
        self._words: dict[str, int] = {}
        for name in names:
            self._learn(name)

    def _learn(self, name: str) -> None:
        if "@" in name:
            self._addresses.add(_plain(name))
        words = {_plain(word) for word in _words(name.partition("@")[0])}
        self._words[name] = len(words)
        for word in words:
            for form in {word, word.rstrip("0123456789")} - {""}:
                self._of_word.setdefault(form, set()).add(name)

    def found(self, text: str) -> Iterator[Found]:
        """Where a note names somebody."""
        aside = list(_ADDRESS.finditer(text)) if any(map(text.__contains__, "@/.")) else []
        for address in aside:
            if _plain(address[0]) in self._addresses:
                yield Found(address.start(), address.end(), "name", "account")
        if self._of_word.keys().isdisjoint(_words(_plain(text))):
            return  # as most notes are
        covered = {at for address in aside for at in range(*address.span())}
        for run, whose in self._runs(text, covered):
            if self._is_meant(text, run, whose):
                yield Found(run[0].start(), run[-1].end(), "name", "account")

    def _runs(self, text: str, covered: set[int]) -> Iterator[tuple[list[Any], set[str]]]:
        """Words beside each other that are of one name, and of whose."""
        run: list[Any] = []
        whose: set[str] = set()
        for word in _pattern(text).finditer(text):
            of = self._of_word.get(_plain(word[0]))
            if not of or word.start() in covered:
                continue  # a run that it ends is told by what stands between
            if run and self._goes_on(text, run, whose & of, word):
                run.append(word)
                whose = whose & of
                continue
            if run:
                yield run, whose
            run, whose = [word], of
        if run:
            yield run, whose

    def _goes_on(self, text: str, run: list[Any], both: set[str], word: Any) -> bool:
        """Whether a word stands beside a run, is of the same name, and that has so many words."""
        longest = max((self._words[name] for name in both), default=0)
        beside = _BETWEEN.fullmatch(text, run[-1].end(), word.start())
        return len(run) < longest and beside is not None

    def _is_meant(self, text: str, run: list[Any], whose: set[str]) -> bool:
        """One word tells it, or the whole name, unless that is all words written small."""
        written = [word[0] for word in run]
        if any(map(self._tells, written)):
            return True
        is_all = len({*map(_plain, written)}) in {self._words[name] for name in whose}
        if text.endswith("@", 0, run[0].start()):
            return is_all or any(self._is_of_person(word) for word in written)
        return is_all and len(run) > 1 and not all(map(self._is_a_word, written))

    def _tells(self, written: str) -> bool:
        if len(_plain(written)) < _LEAST or not self._is_of_person(written):
            return False
        return _plain(written) not in NAMES_TOO or (written[0].isupper() and not written.isupper())

    def _is_of_person(self, written: str) -> bool:
        return not written.isdigit() and _plain(written) not in self._no_names

    def _is_a_word(self, written: str) -> bool:
        is_small = not written[0].isupper()
        return is_small and _plain(written) in NAMES_TOO | self._no_names


def _pattern(text: str) -> Any:
    return _ASCII_WORD if text.isascii() else _WORD


def _words(text: str) -> list[str]:
    return _pattern(text).findall(text)  # type: ignore[no-any-return]


def _plain(word: str) -> str:
    """A word as it is looked up: small and without accents, in whatever form it came."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).translate(_PLAIN)
