import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cer_assist.domain.artefacts import MADE_FOR, OtherRelease
from cer_assist.domain.errors import Cancelled, Corrupt, InvalidInput
from cer_assist.domain.rubric import Rubric
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FINGERPRINT, FeatureCache
from cer_assist.learning.kinds import KINDS, kind_for
from cer_assist.learning.metrics import calibration_error
from cer_assist.learning.ordinal import balanced_weights, between_level
from cer_assist.learning.out_of_fold import out_of_fold_probabilities
from cer_assist.learning.training import train
from tests.learning.shared import SCALE, Demo, a_text


@pytest.fixture(scope="module")
def fitted(cache: FeatureCache, demo: Demo, rubric: Rubric) -> ProtocolClassifier:
    model = ProtocolClassifier(SCALE, cache, rubric=rubric)
    return model.fit(demo.documents, demo.levels)


def small(demo: Demo, *levels: int, each: int = 5) -> Demo:
    """A few demo documents of some levels only."""
    chosen = [
        at for level in levels for at in np.flatnonzero(np.array(demo.levels) == level)[:each]
    ]
    return Demo([demo.documents[at] for at in chosen], [demo.levels[at] for at in chosen])


def test_probabilities_are_distributions_and_levels_are_decided_before_calibration(
    fitted: ProtocolClassifier, demo: Demo
) -> None:
    probabilities = fitted.predict_proba(demo.documents)
    assert probabilities.shape == (len(demo.documents), len(SCALE))
    assert np.allclose(probabilities.sum(axis=1), 1)
    decided = between_level(fitted.say(demo.documents).uncalibrated) + 1
    assert fitted.predict(demo.documents).tolist() == decided.tolist()
    assert np.mean(fitted.predict(demo.documents) == demo.levels) > 0.9  # it has read these


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_answers_the_same(
    kind: str, cache: FeatureCache, demo: Demo, tmp_path: Path
) -> None:
    part = small(demo, 1, 2, 4)
    model = ProtocolClassifier(SCALE, cache, kind=kind).fit(part.documents, part.levels)
    sha256 = model.save(tmp_path / "model")
    again = ProtocolClassifier.load(tmp_path / "model", sha256, cache)
    assert np.array_equal(model.predict_proba(demo.documents), again.predict_proba(demo.documents))
    assert (again.scale, again.kind, again.n_labels_) == (SCALE, kind, len(part.levels))
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".json", ".safetensors"}


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_flipped_bit_in_a_saved_model_is_found(
    name: str, fitted: ProtocolClassifier, cache: FeatureCache, tmp_path: Path
) -> None:
    sha256 = fitted.save(tmp_path / "model")
    path = tmp_path / "model" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt):
        ProtocolClassifier.load(tmp_path / "model", sha256, cache)


def test_a_model_made_for_other_features_is_refused(
    fitted: ProtocolClassifier, cache: FeatureCache, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"features": "0" * 64}))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(OtherRelease, match="train again"):
        ProtocolClassifier.load(path.parent, sha256, cache)


def test_what_models_are_made_for_names_the_features_as_they_are() -> None:
    """Whoever changes the features copies the new value; older models are then refused."""
    assert MADE_FOR["features"] == FINGERPRINT


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], "at least 6"),
        ([1, 2, 1, 2, 1], "at least 6"),
        ([3] * 8, "2 levels"),
        ([1, 2, 9, 1, 2, 1], "label 9"),
    ],
)
def test_labels_that_cannot_be_learnt_from_are_refused(
    levels: list[int], message: str, cache: FeatureCache, demo: Demo
) -> None:
    model = ProtocolClassifier(SCALE, cache)
    with pytest.raises(InvalidInput, match=message):
        model.fit(demo.documents[: len(levels)], levels)


def test_copies_of_one_protocol_do_not_count_as_many(cache: FeatureCache, demo: Demo) -> None:
    copies = [a_text(f"{demo.documents[0].text} Version {number}.") for number in range(8)]
    with pytest.raises(InvalidInput, match="copies"):
        ProtocolClassifier(SCALE, cache).fit(copies, [1, 2] * 4)


@pytest.mark.parametrize(
    ("scale", "levels"),
    [((1, 2, 3, 4, 5), (2, 5)), ((0, 1, 2), (0, 2)), ((0, 1, 2, 3, 4, 5, 6), (1, 3, 4))],
)
def test_any_scale_with_levels_missing_from_the_labels(
    scale: tuple[int, ...], levels: tuple[int, ...], cache: FeatureCache, demo: Demo
) -> None:
    few = demo.documents[:9]
    labels = [levels[at % len(levels)] for at in range(len(few))]
    result = train(few, labels, scale, cache=cache)
    probabilities = result.classifier.predict_proba(demo.documents)
    assert probabilities.shape == (len(demo.documents), len(scale))
    assert np.all(np.isfinite(probabilities))
    assert set(result.classifier.predict(demo.documents).tolist()) <= set(scale)
    assert result.metrics["n"] == 9


def test_no_label_leaks_into_what_is_said_of_its_own_document(
    cache: FeatureCache, demo: Demo
) -> None:
    """The figures of labels dealt out at random must be those of guessing."""
    shuffled = np.random.default_rng(5).permutation(demo.levels).tolist()
    result = train(demo.documents, shuffled, SCALE, cache=cache)
    assert abs(result.metrics["qwk"]["value"]) < 0.35
    learnt = train(demo.documents, demo.levels, SCALE, cache=cache)
    assert learnt.metrics["qwk"]["value"] > result.metrics["qwk"]["value"] + 0.2


def test_a_full_fit_starts_afresh_so_that_it_is_what_was_measured(
    cache: FeatureCache, demo: Demo, fitted: ProtocolClassifier, tmp_path: Path
) -> None:
    """Also the fold's models: earlier weights have read the documents that a fold is tested on."""
    earlier = tmp_path / "earlier", fitted.save(tmp_path / "earlier")
    how: dict[str, Any] = {"rubric": fitted.rubric, "previous": earlier, "in_full": "asked for"}
    again = train(demo.documents, demo.levels, SCALE, cache=cache, **how)
    assert again.in_full == "asked for"
    for name, logits in fitted.out_of_fold_.logits.items():
        assert np.array_equal(again.classifier.out_of_fold_.logits[name], logits)
    said = again.classifier.predict_proba(demo.documents)
    assert np.array_equal(said, fitted.predict_proba(demo.documents))


@pytest.mark.parametrize("how", ["truncated", "other weights", "gone"])
def test_an_unusable_earlier_model_only_means_starting_afresh(
    how: str, cache: FeatureCache, demo: Demo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = small(demo, 1, 4)
    lexical = train(part.documents, part.levels, SCALE, cache=cache, kind="lexical").classifier
    previous = tmp_path / "earlier", lexical.save(tmp_path / "earlier")
    manifest, weights = (previous[0] / name for name in ("model.json", "weights.safetensors"))
    whole = manifest.read_bytes()
    if how == "truncated":
        manifest.write_bytes(whole[: len(whole) // 2])
    elif how == "gone":
        manifest.unlink()
    else:  # the two files agree with each other, not with what was saved
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
        named = {"weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
        manifest.write_text(json.dumps(json.loads(whole) | named))
    result = train(
        part.documents, part.levels, SCALE, cache=cache, kind="lexical", previous=previous
    )
    assert result.metrics["n"] == len(part.levels)
    assert result.in_full == "the earlier model cannot be opened"
    assert "earlier model" in caplog.text


def test_metrics_say_on_what_they_were_measured_and_are_json(
    fitted: ProtocolClassifier, cache: FeatureCache, demo: Demo
) -> None:
    result = train(demo.documents, demo.levels, SCALE, cache=cache, rubric=fitted.rubric)
    found = json.loads(json.dumps(result.metrics))
    for name in ("accuracy", "macro_f1", "qwk", "mae", "within_one", "ece", "ace"):
        assert set(found[name]) == {"value", "low", "high"}, name
    assert found["n"] == len(demo.levels) == np.sum(found["confusion"])
    assert "near-duplicates kept together" in found["measured_on"]
    said = out_of_fold_probabilities(fitted.out_of_fold_, kind_for(fitted.kind, fitted.rubric))
    right = fitted.decide(said.uncalibrated) == fitted.out_of_fold_.levels
    assert found["accuracy"]["value"] == pytest.approx(right.mean())
    for when, said_then in (("before", said.uncalibrated), ("after", said.probabilities)):
        error = calibration_error(fitted.out_of_fold_.levels, said_then)
        assert found["calibration"]["ece"][when]["value"] == pytest.approx(error)
        bins = found["reliability"][when]
        assert sum(one["n"] for one in bins) == found["n"]
    assert result.seconds > 0


def test_the_same_seed_trains_the_same_model(cache: FeatureCache, demo: Demo) -> None:
    part = small(demo, 1, 2, 3)
    one, other = (
        ProtocolClassifier(SCALE, cache, seed=4).fit(part.documents, part.levels) for _ in range(2)
    )
    assert np.array_equal(one.predict_proba(demo.documents), other.predict_proba(demo.documents))


def test_progress_rises_to_one_and_can_stop_training(cache: FeatureCache, demo: Demo) -> None:
    shares: list[float] = []
    part = small(demo, 1, 3)

    def note(share: float, message: str) -> None:
        shares.append(share)

    train(part.documents, part.levels, SCALE, cache=cache, progress=note)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)

    def stop(share: float, message: str) -> None:
        if share > 0.5:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        train(part.documents, part.levels, SCALE, cache=cache, progress=stop)


def test_rare_levels_count_more_but_not_as_much_as_they_are_rare() -> None:
    numbers = np.array([0] * 9 + [1] + [2] * 5)
    weights = balanced_weights(numbers, numbers < 2)
    assert weights[numbers == 2].tolist() == [0.0] * 5
    assert weights[numbers < 2].mean() == pytest.approx(1.0)
    assert weights[9] / weights[0] == pytest.approx(3.0)
