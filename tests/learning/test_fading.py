"""What the rubric alone says counts for less with every label, and never for its own copies."""

import numpy as np
import pytest

from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import KINDS, LABELS_WORTH, kind_for, shares_of, views_of
from cer_assist.learning.views.cold_start import demo_protocols, lends
from tests.learning.shared import SCALE, Demo, a_text
from tests.learning.test_cold_start import OTHER

ROLES = (
    "Patients of the hospital are randomised to two doses and bled on day {}.",
    "Shop {} puts up flyers for us; otherwise it has no part in the study.",
    "Health workers of village {} visit the families after we have trained them.",
    "The advisory board of town {} helps with the design and explains results with us.",
    "The council of tribe {} decides with us at every step and owns all data.",
)


@pytest.fixture(scope="module")
def texts() -> list[Document]:
    generator = np.random.default_rng(0)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    found = []
    for at, role in enumerate(ROLES * 2):
        words = ["".join(generator.choice(syllables, 3)) for _ in range(30)]
        found.append(a_text(" ".join([*words, "ends here.", role.format(at)])))
    return found


def fitted(
    cache: FeatureCache, rubric: Rubric | None, documents: list[Document], **to_judge
) -> ProtocolClassifier:
    model = ProtocolClassifier(SCALE, cache, rubric=rubric, **to_judge)
    return model.fit(documents, [SCALE[at % 5] for at in range(len(documents))])


def test_its_share_falls_with_every_label_and_the_others_keep_their_proportions() -> None:
    kind = KINDS["blend"]
    views = views_of(kind, rubric_lends=True)
    assert views == (*kind.views, "cold_start")
    last = 1.0
    for labels in (1, 10, LABELS_WORTH, 100, 1000):
        for row, alone in zip(shares_of(kind, views, labels), kind.shares, strict=True):
            assert sum(row) == pytest.approx(1.0)
            assert np.array(row[:-1]) == pytest.approx((1 - row[-1]) * np.array(alone))
            share = row[-1]
        assert share < last
        assert labels != LABELS_WORTH or share == pytest.approx(0.5)
        last = share
    assert last == 0  # a share too small to matter is none, and the view is left out


def test_kinds_without_it_and_problems_that_it_knows_nothing_of_stay_as_they_are() -> None:
    assert views_of(KINDS["lexical"], rubric_lends=True) == ("lexical",)
    kind = KINDS["blend"]
    assert shares_of(kind, views_of(kind, rubric_lends=False), 10) == kind.shares


@pytest.mark.parametrize("name", KINDS)
def test_shares_are_one_in_all_with_a_rubric_and_without(name: str, rubric: Rubric) -> None:
    for kind in (kind_for(name, rubric), kind_for(name, None)):
        for row in kind.shares:
            assert len(row) == len(kind.views)
            assert sum(row) == pytest.approx(1.0)


def test_without_a_rubric_the_default_reads_more(rubric: Rubric) -> None:
    assert set(kind_for("blend", None).views) > set(kind_for("blend", rubric).views)
    assert kind_for("lexical", None) is kind_for("lexical", rubric)


def test_with_few_labels_the_rubric_alone_has_its_share(
    cache: FeatureCache, rubric: Rubric, texts: list[Document]
) -> None:
    model = fitted(cache, rubric, texts)
    assert model.blend_.shares[-1] == pytest.approx(LABELS_WORTH / (LABELS_WORTH + len(texts)))
    assert list(model.views_)[-1] == "cold_start"
    assert "cold_start" in model.out_of_fold_.logits
    assert "cold_start" not in fitted(cache, None, texts).views_
    other = ProtocolClassifier((0, 1, 2), cache, rubric=parse_rubric(OTHER))
    other.fit(texts, [at % 3 for at in range(len(texts))])
    assert "cold_start" not in other.views_


def test_it_says_nothing_of_documents_that_its_teachers_are_copies_of(
    cache: FeatureCache, rubric: Rubric, demo: Demo, texts: list[Document]
) -> None:
    learnt = ProtocolClassifier(SCALE, cache, rubric=rubric).fit(demo.documents, demo.levels)
    assert "cold_start" not in learnt.views_
    assert "cold_start" not in fitted(cache, rubric, texts, to_judge=demo.documents).views_


def test_copies_of_a_few_demo_protocols_cost_only_those(
    cache: FeatureCache, rubric: Rubric, demo: Demo, texts: list[Document]
) -> None:
    model = fitted(cache, rubric, [*texts, *demo.documents[:5]])
    assert "cold_start" in model.views_
    whole = fitted(cache, rubric, texts)
    one, other = (found.views_["cold_start"].arrays()["weights"] for found in (model, whole))
    assert not np.array_equal(one, other)


def test_of_every_level_some_must_be_left_to_learn_from(rubric: Rubric) -> None:
    levels = demo_protocols().levels
    assert lends(rubric, np.ones(len(levels), bool))
    assert not lends(rubric, levels != 4)
    assert not lends(None, np.ones(len(levels), bool))
