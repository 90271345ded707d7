"""States are a cache, never data: any file may vanish or rot and is rebuilt from the text.

Each text has one file, named by the SHA-256 of the text under a folder named by everything the
states depend on (encoder, projection, function words, format), so a stale state cannot be read by
mistake. A file starts with the SHA-256 of its rest; a flipped byte is found on reading and the file
is made anew. The pieces of content words keep 64 int8 numbers each, of the others no model reads
any; so there is room for the whole 384 of each sentence, which tell what it means. With two bytes
of word-piece id and about two of offsets and flags that is some 53 bytes a word piece.
"""

import hashlib
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from cer_assist.domain.errors import Corrupt
from cer_assist.learning import projection
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import STATE_SIZE, WEIGHTS_SHA256, Encoder
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading, TokenStates, read
from cer_assist.learning.text import FUNCTION_WORDS, Pieces, tokenise, windows

FORMAT = 3  # 3: read sentence by sentence, with sentence states, token states of content words only
_DEPENDS_ON = (WEIGHTS_SHA256, projection.RECIPE, *sorted(FUNCTION_WORDS), str(FORMAT))
FINGERPRINT = hashlib.sha256(" ".join(_DEPENDS_ON).encode()).hexdigest()
_CHUNK_CHARACTERS = 1_000_000  # texts encoded together: about 13 MB of states, 900 windows
_DIGEST = hashlib.sha256().digest_size
_log = logging.getLogger(__name__)


class FeatureCache:
    """Token states of texts, on disk by content hash.

    Parameters
    ----------
    folder : Path
        Made when first written to. May be deleted at any time.
    encoder : Encoder
    keeps : int
        Bytes of readings that stay in memory, for who reads the same documents again and again.
        When there is no more room those that are there stay: all are read in turn, so whichever
        made way would be missed first.
    """

    def __init__(self, folder: Path, encoder: Encoder, keeps: int = 0):
        # States of a tuned encoder, and their projection, are kept apart by its digest.
        tuned = f"-{encoder.identity[:16]}" if encoder.identity else ""
        self.folder = Path(folder) / f"{FINGERPRINT[:16]}{tuned}"
        self.encoder = encoder
        self._projection: projection.Projection | None = None
        self._directions: dict[str, np.ndarray] = {}
        self._kept: dict[str, Reading] = {}
        self._room = keeps

    def missing(self, documents: Iterable[Document]) -> list[Document]:
        """The documents whose states are not on disk yet."""
        return [document for document in documents if not self.path_of(document).exists()]

    def path_of(self, document: Document) -> Path:
        """Where a document's states are kept, whether or not they are there yet."""
        name = hashlib.sha256(document.text.encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.states"

    def encode(self, documents: Sequence[Document], progress: Progress) -> None:
        """Write the states of all documents that have none.

        Parameters
        ----------
        documents : sequence of Document
        progress : callable (share done, message)
            Called after every batch; may raise `Cancelled`, which leaves finished files in place.
        """
        todo = list({document.text: document for document in self.missing(documents)}.values())
        total = sum(len(document.text) for document in todo)
        done = 0
        for chunk in _chunks(todo):
            size = sum(len(document.text) for document in chunk)

            def advance(share: float, before: int = done, size: int = size) -> None:
                progress((before + share * size) / total, "Reading protocols")

            for document, states in zip(chunk, self._encode_chunk(chunk, advance), strict=True):
                self._write(document, states)
            done += size

    def read(self, documents: Sequence[Document], progress: Progress) -> Iterator[TokenStates]:
        """States of the documents in order; missing or damaged ones are encoded first."""
        self.encode(documents, progress)
        for document in documents:
            yield self._read(document)

    def readings(self, documents: Sequence[Document], progress: Progress) -> list[Reading]:
        """What the models look at in each of the documents, in order."""
        wanted = {one.text: one for one in documents if one.text not in self._kept}
        new = list(wanted.values())
        fresh: dict[str, Reading] = {}
        for document, states in zip(new, self.read(new, progress), strict=True):
            fresh[document.text] = reading = read(states)
            self._keep(document.text, reading)
        return [fresh.get(one.text) or self._kept[one.text] for one in documents]

    def _keep(self, text: str, reading: Reading) -> None:
        size = reading.nbytes + len(text)
        if size <= self._room:
            self._kept[text] = reading
            self._room -= size

    def directions(self, documents: Sequence[Document]) -> np.ndarray:
        """What documents are like: mean direction of their sentences, (n, 384), of length one.

        Kept in memory, 768 bytes a document: a queue is made anew every few labels, and reading
        thousands of files for it would take longer than all the rest.

        Parameters
        ----------
        documents : sequence of Document
            Missing ones are encoded first.
        """
        new = [one for one in documents if one.key not in self._directions]
        for document, states in zip(new, self.read(new, silent), strict=True):
            mean = states.sentences.astype(np.float32).mean(axis=0)
            length = max(float(np.linalg.norm(mean)), 1e-9)
            self._directions[document.key] = (mean / length).astype(np.float16)
        rows = [self._directions[document.key] for document in documents]
        return np.array(rows, np.float32).reshape(len(rows), STATE_SIZE)

    def _read(self, document: Document) -> TokenStates:
        path = self.path_of(document)
        try:
            return unpack(path.read_bytes())
        except (Corrupt, FileNotFoundError) as error:
            _log.warning("cached states %s: %s; encoding the text again", path.name, error)
            path.unlink(missing_ok=True)
            self.encode([document], silent)
            return unpack(path.read_bytes())

    def _encode_chunk(
        self, chunk: Sequence[Document], advance: Callable[[float], None]
    ) -> list[TokenStates]:
        if self._projection is None:
            self._projection = projection.projection_in(self.folder, self.encoder)
        texts = [tokenise(self.encoder.tokenizer, document.text) for document in chunk]
        places = [(at, *cut) for at, pieces in enumerate(texts) for cut in windows(pieces)]
        found = [np.zeros((len(pieces.ids), projection.SIZE), np.int8) for pieces in texts]
        sums = [np.zeros((pieces.sentences, STATE_SIZE), np.float32) for pieces in texts]
        windowed = [texts[at].ids[start:end] for at, start, end in places]
        finished = 0
        batches = self.encoder.quantised(windowed, self._projection.steps, self._projection.shift)
        for which, batch, totals in batches:
            for place, row, total in zip(which, batch, totals, strict=True):
                at, start, end = places[place]
                found[at][start:end] = row[: end - start]
                sums[at][texts[at].sentence_of_piece[start]] += total
            finished += len(which)
            advance(finished / len(places))
        return [
            TokenStates(states[pieces.content_pieces], directions(total), pieces)
            for states, total, pieces in zip(found, sums, texts, strict=True)
        ]

    def _write(self, document: Document, states: TokenStates) -> None:
        path = self.path_of(document)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}.tmp")
        aside.write_bytes(pack(states))
        aside.replace(path)


class WordCache(FeatureCache):
    """Readings without states, for models that know words by their identity alone.

    Only the tokenizer is loaded: nothing is encoded, and nothing is kept on disk.
    """

    def missing(self, documents: Iterable[Document]) -> list[Document]:
        """None: there is nothing to write."""
        return []

    def read(self, documents: Sequence[Document], progress: Progress) -> Iterator[TokenStates]:
        """Words of the documents in order; all states are zero."""
        for document in documents:
            pieces = tokenise(self.encoder.tokenizer, document.text)
            states = np.zeros((len(pieces.content_pieces), projection.SIZE), np.int8)
            yield TokenStates(states, np.zeros((pieces.sentences, STATE_SIZE), np.int8), pieces)


def directions(vectors: np.ndarray) -> np.ndarray:
    """Where vectors point, (n, 384) int8: each divided by its largest number, which becomes 127."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    return np.round(vectors * (127 / largest)).astype(np.int8)


def pack(states: TokenStates) -> bytes:
    """Checksum and arrays; word spans as compressed differences, run numbers as single bits."""
    pieces = states.pieces
    spans = np.diff(pieces.words.ravel(), prepend=0).astype(np.int32)
    body = save(
        {
            "s": states.states,
            "d": states.sentences,
            "i": pieces.ids.astype(np.uint16),
            "w": np.frombuffer(zlib.compress(spans.tobytes(), 6), np.uint8),
            "f": np.packbits(np.diff(pieces.word_of_piece, prepend=0).astype(bool)),
            "t": np.packbits(np.diff(pieces.sentence_of_piece, prepend=0).astype(bool)),
            "c": np.packbits(pieces.content),
        }
    )
    return hashlib.sha256(body).digest() + body


def unpack(data: bytes) -> TokenStates:
    """The opposite of `pack`; Corrupt when any byte changed."""
    body = data[_DIGEST:]
    if hashlib.sha256(body).digest() != data[:_DIGEST]:
        raise Corrupt("the checksum does not match")
    arrays = load(body)
    count = len(arrays["i"])
    spans = np.frombuffer(zlib.decompress(arrays["w"].tobytes()), np.int32)
    words = np.cumsum(spans, dtype=np.int32).reshape(-1, 2)
    pieces = Pieces(
        ids=arrays["i"].astype(np.int32),
        word_of_piece=_runs(arrays["f"], count),
        words=words,
        sentence_of_piece=_runs(arrays["t"], count),
        content=np.unpackbits(arrays["c"], count=len(words)).astype(bool),
    )
    return TokenStates(arrays["s"], arrays["d"], pieces)


def _runs(bits: np.ndarray, count: int) -> np.ndarray:
    return np.cumsum(np.unpackbits(bits, count=count), dtype=np.int32)


def _chunks(documents: Sequence[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    size = 0
    for document in documents:
        chunk.append(document)
        size += len(document.text)
        if size >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
