"""Words that go together count together: with few labels most words were seen at no rare level.

Latent topics are the directions along which the training documents' TF-IDF weights vary most. A
document's share of them goes into the model beside its words, cut to a fixed length, so a word
that was never seen with a label still says what its companions say.

References
----------
Deerwester et al. 1990, Indexing by Latent Semantic Analysis; Halko et al. 2011, Finding Structure
with Randomness, algorithm 4.4, for the decomposition.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from cer_assist.learning.lexical import weigh
from cer_assist.learning.rubric_texts import unit

TOPICS = 30
WEIGHT = 0.5  # of the topics' inner products beside the words' own


@dataclass(frozen=True)
class TopicWords:
    """Words and the topics they belong to, with what both say of levels.

    Attributes
    ----------
    keys : (words,) uint64, sorted
    idf : (words,) float32
    topics : (words, at most 30) float32
    word_weights : (words, K - 1) float32
    topic_weights : (topics, K - 1) float32
    """

    keys: np.ndarray
    idf: np.ndarray
    topics: np.ndarray
    word_weights: np.ndarray
    topic_weights: np.ndarray

    def logits(self, counts: sparse.csr_array) -> np.ndarray:
        """This part's share in the cumulative logits, from counts of the words, (n, K - 1)."""
        weighed = weigh(counts, self.idf)
        return weighed @ self.word_weights + topic_shares(weighed, self.topics) @ self.topic_weights

    def logits_of_some(self, counts: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The same from dense counts (n, len(which)) where no other word occurs."""
        weighed = weigh(counts, self.idf[which])
        topics = topic_shares(weighed, self.topics[which])
        return weighed @ self.word_weights[which] + topics @ self.topic_weights

    def weights_in(self, weighed: np.ndarray, which: np.ndarray) -> np.ndarray:
        """What a unit of each word's weight adds in one document, (len(which), K - 1).

        Exact, as the topics' part is linear but for the document's own length in topics.
        """
        length = max(float(np.linalg.norm(weighed @ self.topics[which])), 1e-9)
        by_topic = self.topics[which] @ self.topic_weights
        return self.word_weights[which] + by_topic * (np.sqrt(WEIGHT) / length)


@threadpool_limits.wrap(limits=1)
def find_topics(weighed: sparse.csr_array) -> np.ndarray:
    """The topics of weighed training documents (n, words), (words, at most 30) float32."""
    size = min(TOPICS, *weighed.shape)
    if size == 0:
        return np.zeros((weighed.shape[1], 0), np.float32)
    _, _, directions = randomized_svd(sparse.csr_matrix(weighed), size, random_state=0)
    return directions.T.astype(np.float32)


def topic_shares(weighed, topics: np.ndarray) -> np.ndarray:
    """A document's position among the topics, (n, topics), of fixed length."""
    return np.sqrt(WEIGHT) * unit(weighed @ topics)
