"""What readers marked teaches where they would mark, and nothing else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.metrics import average_precision_score

from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.compared import Model
from cer_assist.learning.documents import Document, Span
from cer_assist.learning.evaluation import cross_validate
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.marking import Marking, _Loss, _Said, fit_marking, marked_words
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading, around
from tests.learning.shared import SCALE, Demo, a_reading, a_text

ROLES = re.compile(r"[^.]*\b(?:committee|council|board|decide[sd]?|votes?|partners?)\b[^.]*\.")


def marks(document: Document) -> tuple[Span, ...]:
    """The sentences that somebody would mark who looks for people with a say."""
    return tuple(found.span() for found in ROLES.finditer(document.text))


@pytest.fixture(scope="module")
def marked(demo: Demo) -> Demo:
    return Demo([replace(d, marked=marks(d)) for d in demo.documents], demo.levels)


@pytest.fixture(scope="module")
def readings(cache: FeatureCache, demo: Demo) -> list[Reading]:
    return cache.readings(demo.documents, silent)


def test_marks_of_some_documents_are_found_in_others(marked: Demo, readings: list[Reading]) -> None:
    half = len(readings) // 2
    marking = fit_marking(marked.documents[:half], readings[:half])
    assert marking is not None
    found, by_chance = [], []
    for document, reading in zip(marked.documents[half:], readings[half:], strict=True):
        expected, wanted = marking.expected(reading), marked_words(reading, document.marked)
        assert expected.sum() == pytest.approx(1)
        assert expected.min() >= 0
        if 0 < wanted.sum() < len(wanted):
            found.append(average_precision_score(wanted, expected))
            by_chance.append(wanted.mean())
    assert len(found) > 10
    assert np.mean(found) > 1.5 * np.mean(by_chance)


def test_nothing_is_learnt_where_nothing_or_everything_is_marked(
    demo: Demo, readings: list[Reading]
) -> None:
    assert fit_marking(demo.documents, readings) is None
    everything = [replace(d, marked=((0, len(d.text)),)) for d in demo.documents]
    assert fit_marking(everything, readings) is None


def test_a_text_without_content_words_has_no_marks_to_expect(cache: FeatureCache) -> None:
    nothing = Marking(np.zeros(384, np.float32), *np.zeros((2, 64), np.float32))
    [reading] = cache.readings([a_text("Of the.")], silent)
    assert nothing.expected(reading).shape == (0,)


@pytest.mark.parametrize("contested", [False, True])
def test_the_loss_falls_the_way_its_gradient_says(contested: bool) -> None:
    places = np.arange(12)
    loss = _Loss(
        [
            _Said(
                a_reading([1] * 12, seed=seed),
                (places % 5 == seed) & (seed < 2),  # the last one is marked nowhere
                (places % 4 == 3) & contested,
            )
            for seed in range(3)
        ]
    )
    place = np.random.default_rng(0).normal(0, 0.1, loss.size)
    wrong = check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], place, epsilon=1e-3)
    assert wrong < 1e-2 * np.linalg.norm(loss(place)[1])
    assert np.allclose(loss.place_of(loss.marking(place)), place, atol=1e-6)


def test_what_was_fitted_is_what_is_expected() -> None:
    """The marked sentence of a document that was learnt by heart get nearly all of its marks."""
    reading = a_reading([1] * 40)
    wanted = reading.sentences == 1
    start, end = reading.words[wanted, 0].min(), reading.words[wanted, 1].max()
    document = Document("one", "", marked=((int(start), int(end)),))
    marking = fit_marking([document] * 30, [reading] * 30)
    assert marking is not None
    assert marking.expected(reading)[wanted].sum() > 0.8


def test_contested_words_lose_their_share_where_nothing_is_marked_too() -> None:
    reading, other = a_reading([1] * 40), a_reading([1] * 40, seed=5)
    at = [tuple(reading.words[place].tolist()) for place in (7, 8)]
    marked = Document("one", "", marked=(at[0],))
    before = fit_marking([marked] * 5, [reading] * 5)
    contested = Document("two", "", contested=(at[0],))
    after = fit_marking([marked] * 5 + [contested] * 5, [reading] * 10)
    assert before is not None
    assert after is not None
    assert after.expected(reading)[7] < 0.7 * before.expected(reading)[7]
    assert after.expected(other).sum() == pytest.approx(1)
    assert fit_marking([contested], [reading]) is None  # nothing says where to look


def test_what_is_contested_is_not_marked() -> None:
    reading = a_reading([1] * 40)
    at = [tuple(reading.words[place].tolist()) for place in (7, 8)]
    both = Document("one", "", marked=tuple(at), contested=(at[0],))
    marking = fit_marking([both] * 30, [reading] * 30)
    assert marking is not None
    shares = marking.expected(reading)
    assert shares[8] > 0.5
    assert shares[7] < 0.1


@pytest.mark.parametrize("reach", [0, 1, 4, 50])
def test_around_is_the_mean_of_near_words_of_the_sentence(reach: int) -> None:
    sentences = np.array([0, 0, 0, 1, 3, 3, 3, 3])
    values = np.random.default_rng(0).normal(size=(8, 2))
    near = np.abs(np.subtract.outer(np.arange(8), np.arange(8))) <= reach
    near &= sentences[:, None] == sentences
    wanted = np.stack([values[row].mean(axis=0) for row in near])
    assert np.allclose(around(values, sentences, reach), wanted)
    assert np.allclose(around(values[:, 0], sentences, reach), wanted[:, 0])


def test_levels_are_the_same_with_and_without_marks(
    cache: FeatureCache, demo: Demo, marked: Demo
) -> None:
    plain, taught = (
        ProtocolClassifier(SCALE, cache, kind="lexical").fit(each.documents, each.levels)
        for each in (demo, marked)
    )
    assert plain.marking_ is None
    assert taught.marking_ is not None
    before, after = (model.predict_proba(demo.documents) for model in (plain, taught))
    assert np.array_equal(before, after)


def learnt_by_fold(
    data: Demo, marked: Mapping[str, Sequence[Span]], cache: FeatureCache
) -> list[tuple[set[str], Marking]]:
    """The documents of each fold with what the model learnt that was tested on them."""
    found: list[tuple[set[str], Marking]] = []

    def look(model: Model, documents: Sequence[Document]) -> None:
        assert isinstance(model, ProtocolClassifier)
        assert model.marking_ is not None
        found.append(({document.key for document in documents}, model.marking_))

    labelled = Labelled(data.documents, np.array(data.levels)).with_marks(marked)
    how: dict[str, Any] = {"folds": 3, "repeats": 1, "n_train": None, "progress": silent}
    cross_validate("lexical", labelled, SCALE, cache, look=look, **how)
    return found


def test_marks_of_held_out_documents_reach_no_model_that_is_tested_on_them(
    cache: FeatureCache, demo: Demo
) -> None:
    given = {document.key: marks(document) for document in demo.documents}
    before = learnt_by_fold(demo, given, cache)
    held = before[0][0]
    moved = {key: ((0, 60),) if key in held else spans for key, spans in given.items()}
    after = learnt_by_fold(demo, moved, cache)
    assert [keys for keys, _ in after] == [keys for keys, _ in before]
    same = [
        all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
        for (_, one), (_, other) in zip(before, after, strict=True)
    ]
    assert same == [True, False, False]


def test_what_marks_taught_is_saved_and_learnt_on_from(
    cache: FeatureCache, demo: Demo, marked: Demo, tmp_path: Path
) -> None:
    some = slice(None, 40)
    model = ProtocolClassifier(SCALE, cache, kind="lexical")
    model.fit(demo.documents[some], demo.levels[some])
    sha256 = model.save(tmp_path / "unmarked")
    again = ProtocolClassifier.load(tmp_path / "unmarked", sha256, cache)
    assert again.marking_ is None  # as a model of a release that knew no marks
    more = slice(None, 45)
    again.partial_fit(marked.documents[more], marked.levels[more])
    assert again.marking_ is not None
    sha256 = again.save(tmp_path / "marked")
    loaded = ProtocolClassifier.load(tmp_path / "marked", sha256, cache)
    assert loaded.marking_ is not None
    assert all(np.array_equal(*pair) for pair in zip(loaded.marking_, again.marking_, strict=True))
    loaded.partial_fit(demo.documents, demo.levels)
    assert loaded.marking_ is None  # nothing stays of marks that are gone
