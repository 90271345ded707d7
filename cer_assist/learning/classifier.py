"""One classifier for every kind: it knows views only by what they answer.

The constructor only stores. `fit` learns every view, first once per fold to see how they do on
documents they have not read (that fixes blend and calibration, and stays in `out_of_fold_`), then
on everything. All of them start afresh, so the final views are what was measured.

`partial_fit` has its views start from earlier ones and replays everything learnt before, so that
nothing is forgotten. It measures nothing: blend and calibration stay those of the last full fit,
and it makes one itself where `schedule.why_in_full` says so.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.learning.artefacts import load_model, save_model
from cer_assist.learning.calibration import Blend, Said, fit_blend, log_loss
from cer_assist.learning.deep.judges import Judges, hold_out
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import kind_for, shares_of, views_of
from cer_assist.learning.likeness import compare
from cer_assist.learning.marking import Marking, fit_marking
from cer_assist.learning.memory import Judged, Memory, held_out, judge, pairs
from cer_assist.learning.ordinal import DECODINGS, DEFAULT_DECODING
from cer_assist.learning.out_of_fold import out_of_fold_probabilities
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.schedule import Since, why_in_full
from cer_assist.learning.views import VIEWS, Fitted, Problem, load_view

_ENOUGH = 50  # documents tell whether learning on went wrong; asking for all costs a fifth of it
_MARKING = "marking."  # what the names of its arrays begin with, as a view's with the view's
_FORGETS = "learning on made it forget what it had learnt"


class ProtocolClassifier:
    """Ordinal classifier of protocols, in the manner of scikit-learn.

    Parameters
    ----------
    scale : tuple of int
        All level values in order, whether or not they occur in the labels.
    cache : FeatureCache
    kind : str
        One of `kinds.KINDS`, or `cold_start` for a model made without labels.
    rubric : Rubric, optional
        Of the project, for views that read it.
    decoding : str
        One of `ordinal.DECODINGS`: how probabilities become a level.
    seed : int
    progress : callable (share done, message), optional
        May raise to stop a long step.
    judges : Judges, optional
        Where `cache` reads with a tuned encoder: those that read what is held out in its place.
    to_judge : sequence of Document
        Documents that figures will be taken on; demo protocols that are their copies teach nothing.

    Attributes
    ----------
    views_ : dict of str to Fitted
        Those of the kind's views that have a share in the blend, in the kind's order.
    blend_ : Blend
    n_labels_ : int
    memory_ : Memory or None
        What later labels are held against; none of a model made without labels.
    marking_ : Marking or None
        Where readers would mark evidence; None where no document that was learnt had marks.
    in_full_ : str
        Why `partial_fit` fitted everything anew, in words; empty where it learnt on.
    out_of_fold_ : OutOfFold
    said_out_of_fold_ : Said
        Of the last full fit, by blends and calibrations of other folds; not read back with a model.
    """

    memory_: Memory | None
    marking_: Marking | None = None

    def __init__(
        self,
        scale: tuple[int, ...],
        cache: FeatureCache,
        *,
        kind: str = DEFAULT_KIND,
        rubric: Rubric | None = None,
        decoding: str = DEFAULT_DECODING,
        seed: int = 0,
        progress: Progress = silent,
        judges: Judges | None = None,
        to_judge: Sequence[Document] = (),
    ):
        self.scale = scale
        self.cache = cache
        self.judges = judges
        self.kind = kind
        self.rubric = rubric
        self.decoding = decoding
        self.seed = seed
        self.progress = progress
        self.to_judge = to_judge

    def fit(self, documents: Sequence[Document], levels: Sequence[int]) -> "ProtocolClassifier":
        """Learn from labelled documents, from the start.

        Parameters
        ----------
        documents : sequence of Document
        levels : sequence of int
            Values of the scale; some may be missing.

        Raises
        ------
        InvalidInput
            Fewer than 6 labels, a single level, or a level that is not on the scale.
        """
        return self._fit(list(documents), self._numbers(documents, levels))

    def partial_fit(
        self, documents: Sequence[Document], levels: Sequence[int]
    ) -> "ProtocolClassifier":
        """Learn from more documents and replay all earlier ones, or fit everything anew.

        A classifier that has learnt nothing yet is fitted. One that was read back from disk has no
        documents to replay: it takes all of them, new and old.

        Parameters
        ----------
        documents : sequence of Document
            One that was given before may come again; it then has the level given now.
        levels : sequence of int

        Raises
        ------
        InvalidInput
            As `fit`, or the classifier was read back and lacks documents that it had learnt.
        """
        numbers = self._numbers(documents, levels)
        memory = getattr(self, "memory_", None)
        if memory is None:
            self.in_full_ = "it had learnt nothing yet"
            return self._fit(list(documents), numbers)
        everything, known = self._with_earlier(documents, numbers)
        if not hasattr(self, "_replayed") and (gone := memory.gone(everything)):
            raise InvalidInput(
                f"This model was read back and has no texts to replay, and {gone} of the "
                f"{len(memory.learnt)} protocols it has learnt are missing: give it all of them "
                "together with the new ones, or fit anew."
            )
        judged = self._judge(everything, known, memory)
        changed, alarm = memory.changed(everything, known), memory.alarm(judged)
        self.in_full_ = why_in_full(Since(memory.in_full, len(known), changed, alarm))
        if not self.in_full_:
            self.in_full_ = self._learn_on(everything, known, memory, judged)
        return self._fit(everything, known) if self.in_full_ else self

    def _fit(self, documents: list[Document], numbers: np.ndarray) -> "ProtocolClassifier":
        kind = kind_for(self.kind, self.rubric)
        like = compare(documents, numbers, kind=kind, rubric=self.rubric, to_judge=self.to_judge)
        readings = self._readings(documents, self._part(0.0, 0.4))
        views = views_of(kind, rubric_lends=like.lent is not None)
        how = self._problem(like.lent), self._part(0.4, 0.8), self.judges
        found = hold_out(views, documents, readings, numbers, like.clusters, *how)
        self.out_of_fold_ = found
        shares = shares_of(kind, views, len(found.levels))
        blend = fit_blend(list(found.logits.values()), found.levels, found.fold_of, shares)
        used = {n: s for n, s in zip(views, blend.shares, strict=True) if s > 0}
        self.blend_ = replace(blend, shares=tuple(used.values()))
        self._fit_final(tuple(used), readings, numbers, self._problem(like.lent), {}, found.epochs)
        self.marking_ = fit_marking(documents, readings)
        # Not by this blend: fitted on the same few logits, it would find them too probable.
        said = self.said_out_of_fold_ = out_of_fold_probabilities(found, kind)
        usual = held_out(said.probabilities, found.levels)
        self.memory_ = Memory(pairs(documents, numbers), len(numbers), usual)
        self._replayed = documents, numbers
        return self

    def _with_earlier(
        self, documents: Sequence[Document], numbers: np.ndarray
    ) -> tuple[list[Document], np.ndarray]:
        """Documents to replay and those given, which count where both have one."""
        if not hasattr(self, "_replayed"):
            return list(documents), numbers
        given = {document.key for document in documents}
        kept = [at for at, document in enumerate(self._replayed[0]) if document.key not in given]
        earlier = [self._replayed[0][at] for at in kept]
        return [*earlier, *documents], np.append(self._replayed[1][kept], numbers)

    def _judge(self, documents: Sequence[Document], numbers: np.ndarray, memory: Memory) -> Judged:
        """What is said of documents that were not learnt yet against their labels."""
        new = memory.is_new(documents)
        if not new.any():
            return Judged()
        said = self.say([documents[at] for at in np.flatnonzero(new).tolist()])
        return judge(said.probabilities, self.decide(said.uncalibrated), numbers[new])

    def _learn_on(
        self, documents: list[Document], numbers: np.ndarray, memory: Memory, judged: Judged
    ) -> str:
        """Continue from the views as they are; says why they are not to be used, if so."""
        readings = self._readings(documents, self._part(0.0, 0.8))
        self._fit_final(tuple(self.views_), readings, numbers, self._problem(), self.views_, {})
        self.marking_ = fit_marking(documents, readings, self.marking_)
        # Whoever has read a document must find its level more probable than one who has not.
        some = slice(None, None, max(1, len(readings) // _ENOUGH))
        loss = log_loss(self.say_of(readings[some]).probabilities, numbers[some])
        self.memory_ = memory.with_more(documents, numbers, judged)
        self._replayed = documents, numbers
        return "" if loss <= memory.held_out.surprise else _FORGETS

    def predict_proba(self, documents: Sequence[Document]) -> np.ndarray:
        """Calibrated probabilities of the levels in scale order, (n, K)."""
        return self.say(documents).probabilities

    def predict(self, documents: Sequence[Document]) -> np.ndarray:
        """The level values decided for, (n,)."""
        return np.array(self.scale)[self.decide(self.say(documents).uncalibrated)]

    def say(self, documents: Sequence[Document]) -> Said:
        """Probabilities with and without calibration."""
        return self.say_of(self._readings(documents, self.progress))

    def say_of(self, readings: Sequence[Reading]) -> Said:
        """The same of documents already read."""
        return self.blend_.said([view.logits(readings) for view in self.views_.values()])

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Uncalibrated probabilities (n, K) as level numbers 0 .. K-1, (n,)."""
        return DECODINGS[self.decoding](probabilities)

    def save(self, folder: Path) -> str:
        """Write the model into a new folder; returns the SHA-256 that `load` wants."""
        memory = getattr(self, "memory_", None)
        description = {
            "scale": list(self.scale),
            "kind": self.kind,
            "views": list(self.views_),
            "seed": self.seed,
            "labels": self.n_labels_,
            "decoding": self.decoding,
            "blend": asdict(self.blend_),
            "rubric": self.rubric.text if self.rubric else None,
            "memory": memory.as_json() if memory else None,
            "encoder": self.cache.encoder.identity,
        }
        arrays = {
            f"{view}.{name}": array
            for view, fitted in self.views_.items()
            for name, array in fitted.arrays().items()
        }
        marking = self.marking_._asdict() if self.marking_ else {}
        arrays |= {f"{_MARKING}{name}": array for name, array in marking.items()}
        return save_model(Path(folder), description, arrays)

    @classmethod
    def load(cls, folder: Path, sha256: str, cache: FeatureCache) -> "ProtocolClassifier":
        """Read a saved model back.

        Raises
        ------
        Corrupt
            A byte differs from what was saved, or the cache's encoder is not the one that the model
            was made for; `OtherRelease` when the model was made for other features.
        """
        description, arrays = load_model(Path(folder), sha256)
        if description.get("encoder", "") != cache.encoder.identity:
            raise Corrupt(f"The model in {folder} was made for another encoder: train again.")
        scale = tuple(description["scale"])
        how = {name: description[name] for name in ("kind", "decoding", "seed")}
        text = description.get("rubric")
        loaded = cls(scale, cache, rubric=parse_rubric(text) if text else None, **how)
        loaded.views_ = {
            name: load_view(name, _under(f"{name}.", arrays)) for name in description["views"]
        }
        marking = _under(_MARKING, arrays)
        loaded.marking_ = Marking(**marking) if marking else None
        blend = description["blend"]
        loaded.blend_ = Blend(tuple(blend["shares"]), blend["slope"], tuple(blend["offsets"]))
        loaded.n_labels_ = description["labels"]
        memory = description.get("memory")
        loaded.memory_ = Memory.from_json(memory) if memory else None
        return loaded

    def _problem(self, lent: np.ndarray | None = None) -> Problem:
        return Problem(len(self.scale), self.seed, self.read_texts, self.rubric, lent)

    def read_texts(self, texts: Sequence[str]) -> list[Reading]:
        """Texts that are no documents, as documents are read."""
        return self._readings([Document(text, text) for text in texts], silent)

    def _numbers(self, documents: Sequence[Document], levels: Sequence[int]) -> np.ndarray:
        if len(documents) != len(levels):
            raise ValueError(f"{len(documents)} documents but {len(levels)} levels")
        for level in levels:
            if level not in self.scale:
                ends = f"{self.scale[0]} to {self.scale[-1]}"
                raise InvalidInput(f"The label {level} is not on the scale: use {ends}.")
        return np.array([self.scale.index(level) for level in levels], int)

    def _part(self, start: float, end: float) -> Progress:
        """Progress of one step among others."""
        return lambda share, message: self.progress(start + (end - start) * share, message)

    def _readings(self, documents: Sequence[Document], progress: Progress) -> list[Reading]:
        return self.cache.readings(documents, progress)

    def _fit_final(
        self,
        names: tuple[str, ...],
        readings: Sequence[Reading],
        numbers: np.ndarray,
        problem: Problem,
        start: dict[str, Fitted],
        epochs: dict[str, int | None],
    ) -> None:
        self.views_ = {
            name: VIEWS[name].fit(
                readings,
                numbers,
                problem,
                start=start.get(name),
                epochs=epochs.get(name),
                progress=self._part(0.8 + 0.2 * at / len(names), 0.8 + 0.2 * (at + 1) / len(names)),
            )
            for at, name in enumerate(names)
        }
        self.n_labels_ = len(numbers)


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
