"""How far words can be trusted, measured on documents that the explaining model had not read.

Every method is measured on the same documents beside random words of equal frequency and, where
people marked their evidence, against what they marked. Models of other folds and seeds explain the
same documents again: what they agree on is not the luck of one fit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from cer_assist.explain.attribution import Attribution, attribute
from cer_assist.explain.chance import Frequencies, dealt_anew
from cer_assist.explain.evidence import evidence_strength, reached_by_luck
from cer_assist.explain.faithfulness import faithfulness
from cer_assist.explain.methods import COMPARED, DEFAULT_METHOD, METHODS, methods_for
from cer_assist.explain.overlap import overlap
from cer_assist.learning import metrics
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document, Span
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.marking import marked_words
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading

RANDOM = "random"
DEALS = 5
FEWEST_WORDS = 20  # a share of fewer is no word
TOP = 10


class Measured:
    """Gathers what explanations are worth, document by document.

    Parameters
    ----------
    documents : sequence of Document
        All that may be explained; how frequent words are is counted in them.
    levels : sequence of int
        Values of the scale, for which the explanations of several models are compared.
    scale : tuple of int
    cache : FeatureCache
    marked : mapping of document key to spans
        Code points that people marked as their evidence; may be empty.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        levels: Sequence[int],
        scale: tuple[int, ...],
        cache: FeatureCache,
        marked: Mapping[str, Sequence[Span]],
    ):
        self._cache, self._marked = cache, marked
        self._number = {d.key: scale.index(at) for d, at in zip(documents, levels, strict=True)}
        self._frequencies = Frequencies.of(self._read(documents))
        self._generator = np.random.default_rng(0)
        # figure -> document -> its value by each model that explained it
        self._values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        # method -> document -> weights by each model, for the document's own level
        self._weights: dict[str, dict[str, list[np.ndarray]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, classifier: ProtocolClassifier, documents: Sequence[Document]) -> None:
        """Measure how a model explains the level it gives to documents that it has not read."""
        found = attribute(classifier, self._read(documents))
        for document, seen in zip(documents, found, strict=True):
            if len(seen.reading.words) >= FEWEST_WORDS:
                [number] = classifier.decide(seen.decided_by[None]).tolist()
                self._add(document.key, seen, number)

    def figures(self) -> dict[str, Any]:
        """What was measured, JSON-able; each figure has its interval by document.

        Returns
        -------
        dict
            `n` documents; `methods` {method: {measure: {"value", "low", "high"}}} with `random`
            among them, see `Faithfulness`, `Overlap` and `evidence_strength` (strength);
            `times_random` the same as multiples of what random words reach; `compared`
            [{method, other, times}] as multiples of another method, see `COMPARED`; `agreement`,
            Kendall's tau of attention with the size of gradients; `stability` {method: {tau, top}}
            between models: tau, and the share of the ten weightiest words that two have in common,
            none where each document was explained once; `marked` {n, rate}: documents with marked
            evidence and the share of their words that is marked; `weak_below`: the strength that
            random words exceed in one document of twenty.
        """
        used = [method for method in METHODS if method in self._weights]
        for method in used:
            self._compare_models(method)
        marked, by_luck = self._column("marked.rate"), self._values[f"{RANDOM}.strength"]
        return {
            "n": len(self._column(f"{RANDOM}.comprehensiveness")),
            "methods": {method: self._measures(method) for method in (*used, RANDOM)},
            "times_random": {method: self._times(method, RANDOM) for method in used},
            "compared": [
                {"method": one, "other": other, "times": self._times(one, other)}
                for one, other in COMPARED
                if one in used and other in used
            ],
            "agreement": metrics.mean_figure(self._column("agreement")),
            "stability": {method: self._measures(f"stability.{method}") for method in used},
            "marked": {"n": len(marked), "rate": metrics.mean_figure(marked)},
            "weak_below": reached_by_luck(list(chain(*by_luck.values()))),
        }

    def _add(self, key: str, seen: Attribution, number: int) -> None:
        marked = marked_words(seen.reading, self._marked.get(key, ()))
        if 0 < marked.sum() < len(marked):
            self._note(key, "marked", {"rate": marked.mean()})
        for name, method in methods_for(seen).items():
            self._judge(key, name, seen, number, method(seen, number), marked)
            self._weights[name][key].append(method(seen, self._number[key]))
        shown = METHODS[DEFAULT_METHOD](seen, number)
        frequency = self._frequencies.in_document(seen.reading)
        for _ in range(DEALS):
            dealt = dealt_anew(shown, frequency, self._generator)
            self._judge(key, RANDOM, seen, number, dealt, marked)
        changes = np.abs(METHODS["gradients"](seen, number))
        self._note(key, "", {"agreement": kendalltau(seen.attention, changes).statistic})

    def _judge(
        self,
        key: str,
        method: str,
        seen: Attribution,
        number: int,
        weights: np.ndarray,
        marked: np.ndarray,
    ) -> None:
        self._note(key, method, faithfulness(seen, number, weights)._asdict())
        self._note(key, method, {"strength": evidence_strength(seen, number, weights)})
        found = overlap(weights, marked)
        if found:
            self._note(key, method, found._asdict())

    def _note(self, key: str, of: str, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if not np.isnan(value):  # weights that are all alike have no rank to compare
                self._values[f"{of}.{name}" if of else name][key].append(float(value))

    def _compare_models(self, method: str) -> None:
        for key, each in self._weights[method].items():
            for one, other in combinations(each, 2):
                tops = [set(np.argsort(-row, kind="stable")[:TOP].tolist()) for row in (one, other)]
                tau = kendalltau(one, other).statistic
                common = len(tops[0] & tops[1]) / TOP
                self._note(key, f"stability.{method}", {"tau": tau, "top": common})

    def _column(self, name: str) -> np.ndarray:
        """A figure's mean over models, of each document that has it."""
        return np.array([np.mean(each) for each in self._values[name].values()])

    def _named(self, of: str) -> list[str]:
        return [name.removeprefix(f"{of}.") for name in self._values if name.startswith(f"{of}.")]

    def _measures(self, of: str) -> dict[str, Any]:
        return {name: metrics.mean_figure(self._column(f"{of}.{name}")) for name in self._named(of)}

    def _times(self, method: str, other: str) -> dict[str, Any]:
        return {
            name: metrics.ratio_figure(
                self._column(f"{method}.{name}"), self._column(f"{other}.{name}")
            )
            for name in self._named(method)
        }

    def _read(self, documents: Sequence[Document]) -> list[Reading]:
        return self._cache.readings(documents, silent)
