"""What a version keeps of its words: which ones, in which numbers, and how they came to be."""

import json

import numpy as np
import pytest

from cer_assist.domain.rubric import Rubric
from cer_assist.explain import version_scores as module
from cer_assist.explain.scores import WordScores, word_scores
from cer_assist.explain.version_scores import LEADING, version_scores
from cer_assist.explain.weighed import weigh
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.progress import silent
from tests.learning.shared import SCALE, Demo


def fit(cache: FeatureCache, demo: Demo, kind: str, **changes) -> ProtocolClassifier:
    return ProtocolClassifier(SCALE, cache, kind=kind, **changes).fit(demo.documents, demo.levels)


def kept(model: ProtocolClassifier, demo: Demo, before: set[str] | None = None) -> dict:
    weighed = weigh(model, demo.documents, demo.levels)
    found = version_scores(model, demo.documents, weighed, before or set())
    assert json.loads(json.dumps(found)) == found
    return found


def directly(model: ProtocolClassifier, demo: Demo, word: str) -> tuple[int, list[float]]:
    """Documents, attention and polarity of a word, by its key."""
    readings = model.cache.readings(demo.documents, silent)
    keys = {
        document.text[start:end].casefold(): key
        for document, reading in zip(demo.documents, readings, strict=True)
        for (start, end), key in zip(reading.words.tolist(), reading.keys.tolist(), strict=True)
    }
    found: WordScores = word_scores(model, readings)
    at = np.searchsorted(found.keys, np.uint64(keys[word]))
    return int(found.documents[at]), [found.attention[at], *found.polarity[:, at]]


@pytest.fixture(scope="module")
def lexical(cache: FeatureCache, demo: Demo) -> ProtocolClassifier:
    return fit(cache, demo, "lexical")


@pytest.fixture(scope="module")
def embedding(cache: FeatureCache, demo: Demo) -> ProtocolClassifier:
    return fit(cache, demo, "embedding")


@pytest.mark.parametrize(
    ("name", "source"), [("lexical", "shares"), ("embedding", "exact"), ("attention", "contexts")]
)
def test_they_are_the_words_scores_and_say_how_they_came_about(
    name: str, source: str, cache: FeatureCache, demo: Demo
) -> None:
    model = fit(cache, demo, name)
    found = kept(model, demo)
    assert (found["source"], found["levels"], found["documents"]) == (
        source,
        list(SCALE),
        len(demo.documents),
    )
    for word in ("committee", "flyers"):
        documents, scores = directly(model, demo, word)
        assert found["words"][word][0] == documents
        assert found["words"][word][1:] == pytest.approx(scores, rel=1e-3)


def test_words_that_do_most_are_kept_and_those_kept_before(
    lexical: ProtocolClassifier, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = kept(lexical, demo)["words"]
    weights = [row[0] * max(map(abs, row[2:])) for row in every.values()]
    assert len(every) == LEADING
    assert weights == pytest.approx(sorted(weights, reverse=True), rel=1e-3)
    words = list(every)
    monkeypatch.setattr(module, "LEADING", 10)
    monkeypatch.setattr(module, "MOST", 12)
    before = {words[3], words[15], words[20], words[25], "never said"}
    assert list(kept(lexical, demo, before)["words"]) == [*words[:10], words[15], words[20]]


def test_attention_and_polarity_grow_as_the_networks_words_are_learnt(
    embedding: ProtocolClassifier, demo: Demo
) -> None:
    """Sun & Lu 2020, section 4: words that mean something get both."""
    found = kept(embedding, demo)
    course = found["course"]
    assert (course["of"], course["documents"]) == ("embedding", len(demo.documents))
    assert list(course["words"]) == list(found["words"])[: module.FOLLOWED]
    table = np.abs(list(course["words"].values()))  # (words, steps, 1 + K)
    assert table.shape[1] == len(course["steps"]) > 1
    sizes = table[:, :, 0].mean(axis=0), table[:, :, 1:].mean(axis=(0, 2))
    for size in sizes:
        assert size[-1] > 2 * size[0]
    for word, rows in course["words"].items():
        assert rows[-1] == pytest.approx(found["words"][word][1:], rel=1e-3)


def test_of_a_blend_it_is_the_course_of_its_attention_over_sentences(
    cache: FeatureCache, demo: Demo, rubric: Rubric
) -> None:
    model = fit(cache, demo, "blend", rubric=rubric)
    assert list(model.views_)[:2] == ["sentences", "rubric"]
    course = kept(model, demo)["course"]
    assert course["of"] == "sentences"
    alone = fit(cache, demo, "sentences", rubric=rubric)
    stages = list(course["words"].values())
    assert len(stages) == module.FOLLOWED
    # Its attention is that of the same queries on their own; the blend only scales what they say.
    last = {word: rows[-1][0] for word, rows in course["words"].items()}
    expected = kept(alone, demo)["words"]
    both = last.keys() & expected.keys()
    assert len(both) > module.FOLLOWED / 2
    assert [last[word] for word in both] == pytest.approx(
        [expected[word][1] for word in both], rel=0.05
    )


def test_views_that_are_solved_at_once_and_versions_that_learnt_on_have_no_course(
    lexical: ProtocolClassifier, cache: FeatureCache, demo: Demo
) -> None:
    assert kept(lexical, demo)["course"] is None
    half = len(demo.documents) - 3
    model = ProtocolClassifier(SCALE, cache, kind="attention")
    model.fit(demo.documents[:half], demo.levels[:half])
    model.partial_fit(demo.documents, demo.levels)
    assert model.in_full_ == ""
    assert kept(model, demo)["course"] is None
