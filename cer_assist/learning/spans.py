"""Words of nearly every text are cut by a table of its characters, the rest by the full rules.

The Unicode rules (UAX 29) need look-ahead only for marks, joiners and a few scripts. Where a text
has none of them they come down to which neighbours hang together, which numpy finds for a whole
text at once, about ten times as fast as matching word by word. The table is read from the same
`regex` that matches the other texts, so the two ways know the same Unicode.
"""

import numpy as np
import regex

_WORD = regex.compile(r"(?w)\b\S.*?\b", flags=regex.DOTALL)
_GRAPHEME = regex.compile(r"\X", flags=regex.DOTALL)

_PLAIN_BELOW = 0x3000  # Latin, Greek, Cyrillic, punctuation, symbols; kana and beyond are not
_LETTER, _DIGIT, _WORDLIKE, _SPACE, _PLAIN = 1, 2, 4, 8, 16
_MID_LETTER, _MID_DIGIT, _APOSTROPHE, _VOWEL = 32, 64, 128, 256
_CLASSES = {
    _LETTER: r"[\p{WB=ALetter}]",
    _DIGIT: r"[\p{WB=Numeric}]",
    _WORDLIKE: r"[\p{WB=ALetter}\p{WB=Numeric}\p{WB=ExtendNumLet}]",
    _MID_LETTER: r"[\p{WB=MidLetter}\p{WB=MidNumLet}\p{WB=Single_Quote}]",
    _MID_DIGIT: r"[\p{WB=MidNum}\p{WB=MidNumLet}\p{WB=Single_Quote}]",
    _APOSTROPHE: "['’]",
    _SPACE: r"\s",
    # Each a grapheme cluster of its own, and none that a rule beyond `_plain_words` speaks of.
    # U+202F alone is a space and joins words.
    _PLAIN: (
        r"(?V1)[[[\p{GCB=Other}\p{GCB=LF}\p{GCB=Control}]&&[\p{WB=Other}\p{WB=LF}\p{WB=Newline}"
        r"\p{WB=WSegSpace}\p{WB=ALetter}\p{WB=Numeric}\p{WB=ExtendNumLet}\p{WB=MidLetter}"
        r"\p{WB=MidNumLet}\p{WB=MidNum}\p{WB=Single_Quote}\p{WB=Double_Quote}]]--[\u202f]]"
    ),
}


def _kinds() -> np.ndarray:
    characters = "".join(map(chr, range(_PLAIN_BELOW)))
    kinds = np.zeros(_PLAIN_BELOW, np.uint16)
    for kind, pattern in _CLASSES.items():
        kinds[[match.start() for match in regex.finditer(pattern, characters)]] |= kind
    # `regex` ties an apostrophe to a vowel after it (its WB5a); which are vowels, it is asked.
    each = "".join(f"'{character} " for character in characters)
    kinds[[match.start() // 3 for match in regex.finditer(r"(?w)'\B\p{WB=ALetter}", each)]] |= (
        _VOWEL
    )
    return kinds


_KINDS = _kinds()


def word_spans(text: str, pieces: np.ndarray) -> np.ndarray:
    """Spans of all words in order, none cutting through a piece or a grapheme cluster.

    Parameters
    ----------
    text : str
    pieces : (pieces, 2) int
        Code-point spans that a word may not cut.

    Returns
    -------
    (words, 2) int32, sorted, disjoint
    """
    plain = plain_words(text)
    spans = matched_words(text) if plain is None else plain
    if not _inside(pieces, spans):
        spans = _merge(np.concatenate([spans, pieces]))
    if plain is None and not text.isascii():
        spans = _merge(_widen_to_graphemes(text, spans))
    return spans


def matched_words(text: str) -> np.ndarray:
    """Words of any text by the full rules, (words, 2) int32."""
    found = [match.span() for match in _WORD.finditer(text)]
    return np.array(found, np.int32).reshape(-1, 2)


def plain_words(text: str) -> np.ndarray | None:
    """The same of a text of plain characters only; None of any other."""
    kinds = _plain_kinds(text)
    return None if kinds is None else _plain_words(kinds)


def _plain_kinds(text: str) -> np.ndarray | None:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if codes.max(initial=0) >= _PLAIN_BELOW:
        return None
    kinds = _KINDS[codes]
    return kinds if np.bitwise_and.reduce(kinds) & _PLAIN else None


def _plain_words(kinds: np.ndarray) -> np.ndarray:
    """UAX 29 of plain characters: rules WB5, 5a, 8 to 10, 13a and b, then WB6, 7, 11, 12."""
    tied = (kinds[1:] & kinds[:-1] & _WORDLIKE) != 0  # a character to the one before it
    around = kinds[2:] & kinds[:-2]
    middle = ((around & _LETTER) != 0) & ((kinds[1:-1] & _MID_LETTER) != 0)
    middle |= ((around & _DIGIT) != 0) & ((kinds[1:-1] & _MID_DIGIT) != 0)
    tied |= ((kinds[:-1] & _APOSTROPHE) != 0) & ((kinds[1:] & _VOWEL) != 0)
    tied[:-1] |= middle
    tied[1:] |= middle
    shown = (kinds & _SPACE) == 0
    starts, ends = shown.copy(), shown
    starts[1:] &= ~tied
    ends[:-1] &= ~tied
    return np.stack([np.flatnonzero(starts), np.flatnonzero(ends) + 1], axis=1).astype(np.int32)


def _inside(pieces: np.ndarray, spans: np.ndarray) -> bool:
    if not len(spans):
        return not len(pieces)
    at = np.searchsorted(spans[:, 0], pieces[:, 0], side="right") - 1
    return bool(np.all(at >= 0) and np.all(pieces[:, 1] <= spans[at, 1]))


def _merge(spans: np.ndarray) -> np.ndarray:
    """Union of overlapping spans; spans that only touch stay apart."""
    if not len(spans):
        return spans
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate([[True], spans[1:, 0] >= reach[:-1]])
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(spans)) - 1
    return np.stack([spans[starts, 0], reach[ends]], axis=1).astype(np.int32)


def _widen_to_graphemes(text: str, spans: np.ndarray) -> np.ndarray:
    edges = np.array([0] + [match.end() for match in _GRAPHEME.finditer(text)], np.int32)
    starts = edges[np.searchsorted(edges, spans[:, 0], side="right") - 1]
    ends = edges[np.searchsorted(edges, spans[:, 1], side="left")]
    return np.stack([starts, ends], axis=1)
