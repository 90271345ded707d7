"""The trap behind a published accuracy of .9952: augmented copies of test documents in training.

Every labelled text gets copies with words left out and words swapped for synonyms, as is done to
multiply few labelled protocols. A split that deals documents out one by one then looks superb; ours
must say what it said without them.
"""

import random

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from cer_assist.learning.compared import Baseline
from cer_assist.learning.documents import Document
from cer_assist.learning.evaluation import cross_validate
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled
from tests.learning.shared import SCALE, Demo, collecting
from tests.learning.test_folds import dropping_words

COPIES = 4
SYNONYMS = {
    "study": "project",
    "participants": "volunteers",
    "community": "neighbourhood",
    "research": "inquiry",
    "health": "wellness",
    "patients": "clients",
    "data": "records",
    "partners": "collaborators",
    "recruitment": "enrolment",
    "interviews": "conversations",
    "results": "findings",
    "meetings": "gatherings",
    "staff": "personnel",
    "adults": "people",
    "children": "youngsters",
    "program": "scheme",
    "team": "group",
    "questions": "queries",
}


def swapping_synonyms(text: str, share: float, seed: int) -> str:
    chance = random.Random(seed)
    words = text.split()
    return " ".join(SYNONYMS.get(w, w) if chance.random() < share else w for w in words)


def augmented(data: Labelled) -> Labelled:
    """The same labels many times over: every text with its copies."""
    documents, levels = list(data.documents), list(data.levels)
    for at, (document, level) in enumerate(zip(data.documents, data.levels, strict=True)):
        for copy in range(COPIES):
            seed = at * COPIES + copy
            text = swapping_synonyms(dropping_words(document.text, 0.15, seed), 0.5, seed)
            documents.append(Document(key=f"{document.key}-{copy}", text=text))
            levels.append(level)
    return Labelled(documents, np.array(levels))


def naive_accuracy(data: Labelled) -> float:
    """Accuracy when documents are dealt out one by one, copies and all."""
    right = np.zeros(len(data.levels), bool)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(data.levels, data.levels):
        model = Baseline(SCALE).fit(*unpacked(data.pick(train)))
        found = model.say(data.pick(test).documents).probabilities.argmax(axis=1) + SCALE[0]
        right[test] = found == data.levels[test]
    return float(right.mean())


def unpacked(data: Labelled) -> tuple[list[Document], list[int]]:
    return data.documents, data.levels.tolist()


def our_accuracy(data: Labelled, cache: FeatureCache) -> float:
    found = cross_validate(
        "tfidf_lr", data, SCALE, cache, folds=5, repeats=2, n_train=None, progress=collecting([])
    )
    return found["accuracy"]


def test_augmented_copies_inflate_a_naive_split_and_leave_ours_unmoved(
    demo: Demo, cache: FeatureCache
) -> None:
    plain = Labelled(demo.documents, np.array(demo.levels))
    many = augmented(plain)
    honest = our_accuracy(plain, cache)
    assert naive_accuracy(plain) < 0.75
    assert naive_accuracy(many) > 0.9
    assert our_accuracy(many, cache) == pytest.approx(honest, abs=0.1)
