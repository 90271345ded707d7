import json

import numpy as np
import pytest

from cer_assist.domain.errors import Cancelled
from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.explain.attribution import attribute
from cer_assist.explain.evidence import evidence_strength
from cer_assist.explain.weighed import LEVEL_WORDS, weigh
from cer_assist.explain.words import TOP_WORDS, Suggestion, suggest
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import KINDS
from cer_assist.learning.progress import silent
from cer_assist.learning.text import FUNCTION_WORDS, is_content
from tests.learning.shared import SCALE, Demo, a_text


@pytest.fixture(scope="module")
def model(cache: FeatureCache, demo: Demo) -> ProtocolClassifier:
    return ProtocolClassifier(SCALE, cache).fit(demo.documents, demo.levels)


@pytest.fixture(scope="module")
def suggestions(model: ProtocolClassifier, demo: Demo) -> list[Suggestion]:
    return suggest(model, demo.documents)


def top_words(cache: FeatureCache, demo: Demo, levels: list[int], level: int) -> set[str]:
    fitted = ProtocolClassifier(SCALE, cache).fit(demo.documents, levels)
    return {row["word"] for row in weigh(fitted, demo.documents, levels).level_words()[level][:20]}


def test_the_words_of_a_level_are_found_in_its_labels_not_written_in(
    cache: FeatureCache, demo: Demo
) -> None:
    flyers, board = {"recruitment", "flyers"}, {"committee", "board"}
    assert top_words(cache, demo, demo.levels, 2) & flyers
    assert top_words(cache, demo, demo.levels, 5) & board
    rotated = [level % 5 + 1 for level in demo.levels]  # what was a 2 is now called a 3
    assert top_words(cache, demo, rotated, 3) & flyers
    assert not top_words(cache, demo, rotated, 2) & flyers
    assert top_words(cache, demo, rotated, 1) & board
    assert not top_words(cache, demo, rotated, 5) & {"committee"}


def test_words_are_exact_spans_in_order_of_weight(demo: Demo, suggestions) -> None:
    for document, found in zip(demo.documents, suggestions, strict=True):
        weights = [word.weight for word in found.words]
        assert weights == sorted(weights, reverse=True)
        assert 0 < sum(weights) <= 1 + 1e-9
        assert len(found.words) <= TOP_WORDS
        for word in found.words:
            assert document.text[word.start : word.end] == word.text
            assert is_content(word.text)
            assert word.level == found.level


def test_a_suggestion_holds_together(model, demo: Demo, suggestions) -> None:
    expected = model.predict_proba(demo.documents)
    decided = model.predict(demo.documents).tolist()
    for found, row, level in zip(suggestions, expected, decided, strict=True):
        assert found.probabilities == pytest.approx(tuple(row), abs=1e-6)
        assert found.level == level
        mean = row @ np.array(SCALE)
        assert found.uncertainty == pytest.approx(row @ (np.array(SCALE) - mean) ** 2, abs=1e-5)
        assert 0 <= found.evidence_strength <= 1


def test_words_in_any_script_and_texts_without_words(model: ProtocolClassifier) -> None:
    texts = [
        "👩\u200d🔬 La comunida\u0301d de\u0301cide. Le comité ﬁxe les règles: 委員会 שותפים",
        "12 — 3!",
        "of",
    ]
    found = suggest(model, [a_text(text) for text in texts])
    for word in found[0].words:
        assert texts[0][word.start : word.end] == word.text
    assert found[1].words == found[2].words == ()
    assert found[1].evidence_strength == 0.0
    assert sum(found[2].probabilities) == pytest.approx(1)


def test_top_words_carry_more_than_random_ones(model, cache, demo: Demo) -> None:
    """Given at random, weights must earn no strength; the model's own must earn some."""
    readings = cache.readings(demo.documents, silent)
    generator = np.random.default_rng(3)
    own, random = [], []
    for seen in attribute(model, readings):
        level = int(seen.probabilities.argmax())
        weights = np.maximum(seen.contributions[level], 0)
        own.append(evidence_strength(seen, level, weights))
        random.append(evidence_strength(seen, level, generator.permutation(weights)))
    assert np.median(own) > 0.1
    assert np.median(random) < 0.05
    assert np.mean(np.array(own) > np.array(random)) > 0.9


def test_level_words_are_json_with_counts_and_polarity(model, demo: Demo) -> None:
    found = json.loads(json.dumps(weigh(model, demo.documents, demo.levels).level_words()))
    texts = [document.text.casefold() for document in demo.documents]
    for level, rows in found.items():
        assert 0 < len(rows) <= LEVEL_WORDS
        assert rows[0]["weight"] == 1
        for row in rows:
            assert row["word"] not in FUNCTION_WORDS
            assert row["n_documents"] >= 2
            holding = [
                mine == int(level) and row["word"] in text
                for text, mine in zip(texts, demo.levels, strict=True)
            ]
            assert row["n_documents"] <= sum(holding)
            assert 0 <= row["attention"] <= 1
            assert set(row["polarity"]) == {str(value) for value in SCALE}


def test_a_word_that_speaks_for_a_level_has_positive_polarity_there(model, demo: Demo) -> None:
    found = weigh(model, demo.documents, demo.levels).level_words()
    rows = [(level, row) for level, table in found.items() for row in table[:10]]
    assert np.mean([row["polarity"][str(level)] > 0 for level, row in rows]) > 0.9


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_shows_the_words_it_goes_by(kind: str, cache: FeatureCache, demo: Demo) -> None:
    few = [at for at, level in enumerate(demo.levels) if level in (1, 4)][:20]
    beginnings = [a_text(demo.documents[at].text[:400]) for at in few]
    levels = [demo.levels[at] for at in few]
    # The most probable level: for one between 1 and 4, taken when torn, no word may speak.
    fitted = ProtocolClassifier(SCALE, cache, kind=kind, decoding="mode").fit(beginnings, levels)
    for document, found in zip(beginnings, suggest(fitted, beginnings), strict=True):
        assert 0 < len(found.words) <= TOP_WORDS
        assert 0 <= found.evidence_strength <= 1
        assert sum(found.probabilities) == pytest.approx(1)
        for word in found.words:
            assert document.text[word.start : word.end] == word.text
            assert is_content(word.text)
    assert weigh(fitted, beginnings, levels).level_words().keys() == set(SCALE)


def test_suggesting_can_be_stopped(model: ProtocolClassifier, demo: Demo) -> None:
    def stop(share: float, message: str) -> None:
        raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        suggest(model, demo.documents, stop)


def test_attended_words_have_most_attention_in_a_levels_documents(model, demo: Demo) -> None:
    weighed = weigh(model, demo.documents, demo.levels)
    for level, found in weighed.attended_words().items():
        sums = {word: tally.attention for word, tally in weighed.by_level[level].items()}
        listed = [sums[row["word"]] for row in found]
        assert listed == sorted(listed, reverse=True)
        kept = {row["word"] for row in found}
        others = [
            sums[word]
            for word, tally in weighed.by_level[level].items()
            if word not in kept and tally.documents >= MIN_WORD_PROTOCOLS
        ]
        assert max(others, default=0.0) <= listed[-1]
        assert found[0]["weight"] == 1
