"""A refresh leaves one artefact: the final encoder's top layers and those of every fold.

They stand or fall together, for without the folds' encoders nothing trained on the final one could
be measured. Arrays and JSON, checked by SHA-256 before they are opened, like every model.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from cer_assist.learning.artefacts import load_model, save_model
from cer_assist.learning.deep.judges import Judges, Learnt
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.learning.encoder import Encoder, TunedTop
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.network import Weights

_FINAL, _MINHASHES = "final", "minhashes"


@dataclass(frozen=True)
class TunedEncoders:
    """What a refresh has made.

    Attributes
    ----------
    final : dict of str to ndarray
        Top layers tuned on all documents.
    folds : sequence of dict of str to ndarray
        Top layers tuned on the documents of all folds but one.
    learnt : Learnt
    """

    final: Weights
    folds: Sequence[Weights]
    learnt: Learnt

    def save(self, folder: Path, recipe: Recipe, seed: int) -> str:
        """Write them into a new folder; returns the SHA-256 that `load` wants."""
        description = {
            "recipe": asdict(recipe),
            "seed": seed,
            "folds": len(self.folds),
            "fold_of": list(self.learnt.fold_of.items()),
        }
        arrays = {_MINHASHES: self.learnt.minhashes} | _prefixed(_FINAL, self.final)
        for number, weights in enumerate(self.folds):
            arrays |= _prefixed(f"{number}", weights)
        return save_model(folder, description, arrays)

    @classmethod
    def load(cls, folder: Path, sha256: str) -> "TunedEncoders":
        """Read them back.

        Raises
        ------
        Corrupt
            A byte differs or the files are missing; `OtherRelease` for other features.
        """
        description, arrays = load_model(folder, sha256)
        numbers = range(description["folds"])
        return cls(
            _under(_FINAL, arrays),
            [_under(f"{number}", arrays) for number in numbers],
            Learnt(dict(description["fold_of"]), arrays[_MINHASHES]),
        )

    def reader(self, features: Path, encoder_folder: Path | None) -> FeatureCache:
        """Reads with the final encoder."""
        return reader_of(self.final, features, encoder_folder)

    def judges(self, features: Path, encoder_folder: Path | None) -> Judges:
        """Read what is held out."""
        readers = [reader_of(weights, features, encoder_folder) for weights in self.folds]
        return Judges(readers, self.learnt)


def reader_of(weights: Weights, features: Path, encoder_folder: Path | None) -> FeatureCache:
    """Reads with a tuned encoder; its states are kept apart from those of others."""
    return FeatureCache(features, Encoder(encoder_folder, TunedTop(weights, digest_of(weights))))


def digest_of(weights: Weights) -> str:
    """SHA-256 of top layers."""
    return hashlib.sha256(save(dict(sorted(weights.items())))).hexdigest()


def _prefixed(prefix: str, weights: Weights) -> dict[str, np.ndarray]:
    return {f"{prefix}:{name}": array for name, array in weights.items()}


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> Weights:
    start = f"{prefix}:"
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}
