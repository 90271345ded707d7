import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from cer_assist.domain.rubric import Rubric
from cer_assist.explain.attribution import Attribution
from cer_assist.explain.chance import STRATA, Frequencies, dealt_anew
from cer_assist.explain.evidence import reached_by_luck, weak_below
from cer_assist.explain.faithfulness import SHARES, faithfulness
from cer_assist.explain.measured import Measured
from cer_assist.explain.methods import METHODS
from cer_assist.explain.overlap import overlap
from cer_assist.explain.words import suggest
from cer_assist.learning.calibration import Blend
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.marking import marked_words
from cer_assist.learning.ordinal import sigmoid
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import read
from cer_assist.learning.views.base import Seen
from tests.learning.shared import SCALE, Demo, a_reading, a_text

WORTH = np.array([4.0] * 5 + [0.0] * 95)  # of a hundred words, in the logit of "higher than 1?"


def a_document() -> Attribution:
    """Two levels; a word's worth is what the logit loses without it."""

    def without(removed: np.ndarray) -> np.ndarray:
        return (~removed @ WORTH - WORTH.sum() / 2)[:, None]

    logits = without(np.zeros((1, len(WORTH)), bool))[0]
    seen = Seen(logits, np.full(100, 0.01), WORTH[None], without)
    above = float(sigmoid(logits[0]))
    levels = np.array([1 - above, above])
    found = np.stack([-WORTH, WORTH])
    words = a_reading([7] * 100)
    return Attribution(
        words, levels, levels, seen.attention, found, None, False, Blend((1.0,), 1.0), (seen,), ()
    )


def test_words_that_carry_everything_are_comprehensive_and_sufficient() -> None:
    found = faithfulness(a_document(), 1, WORTH)
    full, nothing, one_left, one = sigmoid(np.array([10.0, -10.0, 6.0, -6.0]))
    # One word of a hundred is the smallest share; the next, five, are all that carry anything.
    assert found.comprehensiveness == pytest.approx(full - (one_left + 4 * nothing) / 5)
    assert found.sufficiency == pytest.approx(full - (one + 4 * full) / 5)
    # Both curves are straight between their eleven points, so they turn within the first tenth.
    assert found.deletion == pytest.approx(full * 0.05, abs=1e-3)
    assert found.insertion == pytest.approx(full * 0.95, abs=1e-3)


def test_words_that_carry_nothing_are_neither() -> None:
    found = faithfulness(a_document(), 1, -WORTH)
    full, nothing = sigmoid(np.array([10.0, -10.0]))
    assert found.comprehensiveness == pytest.approx(0, abs=1e-9)
    assert found.sufficiency == pytest.approx(full - nothing)


def test_every_share_takes_a_word_and_no_share_takes_none() -> None:
    assert min(SHARES) * 20 < 1
    found = faithfulness(a_document(), 1, np.arange(100.0))
    assert all(np.isfinite(found))


@given(st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_dealing_keeps_the_weights_within_words_of_like_frequency(words: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    frequency = generator.permutation(words)
    weights = np.arange(float(words))
    dealt = dealt_anew(weights, frequency, generator)
    assert sorted(dealt) == sorted(weights)
    for group in np.array_split(np.argsort(frequency), STRATA):
        assert set(dealt[group]) == set(weights[group])


def test_frequencies_count_documents_not_occurrences() -> None:
    board, flyer, unheard = 3, 8, 9
    documents = [a_reading([board, board, flyer]), a_reading([board])]
    found = Frequencies.of(documents)
    assert found.in_document(a_reading([flyer, board, unheard])).tolist() == [1, 2, 0]
    assert Frequencies.of([]).in_document(documents[0]).tolist() == [0, 0, 0]


def test_marked_words_are_those_the_span_touches() -> None:
    words = a_reading([1, 2, 3])
    (_, _), (start, end), (third, _) = words.words.tolist()
    assert marked_words(words, [(start, end)]).tolist() == [False, True, False]
    assert marked_words(words, [(end - 1, third + 1)]).tolist() == [False, True, True]
    assert not marked_words(words, [(start, start)]).any()
    assert not marked_words(words, []).any()


def test_overlap_is_average_precision_and_the_share_of_as_many_top_words() -> None:
    weights = np.array([0.9, 0.1, 0.8, 0.3])
    marked = np.array([True, False, False, True])
    found = overlap(weights, marked)
    assert found is not None
    assert found.f1 == 0.5
    assert found.auprc == pytest.approx((1 + 2 / 3) / 2)
    assert found.auprc == average_precision_score(marked, weights)
    assert overlap(weights, np.zeros(4, bool)) is None
    assert overlap(weights, np.ones(4, bool)) is None


def test_evidence_is_weak_where_random_words_carry_as_much() -> None:
    assert reached_by_luck([]) == 0
    assert reached_by_luck(list(np.arange(101) / 100)) == pytest.approx(0.95)


def test_a_models_own_threshold_lies_above_chance_and_below_its_words(
    cache: FeatureCache, demo: Demo
) -> None:
    model = ProtocolClassifier(SCALE, cache, kind="lexical").fit(demo.documents, demo.levels)
    threshold = weak_below(model, demo.documents)
    strengths = [found.evidence_strength for found in suggest(model, demo.documents)]
    assert 0 < threshold < np.median(strengths)
    assert weak_below(model, []) == 0


@pytest.fixture(scope="module")
def figures(cache: FeatureCache, demo: Demo) -> dict:
    half = len(demo.documents) // 2
    tested = demo.documents[half:], demo.levels[half:]
    # The first sentence of each second protocol is what somebody marked.
    marked = {d.key: [(0, d.text.index(".") + 1)] for d in tested[0][::2]}
    measured = Measured(*tested, SCALE, cache, marked)
    for part in (slice(0, half), slice(0, half - 6)):
        model = ProtocolClassifier(SCALE, cache, kind="attention")
        measured.add(model.fit(demo.documents[part], demo.levels[part]), tested[0])
    return measured.figures()


def test_gradients_are_measured_to_carry_more_than_random_words(figures: dict) -> None:
    own, random = (figures["methods"][name] for name in ("gradients", "random"))
    assert own["comprehensiveness"]["low"] > 2 * random["comprehensiveness"]["high"]
    assert own["strength"]["low"] > random["strength"]["high"]
    times = figures["times_random"]["gradients"]
    assert times["comprehensiveness"]["low"] > 2
    assert times["deletion"]["high"] < 1 < times["insertion"]["low"]


def test_figures_say_what_they_were_measured_on(figures: dict, demo: Demo) -> None:
    tested = len(demo.documents) - len(demo.documents) // 2
    assert figures["n"] == tested
    assert figures["marked"]["n"] == (tested + 1) // 2
    assert 0 < figures["marked"]["rate"]["value"] < 0.5
    used = METHODS.keys() - {"in_passages", "supervised"}  # no model had learnt marks
    assert figures["times_random"].keys() == used
    assert [(pair["method"], pair["other"]) for pair in figures["compared"]] == [
        ("attended", "single")
    ]
    for method in used:
        assert 0 < figures["stability"][method]["tau"]["value"] <= 1
        assert 0 < figures["stability"][method]["top"]["value"] <= 1
        assert figures["methods"][method].keys() >= {"auprc", "f1", "strength"}


def test_a_document_of_few_words_is_left_out(cache: FeatureCache, demo: Demo) -> None:
    model = ProtocolClassifier(SCALE, cache, kind="lexical").fit(demo.documents, demo.levels)
    few = [a_text("Neighbours chose the questions.")]
    measured = Measured(few, [4], SCALE, cache, {})
    measured.add(model, few)
    assert measured.figures()["n"] == 0
    assert read(next(iter(cache.read(few, silent)))).words.shape[0] < 20


def test_a_document_without_a_rank_does_not_undo_the_figure(
    cache: FeatureCache, demo: Demo, rubric: Rubric
) -> None:
    """All of one sentence has the same attention: it cannot be compared with gradients."""
    model = ProtocolClassifier(SCALE, cache, kind="sentences", rubric=rubric)
    model.fit(demo.documents, demo.levels)
    words = re.findall(r"\w+", demo.documents[0].text)[:60]
    tested = [a_text(" ".join(words)), *demo.documents[:3]]
    measured = Measured(tested, [1, *demo.levels[:3]], SCALE, cache, {})
    measured.add(model, tested)
    assert measured.figures()["n"] == len(tested)
    assert measured.figures()["agreement"]["value"] is not None
