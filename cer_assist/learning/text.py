"""Words are spans of the shown text, never rebuilt strings: word pieces only point into it.

A word piece knows which code points it came from, but its own string has lost case, accents and
joiners. So words are cut from the text itself by the Unicode rules (UAX 29), widened to whole
grapheme clusters, and merged wherever one piece covers two of them. `text[start:end]` is therefore
always exactly what the reader sees, whatever the script.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import regex
from tokenizers import Tokenizer

WINDOW_PIECES = 254  # the encoder was trained on 256 positions; two are [CLS] and [SEP]

_WORD = regex.compile(r"(?w)\b\S.*?\b", flags=regex.DOTALL)
_GRAPHEME = regex.compile(r"\X", flags=regex.DOTALL)
# English closed-class words: they carry grammar, not the matter of a protocol. A closed list, so
# that content words such as "together" or "interest" (on many longer lists) are never lost; nor are
# "no", "not", "none" and "without": that no partner has a role is evidence.
_CLOSED_CLASSES = """
    a an the this that these those such same other another each every either both all any
    some more most less least few many much several own only very too also so just
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
    himself she her hers herself it its itself they them their theirs themselves one ones who whom
    whose which what when where why how there here then than thus hence therefore however
    am is are was were be been being do does did done doing have has had having can could may
    might must shall should will would ought
    and or but if because as until while although though whether since unless
    of at by for with about against between into through during before after above below to from
    up down in out on off over under again further once upon within among amongst per via
    toward towards across along around behind beside besides beyond despite except near onto
    e.g i.e eg ie etc et al vs
"""
FUNCTION_WORDS = frozenset(_CLOSED_CLASSES.split())
_SENTENCE_END = regex.compile(r"[.!?…]+[\"'”’)\]]*\s+|[。！？｡]+|\n+")


@dataclass(frozen=True)
class Pieces:
    """One text as the encoder reads it, tied to the words a person reads.

    Attributes
    ----------
    ids : (pieces,) int32
        Vocabulary numbers of the word pieces, without [CLS] and [SEP].
    word_of_piece : (pieces,) int32
        Index into `words`, never decreasing.
    words : (words, 2) int32
        Code-point start and end of every word that has at least one piece.
    sentence_of_piece : (pieces,) int32
        Number of the sentence, never decreasing, starting at 0.
    content : (words,) bool
        False for function words, numbers and punctuation: the attention never looks at them.
    """

    ids: np.ndarray
    word_of_piece: np.ndarray
    words: np.ndarray
    sentence_of_piece: np.ndarray
    content: np.ndarray

    @cached_property
    def content_pieces(self) -> np.ndarray:
        """Positions of the pieces of content words, (content pieces,) int."""
        return np.flatnonzero(self.content[self.word_of_piece])


def tokenise(tokenizer: Tokenizer, text: str) -> Pieces:
    """Word pieces of a text with the words and sentences they belong to."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    ids = np.array(encoding.ids, np.int32)
    spans = np.array(encoding.offsets, np.int32).reshape(-1, 2)
    spans[:, 1] = np.maximum(spans[:, 1], spans[:, 0] + 1)  # a vanished mark still has a place
    words = word_spans(text, spans)
    word_of_piece = np.searchsorted(words[:, 0], spans[:, 0], side="right") - 1
    word_of_piece = np.maximum.accumulate(word_of_piece) if len(ids) else word_of_piece
    used, word_of_piece = np.unique(word_of_piece, return_inverse=True)
    ends = np.array([match.end() for match in _SENTENCE_END.finditer(text)], np.int32)
    starts_of_pieces = words[used, 0][word_of_piece]
    sentences = np.searchsorted(ends, starts_of_pieces, side="right")
    return Pieces(
        ids=ids,
        word_of_piece=word_of_piece.astype(np.int32),
        words=words[used],
        sentence_of_piece=_renumber(sentences),
        content=np.array([is_content(text[start:end]) for start, end in words[used]], bool),
    )


@lru_cache(maxsize=1 << 16)  # protocols repeat their words
def is_content(word: str) -> bool:
    """Whether a word can be evidence: it has a letter and is no function word."""
    return word.casefold() not in FUNCTION_WORDS and any(map(str.isalpha, word))


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
    found = [match.span() for match in _WORD.finditer(text)]
    spans = np.array(found, np.int32).reshape(-1, 2)
    if not _inside(pieces, spans):
        spans = _merge(np.concatenate([spans, pieces]))
    if not text.isascii():
        spans = _merge(_widen_to_graphemes(text, spans))
    return spans


def windows(pieces: Pieces, size: int = WINDOW_PIECES) -> list[tuple[int, int]]:
    """Cut the pieces into windows of at most `size`, at sentence ends where one is in reach.

    A sentence longer than a window is cut at a word end; a word longer than a window, anywhere.
    """
    total = len(pieces.ids)
    sentence_ends = _last_of_runs(pieces.sentence_of_piece)
    word_ends = _last_of_runs(pieces.word_of_piece)
    cuts, start = [], 0
    while start < total:
        limit = min(start + size, total)
        end = _last_between(sentence_ends, start, limit) or _last_between(word_ends, start, limit)
        cuts.append((start, end or limit))
        start = cuts[-1][1]
    return cuts


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


def _last_of_runs(numbers: np.ndarray) -> np.ndarray:
    """Positions just after the last element of each run of equal numbers."""
    return np.append(np.flatnonzero(np.diff(numbers)) + 1, len(numbers))


def _last_between(ends: np.ndarray, start: int, limit: int) -> int:
    at = int(np.searchsorted(ends, limit, side="right")) - 1
    return int(ends[at]) if at >= 0 and ends[at] > start else 0


def _renumber(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers, return_inverse=True)[1].astype(np.int32)
