"""The rubric is an input of the model, not only of the reader.

One linear model on three things: the protocol's words, the topics they belong to, and how near its
sentences come to what the rubric says of each level. Each of the three orders protocols by itself;
the rubric finds the rare levels, of which labels show too few. Without a rubric the first two are
left.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sparse

from cer_assist.learning.cumulative import fit_answers, non_increasing
from cer_assist.learning.lexical import count_words, known_words, vocabulary, weigh
from cer_assist.learning.readings import Reading
from cer_assist.learning.similarities import all_similarities, fit_carriers
from cer_assist.learning.topics import TopicWords, find_topics, topic_shares
from cer_assist.learning.views.base import HeldOut, Seen
from cer_assist.learning.views.lexical import places
from cer_assist.learning.views.rubric_sentences import (
    Closeness,
    nearest_of,
    scaled,
    scales,
    texts_of,
)

INVERSE_REGULARISATION = 10.0


class RubricView:
    """Cumulative answers from words, topics and closeness to the rubric; a fit is a full one.

    What labels do not change is kept from an earlier fit: texts, and how words carry likeness.
    """

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedRubric":
        """Learn from all documents; see `View`."""
        keys = vocabulary(readings)
        texts = start.closeness.texts if start else texts_of(problem)
        found = all_similarities(readings, texts)
        fitted = _fit(
            keys,
            count_words(readings, keys),
            nearest_of(found),
            numbers,
            problem.levels,
            texts,
            start.closeness.carriers if start else fit_carriers(readings, found),
        )
        progress(1.0, "Comparing with the rubric")
        return fitted

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents; see `View`. What labels do not change is made once."""
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        keys, texts = vocabulary(readings), texts_of(problem)
        counts, near = count_words(readings, keys), nearest_of(all_similarities(readings, texts))
        none = np.zeros((65, len(texts)), np.float32)
        for fold in np.intersect1d(tested, fold_of):
            held = fold_of == fold
            model = _fit(
                keys, counts[~held], near[~held], numbers[~held], problem.levels, texts, none
            )
            known = counts[held][:, np.isin(keys, model.words.keys)]
            logits[held] = model.logits_of(known, near[held])
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedRubric":
        """The opposite of `arrays`; see `View`."""
        parts = {name: arrays[name] for name in TopicWords.__dataclass_fields__}
        near = {name: arrays[name] for name in Closeness.__dataclass_fields__}
        return FittedRubric(TopicWords(**parts), Closeness(**near), arrays["intercepts"])


class FittedRubric:
    """What was learnt of words, topics and closeness.

    Parameters
    ----------
    words : TopicWords
    closeness : Closeness
    intercepts : (K - 1,)
    """

    def __init__(self, words: TopicWords, closeness: Closeness, intercepts: np.ndarray):
        self.words, self.closeness, self.intercepts = words, closeness, intercepts

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        near = nearest_of(all_similarities(readings, self.closeness.texts))
        return self.logits_of(count_words(readings, self.words.keys), near)

    def logits_of(self, counts: sparse.csr_array, near: np.ndarray) -> np.ndarray:
        """The same from counts of the model's words and from `nearest_of`."""
        free = self.words.logits(counts) + self.closeness.logits_of(near) + self.intercepts
        return non_increasing(free)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        return {**vars(self.words), **vars(self.closeness), "intercepts": self.intercepts}

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What words and sentences add; a word's attention is its share of the TF-IDF weights."""
        counts = count_words(readings, self.words.keys)
        features = weigh(counts, self.words.idf)
        found = all_similarities(readings, self.closeness.texts)
        for at, (reading, similarities) in enumerate(zip(readings, found, strict=True)):
            row = slice(features.indptr[at], features.indptr[at + 1])
            known, weighed, said = features.indices[row], features.data[row], counts.data[row]
            yield self._seen(reading, similarities, known, weighed, said)

    def _seen(
        self,
        reading: Reading,
        similarities: np.ndarray,
        known: np.ndarray,
        weighed: np.ndarray,
        counts: np.ndarray,
    ) -> Seen:
        """One document with its similarities, its known words, their weights and their counts."""
        near, near_without, contributions = self.closeness.look(reading, similarities)
        place = places(self.words.keys[known], reading.keys)
        occurrence = np.append(weighed / counts, 0.0)[place]  # (words,); 0 for unknown words
        worth = self.words.weights_in(weighed, known)
        worth = np.append(worth, np.zeros((1, worth.shape[1])), axis=0)[place]
        member = (place[:, None] == np.arange(len(known))).astype(np.float32)

        def without(removed: np.ndarray) -> np.ndarray:
            left = self.words.logits_of_some((~removed).astype(np.float32) @ member, known)
            return non_increasing(left + near_without(removed) + self.intercepts)

        said = self.words.logits_of_some(counts[None], known)[0]
        return Seen(
            logits=non_increasing(said + near + self.intercepts),
            attention=occurrence / max(occurrence.sum(), 1e-12),
            contributions=(occurrence[:, None] * worth).T + contributions,
            without=without,
        )


def _fit(
    keys: np.ndarray,
    counts: sparse.csr_array,
    near: np.ndarray,
    numbers: np.ndarray,
    levels: int,
    texts: np.ndarray,
    carriers: np.ndarray,
) -> FittedRubric:
    """Fit on training documents given as counts of all words and by `nearest_of`."""
    kept, idf = known_words(counts)
    weighed = weigh(counts[:, kept], idf)
    topics = find_topics(weighed)
    centre, spread = scales(near)
    blocks = [weighed, topic_shares(weighed, topics), scaled(near, centre, spread)]
    features = sparse.hstack([sparse.csr_array(block) for block in blocks]).tocsr()
    found, intercepts = fit_answers(features, numbers, levels, INVERSE_REGULARISATION)
    edges = np.cumsum([block.shape[1] for block in blocks])[:-1]
    words, by_topic, by_text = (part.astype(np.float32) for part in np.split(found, edges))
    return FittedRubric(
        TopicWords(keys[kept], idf.astype(np.float32), topics, words, by_topic),
        Closeness(texts, centre, spread, by_text, carriers),
        intercepts,
    )


VIEW = RubricView()
