"""Every view reads the same content words; those that learn order also hear what stood between.

Of function words, numbers and punctuation no states are kept: their neighbours' states already
carry what they contributed (the encoder read the whole text), attention cannot be drawn to them,
and half of the arithmetic disappears. Their identities stay, eight bytes each, for views that know
words by nothing but their identity and their place.
"""

from dataclasses import dataclass, fields

import numpy as np

from cer_assist.learning.text import Pieces


@dataclass(frozen=True)
class TokenStates:
    """A text as the networks see it.

    Attributes
    ----------
    states : (content pieces, 64) int8
        Contextual states of the pieces of content words; 127 is four standard deviations.
    sentences : (sentences, 384) int8
        Mean state of each sentence's pieces; only its direction is kept, 127 is the largest number.
    pieces : Pieces
        Which words and sentences they belong to.
    """

    states: np.ndarray
    sentences: np.ndarray
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class Reading:
    """The content words of one document.

    Attributes
    ----------
    states : (pieces, 64) int8
    sentence_states : (sentences, 384) int8
        What each sentence means as a whole; only the direction counts.
    word_of_piece : (pieces,) int32
        Index into `words`, never decreasing.
    words : (words, 2) int32
        Code-point spans in the document's text.
    keys : (words,) uint64
        Equal for equal words, whatever their case and accents.
    sentences : (words,) int32
        Number of the sentence of each word, never decreasing; its row in `sentence_states`.
    spoken : (all words,) uint64
        Keys of all words in order: function words, numbers and punctuation too.
    place : (words,) int32
        Where each content word stands in `spoken`.
    """

    states: np.ndarray
    sentence_states: np.ndarray
    word_of_piece: np.ndarray
    words: np.ndarray
    keys: np.ndarray
    sentences: np.ndarray
    spoken: np.ndarray
    place: np.ndarray

    @property
    def nbytes(self) -> int:
        """What it takes of memory."""
        return sum(getattr(self, one.name).nbytes for one in fields(self))


def read(found: TokenStates) -> Reading:
    """Keep what the models look at."""
    pieces = found.pieces
    kept = pieces.content_pieces
    used, word_of_piece = np.unique(pieces.word_of_piece[kept], return_inverse=True)
    spoken = word_keys(pieces)
    first_piece = np.searchsorted(pieces.word_of_piece, used)
    return Reading(
        states=found.states,
        sentence_states=found.sentences,
        word_of_piece=word_of_piece.astype(np.int32),
        words=pieces.words[used],
        keys=spoken[used],
        sentences=pieces.sentence_of_piece[first_piece],
        spoken=spoken,
        place=used.astype(np.int32),
    )


def without(reading: Reading, removed: np.ndarray) -> Reading:
    """The document as if some of its content words, marked in (words,) bool, had not been there."""
    kept = ~removed
    pieces = kept[reading.word_of_piece]
    spoken = np.ones(len(reading.spoken), bool)
    spoken[reading.place[removed]] = False
    return Reading(
        states=reading.states[pieces],
        sentence_states=reading.sentence_states,
        word_of_piece=(np.cumsum(kept) - 1)[reading.word_of_piece[pieces]].astype(np.int32),
        words=reading.words[kept],
        keys=reading.keys[kept],
        sentences=reading.sentences[kept],
        spoken=reading.spoken[spoken],
        place=(np.cumsum(spoken) - 1)[reading.place[kept]].astype(np.int32),
    )


def by_word(reading: Reading, values: np.ndarray) -> np.ndarray:
    """Sums of values (pieces, ...) over the pieces of each content word, (words, ...).

    Most words are one piece: all first pieces are taken at once, all second ones added, and so on,
    which is ten times as fast as adding run by run.
    """
    words = reading.word_of_piece
    starts = np.searchsorted(words, np.arange(len(reading.words)))
    place = np.arange(len(words)) - starts[words]
    found = values[starts]
    for number in range(1, place.max(initial=0) + 1):
        at = np.flatnonzero(place == number)
        found[words[at]] += values[at]
    return found


def around(values: np.ndarray, sentences: np.ndarray, reach: int) -> np.ndarray:
    """Mean over each word and its neighbours in the same sentence.

    Parameters
    ----------
    values : (words, ...)
    sentences : (words,) int
        See `Reading.sentences`.
    reach : int
        Content words looked at on each side.
    """
    at = np.arange(len(sentences))
    first = np.maximum(at - reach, np.searchsorted(sentences, sentences, "left"))
    last = np.minimum(at + reach + 1, np.searchsorted(sentences, sentences, "right"))
    running = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=running[1:])
    counts = (last - first).reshape(-1, *[1] * (values.ndim - 1))
    return (running[last] - running[first]) / counts


def word_keys(pieces: Pieces) -> np.ndarray:
    """64-bit identities of words from their sequence of piece ids, (words,) uint64."""
    starts = np.flatnonzero(np.diff(pieces.word_of_piece, prepend=-1))
    place = np.arange(len(pieces.ids)) - starts[pieces.word_of_piece]
    mixed = _mix(pieces.ids.astype(np.uint64) + (place.astype(np.uint64) << np.uint64(32)))
    keys = np.zeros(len(starts), np.uint64)
    np.add.at(keys, pieces.word_of_piece, mixed)  # order is in `place`, so a sum will do
    return keys


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014): spreads every bit."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
