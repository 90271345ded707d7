"""A tuned encoder knows its labels by heart: figures on it must not come from what it has read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cer_assist.learning.calibration import Said
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.deep.decision import compare, is_better
from cer_assist.learning.deep.judges import NOBODY, Learnt, deal
from cer_assist.learning.deep.refresh import Paused, Plan, Refresh, folds_for
from cer_assist.learning.deep.tuned import TunedEncoders
from cer_assist.learning.deep.tuning import Recipe
from cer_assist.learning.documents import Document
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import clusters_of, minhashes, near_duplicate_clusters
from cer_assist.learning.kinds import KINDS
from cer_assist.learning.metrics import confusion, quadratic_kappa
from cer_assist.learning.out_of_fold import OutOfFold, out_of_fold_probabilities
from cer_assist.learning.progress import silent
from tests.learning.shared import a_text, quick_projection, single_sentences
from tests.learning.test_deep import flip_a_bit
from tests.learning.test_folds import dropping_words

__all__ = ["quick_projection"]
SCALE = (1, 2, 3)
KIND = "meaning"
BY_HEART = Recipe(layers=1, epochs=8, rate=2e-3, head_rate=1e-2, documents=16)


@pytest.fixture(scope="module")
def snippets() -> list[Document]:
    """Single sentences of the demo texts, no two of them alike."""
    found = [a_text(text) for text in single_sentences(70)]
    assert len(set(near_duplicate_clusters([one.text for one in found]))) == 70
    return found


@pytest.fixture(scope="module")
def refresh(
    snippets: list[Document], tmp_path_factory: pytest.TempPathFactory, quick_projection: None
) -> Refresh:
    """Of labels that say nothing about the texts."""
    levels = np.random.default_rng(7).choice(SCALE, len(snippets)).tolist()
    folder = tmp_path_factory.mktemp("refresh")
    numbers = np.array(levels) - SCALE[0]
    plan = Plan(snippets, levels, folds_for(snippets, numbers, None, 0), SCALE, KIND)
    current = FeatureCache(folder / "features", Encoder())
    return Refresh(folder / "scratch", plan, folder / "features", current, None, BY_HEART)


def kappa(found: OutOfFold) -> float:
    decided = out_of_fold_probabilities(found, KINDS[KIND]).uncalibrated.argmax(axis=1)
    return float(quadratic_kappa(confusion(found.levels, decided, len(SCALE))))


def test_random_labels_learnt_by_heart_leave_the_figures_at_guessing(
    refresh: Refresh, snippets: list[Document], tmp_path: Path
) -> None:
    sha256 = refresh.finish(silent, tmp_path / "tuned")
    encoders = TunedEncoders.load(tmp_path / "tuned", sha256)
    reader = encoders.reader(refresh.features, None)
    judges = encoders.judges(refresh.features, None)
    levels = refresh.plan.levels
    naive = ProtocolClassifier(SCALE, reader, kind=KIND).fit(snippets, levels).out_of_fold_
    fitted = ProtocolClassifier(SCALE, reader, kind=KIND, judges=judges).fit(snippets, levels)
    honest = fitted.out_of_fold_
    assert np.array_equal(naive.fold_of, honest.fold_of)
    assert abs(kappa(honest)) < 0.3 < kappa(naive) - 0.5
    _its_model_wants_its_encoder(fitted, refresh.current, tmp_path / "model")
    compared = refresh.compared(silent)
    assert not compared.better
    assert compared.n == len(snippets)


def _its_model_wants_its_encoder(
    fitted: ProtocolClassifier, other: FeatureCache, folder: Path
) -> None:
    sha256 = fitted.save(folder)
    assert ProtocolClassifier.load(folder, sha256, fitted.cache).n_labels_ == fitted.n_labels_
    with pytest.raises(Exception, match="another encoder"):
        ProtocolClassifier.load(folder, sha256, other)


def test_a_refresh_goes_on_from_what_is_finished_and_makes_damaged_parts_again(
    refresh: Refresh, tmp_path: Path
) -> None:
    stopped = Refresh(
        tmp_path,
        refresh.plan,
        tmp_path / "features",
        refresh.current,
        None,
        Recipe(layers=1, epochs=1),
    )
    with pytest.raises(Paused):
        stopped.readers(pausing_at("fold 2 of 5"))
    assert {file.name for file in tmp_path.glob("fold-*")} == {"fold-0.tuned", "fold-1.state"}
    first = (tmp_path / "fold-0.tuned").read_bytes()
    flip_a_bit(tmp_path / "fold-1.state")
    flip_a_bit(tmp_path / "fold-0.tuned")
    told: list[str] = []
    assert len(stopped.readers(lambda share, note: told.append(note))) == 5
    assert told[0] == "fold 1 of 5, pass 1 of 1"
    assert (tmp_path / "fold-0.tuned").read_bytes() == first
    told.clear()
    stopped.readers(lambda share, note: told.append(note))
    assert told == []


def pausing_at(note: str):
    def look(share: float, said: str) -> None:
        if said.startswith(note):
            raise Paused

    return look


BOARD = "The community board of twelve residents decides with the researchers on every step. " * 3
MICE = "Mice of both sexes received a single dose of the compound and were weighed each day. " * 3
FORM = "Participants fill in a form about sleep, pain and mood at home once in every week. " * 3


def near(text: str) -> str:
    return dropping_words(text, 0.1, seed=1)


@pytest.mark.parametrize(
    ("labelled", "expected"),
    [
        ([BOARD, MICE], [0, 1]),  # what was learnt from keeps its fold
        ([BOARD, MICE, near(MICE)], [0, 1, 1]),  # a near-copy goes with it
        ([MICE, near(BOARD)], [1, 0]),  # also when what it copies is labelled no more
        ([BOARD, MICE, BOARD + MICE], [0, 1, NOBODY]),  # all encoders may know it
        ([BOARD + MICE], [NOBODY]),
    ],
)
def test_near_copies_go_with_what_an_encoder_has_learnt(
    labelled: Sequence[str], expected: list[int]
) -> None:
    learnt = Learnt({BOARD: 0, MICE: 1}, minhashes([BOARD, MICE]))
    clusters = near_duplicate_clusters(labelled)
    numbers = np.zeros(len(labelled), int)
    found = deal(learnt, [a_text(text) for text in labelled], numbers, clusters, 0)
    assert found.tolist() == expected


def test_versions_that_encoders_learnt_in_two_folds_are_judged_by_none() -> None:
    learnt = Learnt({BOARD: 0, MICE: 1, FORM: 2}, minhashes([BOARD, MICE, FORM]))
    documents = [replace(a_text(text), study=study) for text, study in STUDY]
    clusters = clusters_of(documents)
    assert clusters.tolist() == [0, 0, 1, 0]
    found = deal(learnt, documents, np.zeros(4, int), clusters, 0)
    assert found.tolist() == [NOBODY, NOBODY, 2, NOBODY]


STUDY = [(BOARD, 7), (MICE, 7), (FORM, None), ("A new text of the same study, all rewritten.", 7)]


def test_documents_that_no_encoder_knows_are_dealt_to_all_folds() -> None:
    learnt = Learnt({BOARD: 3}, minhashes([BOARD]))
    texts = [BOARD, *(f"{FORM[:40]} unlike number {at} " * 3 + str(at) * 90 for at in range(10))]
    documents = [a_text(text) for text in texts]
    numbers = np.arange(11) % 2
    found = deal(learnt, documents, numbers, np.arange(11), 0)
    assert found[0] == 3
    assert np.bincount(found[1:], minlength=5).tolist() == [2] * 5


@pytest.mark.parametrize(
    ("lowest_gain", "mae_change", "expected"),
    [
        (0.001, -0.1, True),
        (0.001, 0.0, True),
        (0.001, 0.01, False),  # in better order, but further off
        (0.0, -0.1, False),
        (-0.01, -0.1, False),
        (None, -0.1, False),
    ],
)
def test_it_is_used_only_where_it_is_better_beyond_chance(
    lowest_gain: float | None, mae_change: float, expected: bool
) -> None:
    assert is_better(lowest_gain, mae_change) is expected


def said(decided: np.ndarray) -> Said:
    sure = np.full((len(decided), 3), 0.1) + 0.7 * np.eye(3)[decided]
    return Said(sure, sure)


def test_the_comparison_is_paired_by_document() -> None:
    """One gains where the other stands still: certain, though their own intervals overlap."""
    generator = np.random.default_rng(0)
    levels = generator.integers(0, 3, 300)
    wrong = generator.random(300) < 0.5
    before = np.where(wrong, 2 - levels, levels)
    after = np.where(wrong & (generator.random(300) < 0.8), 2 - levels, levels)
    found = compare(levels, said(before), said(after), decoding="mode", seed=0)
    assert found.better
    gain = found.gains["qwk"]
    value, low, high = (gain[name] or 0.0 for name in ("value", "low", "high"))
    assert low < value < high
    assert gain["value"] == pytest.approx(found.after["qwk"] - found.before["qwk"])
    back = compare(levels, said(after), said(before), decoding="mode", seed=0)
    assert not back.better
    assert not compare(levels, said(before), said(before), decoding="mode", seed=0).better
