"""Words are spans of the shown text, never rebuilt strings: word pieces only point into it.

A word piece knows which code points it came from, but its own string has lost case, accents and
joiners. So words are cut from the text itself by the Unicode rules (UAX 29; see `spans`), widened
to whole grapheme clusters, and merged wherever one piece covers two of them. `text[start:end]` is
therefore always exactly what the reader sees, whatever the script.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
import regex
from tokenizers import Tokenizer

from cer_assist.learning.spans import word_spans

WINDOW_PIECES = 254  # the encoder was trained on 256 positions; two are [CLS] and [SEP]

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

    @property
    def sentences(self) -> int:
        """How many sentences there are."""
        return int(self.sentence_of_piece[-1]) + 1 if len(self.ids) else 0

    @cached_property
    def content_pieces(self) -> np.ndarray:
        """Positions of the pieces of content words, (content pieces,) int."""
        return np.flatnonzero(self.content[self.word_of_piece])


def tokenise(tokenizer: Tokenizer, text: str) -> Pieces:
    """Word pieces of a text with the words and sentences they belong to."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    ids = np.array(encoding.ids, np.int32)
    spans = np.fromiter(chain.from_iterable(encoding.offsets), np.int32, 2 * len(ids))
    spans = spans.reshape(-1, 2)
    spans[:, 1] = np.maximum(spans[:, 1], spans[:, 0] + 1)  # a vanished mark still has a place
    words = word_spans(text, spans)
    word_of_piece = np.searchsorted(words[:, 0], spans[:, 0], side="right") - 1
    word_of_piece = np.maximum.accumulate(word_of_piece) if len(ids) else word_of_piece
    words = words[word_of_piece[_first_of_runs(word_of_piece)]]
    word_of_piece = _renumber(word_of_piece)
    ends = np.array([match.end() for match in _SENTENCE_END.finditer(text)], np.int32)
    sentences = np.searchsorted(ends, words[word_of_piece, 0], side="right")
    shown = [text[start:end] for start, end in words.tolist()]
    return Pieces(
        ids=ids,
        word_of_piece=word_of_piece,
        words=words,
        sentence_of_piece=_renumber(sentences),
        content=np.fromiter(map(is_content, shown), bool, len(shown)),
    )


@lru_cache(maxsize=1 << 16)  # protocols repeat their words
def is_content(word: str) -> bool:
    """Whether a word can be evidence: it has a letter and is no function word."""
    return word.casefold() not in FUNCTION_WORDS and any(map(str.isalpha, word))


def windows(pieces: Pieces, size: int = WINDOW_PIECES) -> list[tuple[int, int]]:
    """One window for each sentence, as the encoder's makers trained it.

    A sentence longer than `size` is cut at a word end; a word longer than that, anywhere.
    """
    word_ends = _last_of_runs(pieces.word_of_piece)
    cuts, start = [], 0
    for end in _last_of_runs(pieces.sentence_of_piece).tolist():
        while end - start > size:
            cuts.append((start, _last_between(word_ends, start, start + size) or start + size))
            start = cuts[-1][1]
        if end > start:  # a text without pieces has no sentence
            cuts.append((start, end))
        start = end
    return cuts


def _last_of_runs(numbers: np.ndarray) -> np.ndarray:
    """Positions just after the last element of each run of equal numbers."""
    return np.append(np.flatnonzero(np.diff(numbers)) + 1, len(numbers))


def _last_between(ends: np.ndarray, start: int, limit: int) -> int:
    at = int(np.searchsorted(ends, limit, side="right")) - 1
    return int(ends[at]) if at >= 0 and ends[at] > start else 0


def _first_of_runs(numbers: np.ndarray) -> np.ndarray:
    """True where a run of equal numbers starts."""
    first = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    return first


def _renumber(numbers: np.ndarray) -> np.ndarray:
    """Count the runs of equal numbers from 0."""
    return np.cumsum(_first_of_runs(numbers), dtype=np.int32) - np.int32(1)
