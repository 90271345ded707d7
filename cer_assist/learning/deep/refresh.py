"""A refresh is a row of parts, each finished on disk before the next begins.

Whatever stops it (a wish, a retraining that coders wait for, a power cut), it goes on from the last
finished part or, inside one, from the last saved step; a damaged file only costs its own part. The
folds come first: only if their encoders are better on documents they have not learnt from is the
final one tuned at all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.backbone import Backbone
from cer_assist.learning.checked_files import read_arrays, read_json, write_arrays, write_json
from cer_assist.learning.deep.decision import Comparison, compare
from cer_assist.learning.deep.judges import (
    NOBODY,
    Judges,
    Learnt,
    deal,
    hold_out,
    text_reader,
)
from cer_assist.learning.deep.lower import LowerCache
from cer_assist.learning.deep.tuned import TunedEncoders, reader_of
from cer_assist.learning.deep.tuning import Lesson, Recipe, Tuning
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import clusters_of, grouped_folds, minhashes
from cer_assist.learning.kinds import kind_for, views_of
from cer_assist.learning.likeness import compare as alike
from cer_assist.learning.network import Weights
from cer_assist.learning.ordinal import DEFAULT_DECODING
from cer_assist.learning.out_of_fold import FOLDS, OutOfFold, out_of_fold_probabilities
from cer_assist.learning.progress import silent
from cer_assist.learning.views import Problem

SAVE_SECONDS = 20.0  # a step takes one; what a kill costs at most
AT_ONCE = 8  # documents read between looks
Look = Callable[[float, str], None]


class Paused(Exception):
    """Raised by a look: go on later, from what is saved now."""


@dataclass(frozen=True)
class Plan:
    """What is settled when a refresh begins, whatever is labelled meanwhile.

    Attributes
    ----------
    documents : sequence of Document
    levels : sequence of int
        Values of the scale.
    fold_of : (n,) int
    scale : tuple of int
    kind : str
        Of the model that is to stand on the encoder.
    rubric : Rubric, optional
    seed : int
    """

    documents: Sequence[Document]
    levels: Sequence[int]
    fold_of: np.ndarray
    scale: tuple[int, ...]
    kind: str
    rubric: Rubric | None = None
    seed: int = 0

    @property
    def numbers(self) -> np.ndarray:
        """Level numbers 0 .. K-1, (n,) int."""
        return np.array([self.scale.index(level) for level in self.levels], int)


def folds_for(
    documents: Sequence[Document], numbers: np.ndarray, judges: Judges | None, seed: int
) -> np.ndarray:
    """The folds that the encoder in use is measured in, (n,) int; NOBODY as in `deal`."""
    clusters = clusters_of(documents)
    if judges is None:
        return grouped_folds(numbers, clusters, FOLDS, seed)
    return deal(judges.learnt, documents, numbers, clusters, seed)


class Refresh:
    """Tunes encoders in a folder of its own and measures them.

    Parameters
    ----------
    folder : Path
        Scratch; remove it when all is done.
    plan : Plan
    features : Path
        Of cached states, of this encoder and of others.
    current : FeatureCache
        Reads with the encoder in use.
    judges : Judges, optional
        Of the encoder in use, if that is a tuned one.
    recipe : Recipe
    """

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        features: Path,
        current: FeatureCache,
        judges: Judges | None,
        recipe: Recipe,
    ):
        self.folder, self.plan, self.features = folder, plan, features
        self.current, self.judges, self.recipe = current, judges, recipe
        # Every refresh begins from the published weights: labels are learnt once, not twice.
        self._encoder = Encoder(current.encoder.folder)
        self._kind = kind_for(plan.kind, plan.rubric)
        self._lower = LowerCache(folder / "lower", self._encoder, recipe.layers)

    @cached_property
    def learnt(self) -> Learnt:
        """What the encoders learn from, as it is kept with them."""
        keys = [document.key for document in self.plan.documents]
        folds = dict(zip(keys, self.plan.fold_of.tolist(), strict=True))
        return Learnt(folds, minhashes([document.text for document in self.plan.documents]))

    def compared(self, look: Look) -> Comparison:
        """Tune an encoder for every fold and measure them against the encoder in use.

        Parameters
        ----------
        look : callable (share done, note)
            Called at least every few seconds. May raise: `Paused` saves the state first.
        """
        path = self.folder / f"{self.plan.kind}.compared"
        try:
            return Comparison(**read_json(path))
        except (FileNotFoundError, Corrupt):
            found = self._compare(look)
        write_json(path, asdict(found))
        return found

    def finish(self, look: Look, folder: Path) -> str:
        """Tune the final encoder and save all of them as one artefact; its SHA-256."""
        self._read_lower(look)
        everything = self.plan.fold_of != NOBODY
        final = self._part("final", everything, "all labels", _within(look, 0.85, 0.95))
        tuned = TunedEncoders(final, self._folds(look), self.learnt)
        return tuned.save(folder, self.recipe, self.plan.seed)

    def readers(self, look: Look) -> list[FeatureCache]:
        """Those that read with the folds' encoders, which are tuned where they are not yet."""
        folder = self.current.encoder.folder
        return [reader_of(weights, self.features, folder) for weights in self._folds(look)]

    def _compare(self, look: Look) -> Comparison:
        self._read_lower(look)
        readers = self.readers(look)
        for number, reader in enumerate(readers):
            part = _within(look, 0.65 + 0.03 * number, 0.68 + 0.03 * number)
            encode(reader, self.plan.documents, _noting(part, f"reading for {_fold_name(number)}"))
        before, after = (
            self._held_out(judges, look) for judges in (self.judges, Judges(readers, self.learnt))
        )
        said = [out_of_fold_probabilities(found, self._kind) for found in (before, after)]
        if not np.array_equal(before.fold_of, after.fold_of):
            raise RuntimeError("the two encoders were measured in different folds")
        return compare(before.levels, *said, decoding=DEFAULT_DECODING, seed=self.plan.seed)

    def _held_out(self, judges: Judges | None, look: Look) -> OutOfFold:
        plan = self.plan
        documents = list(plan.documents)
        like = alike(documents, plan.numbers, kind=self._kind, rubric=plan.rubric, to_judge=())
        read = text_reader(self.current)
        return hold_out(
            views_of(self._kind, rubric_lends=like.lent is not None),
            documents,
            [] if judges else self.current.readings(documents, silent),
            plan.numbers,
            like.clusters,
            Problem(len(plan.scale), plan.seed, read, plan.rubric, like.lent),
            lambda share, _: look(0.8 + 0.05 * share, "comparing"),
            judges,
        )

    def _read_lower(self, look: Look) -> None:
        todo = self._lower.missing(self.plan.documents)
        for start in range(0, len(todo), AT_ONCE):
            look(0.05 * start / len(todo), "reading labelled protocols")
            self._lower.make(todo[start : start + AT_ONCE])

    def _folds(self, look: Look) -> list[Weights]:
        parts = [_within(look, 0.05 + 0.12 * fold, 0.17 + 0.12 * fold) for fold in range(FOLDS)]
        return [
            self._part(f"fold-{fold}", self.plan.fold_of != fold, _fold_name(fold), parts[fold])
            for fold in range(FOLDS)
        ]

    def _part(self, name: str, used: np.ndarray, note: str, look: Look) -> Weights:
        """Top layers tuned on the marked documents, from disk if they are there."""
        path = self.folder / f"{name}.tuned"
        try:
            return read_arrays(path)
        except (FileNotFoundError, Corrupt):
            weights = self._tune(name, used, note, look)
        write_arrays(path, weights)
        (self.folder / f"{name}.state").unlink(missing_ok=True)
        return weights

    def _tune(self, name: str, used: np.ndarray, note: str, look: Look) -> Weights:
        plan = self.plan
        tuning = compiled(self._encoder.backbone, self.recipe, len(plan.scale))
        path = self.folder / f"{name}.state"
        try:
            tuning.restore(read_arrays(path))
        except (FileNotFoundError, Corrupt):
            tuning.start(plan.seed)
        which = np.flatnonzero(used).tolist()
        documents = [plan.documents[at] for at in which]
        lesson = Lesson(documents, plan.numbers[which], self._lower, plan.seed)
        saved = time.monotonic()
        try:
            for epoch, done in tuning.steps(lesson):
                look(done, f"{note}, pass {epoch + 1} of {self.recipe.epochs}")
                if time.monotonic() - saved > SAVE_SECONDS:
                    write_arrays(path, tuning.arrays())
                    saved = time.monotonic()
        except Paused:
            write_arrays(path, tuning.arrays())
            raise
        return tuning.tuned()


def encode(
    reader: FeatureCache, documents: Sequence[Document], look: Callable[[float], None]
) -> None:
    """Have documents read, with a look every few of them."""
    todo = reader.missing(documents)
    for start in range(0, len(todo), AT_ONCE):
        look(start / len(todo))
        reader.encode(todo[start : start + AT_ONCE], silent)


def _fold_name(fold: int) -> str:
    return f"fold {fold + 1} of {FOLDS}"


def _within(look: Look, start: float, end: float) -> Look:
    """The look of one step among others."""
    return lambda share, note: look(start + (end - start) * share, note)


def _noting(look: Look, note: str) -> Callable[[float], None]:
    return lambda share: look(share, note)


@lru_cache(maxsize=1)
def compiled(backbone: Backbone, recipe: Recipe, levels: int) -> Tuning:
    """The process's compiled steps: a refresh that goes on need not wait for them again."""
    return Tuning(backbone, recipe, levels)
