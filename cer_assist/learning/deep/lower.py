"""The layers that stay as they are read a document once; afterwards only the top costs time.

One file a document, checked by its SHA-256, so a damaged or missing one is made again on the spot
and a run that was killed goes on where it was. Sixteen bits a number are enough: the layers above
compute with eight of them. All of it lies in a scratch folder that is removed at the end.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt
from cer_assist.learning.checked_files import read_arrays, write_arrays
from cer_assist.learning.deep.packing import LowerStates
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import STATE_SIZE, Encoder, batches_by_length, padded_inputs
from cer_assist.learning.text import Pieces, tokenise, windows

# Of a longer document only so many pieces are learnt from: they are some 3,000 words, twice the
# longest of the reference protocols, and memory and scratch space stay bounded.
LONGEST = 4096


class LowerCache:
    """States below the top layers, on disk by content hash.

    Parameters
    ----------
    folder : Path
    encoder : Encoder
        Its top layers play no part.
    layers : int
        How many layers from the top are left out.
    """

    def __init__(self, folder: Path, encoder: Encoder, layers: int):
        self.folder, self.encoder, self.layers = folder, encoder, layers

    def missing(self, documents: Sequence[Document]) -> list[Document]:
        """The documents that have no file yet."""
        return [document for document in documents if not self._path(document).exists()]

    def read(self, documents: Sequence[Document]) -> list[LowerStates]:
        """States of documents in order; missing or damaged ones are made first."""
        return [self._read(document) for document in documents]

    def make(self, documents: Sequence[Document]) -> None:
        """Write the states of documents, whether or not they are there."""
        texts = [tokenise(self.encoder.tokenizer, document.text) for document in documents]
        cuts = [list(first_windows(pieces)) for pieces in texts]
        windowed = [
            pieces.ids[start:end]
            for pieces, cut in zip(texts, cuts, strict=True)
            for start, end in cut
        ]
        found: list[np.ndarray] = [np.zeros((0, STATE_SIZE), np.float16)] * len(windowed)
        lower = self.encoder.backbone.lower(self.layers)
        for which in batches_by_length([len(window) for window in windowed]):
            batch = lower(*padded_inputs([windowed[at] for at in which])).numpy()
            for at, row in zip(which, batch, strict=True):
                found[at] = row[: len(windowed[at]) + 2].copy()
        before = 0
        for document, pieces, cut in zip(documents, texts, cuts, strict=True):
            self._write(document, pieces, cut, found[before : before + len(cut)])
            before += len(cut)

    def _read(self, document: Document) -> LowerStates:
        path = self._path(document)
        try:
            return LowerStates(**read_arrays(path))
        except (Corrupt, FileNotFoundError):
            self.make([document])
            return LowerStates(**read_arrays(path))

    def _write(
        self,
        document: Document,
        pieces: Pieces,
        cut: Sequence[tuple[int, int]],
        states: Sequence[np.ndarray],
    ) -> None:
        marked = pieces.content[pieces.word_of_piece] if len(pieces.ids) else np.zeros(0, bool)
        content = [np.pad(marked[start:end], 1) for start, end in cut]  # [CLS] and [SEP] are none
        none = [np.zeros((0, STATE_SIZE), np.float16)]
        write_arrays(
            self._path(document),
            {
                "states": np.concatenate([*none, *states]),
                "lengths": np.array([len(row) for row in states], np.int32),
                "content": np.flatnonzero(np.concatenate([np.zeros(0, bool), *content])).astype(
                    np.int32
                ),
            },
        )

    def _path(self, document: Document) -> Path:
        name = hashlib.sha256(document.text.encode()).hexdigest()
        return self.folder / f"{name}.lower"


def first_windows(pieces: Pieces) -> Iterator[tuple[int, int]]:
    """The windows of a text that are learnt from."""
    for start, end in windows(pieces):
        if end > LONGEST:
            return
        yield start, end
