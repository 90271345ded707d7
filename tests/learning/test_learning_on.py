"""`partial_fit` and what the worker makes of it: replay, full fits where they are due."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import parse_rubric
from cer_assist.learning import classifier
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.kinds import KINDS
from cer_assist.learning.progress import silent
from cer_assist.learning.training import train
from cer_assist.learning.views import VIEWS
from tests.learning.shared import SCALE, Demo

KIND = "attention"  # a view that starts from its earlier weights


def some(demo: Demo, which: Any) -> Demo:
    """A few demo documents by position."""
    return Demo([demo.documents[at] for at in which], [demo.levels[at] for at in which])


def shuffled(demo: Demo) -> Demo:
    return some(demo, np.random.default_rng(0).permutation(len(demo.levels)))


def on(demo: Demo, *levels: int) -> np.ndarray:
    """Positions of the documents of some levels, in a random order."""
    found = np.flatnonzero(np.isin(demo.levels, levels))
    return np.random.default_rng(0).permutation(found)


@dataclass(frozen=True)
class Saved:
    """A fitted model on disk, as the worker finds it."""

    model: ProtocolClassifier
    place: tuple[Path, str]

    def read(self, cache: FeatureCache) -> ProtocolClassifier:
        return ProtocolClassifier.load(*self.place, cache)


def saved(model: ProtocolClassifier, folder: Path) -> Saved:
    return Saved(model, (folder, model.save(folder)))


@pytest.fixture
def earlier(cache: FeatureCache, demo: Demo, tmp_path: Path) -> Saved:
    """A model of the first 18 shuffled documents."""
    first = some(shuffled(demo), range(18))
    model = ProtocolClassifier(SCALE, cache, kind=KIND).fit(first.documents, first.levels)
    return saved(model, tmp_path / "earlier")


def test_a_fresh_classifier_is_fitted_and_then_learns_on_by_batches(
    cache: FeatureCache, demo: Demo
) -> None:
    order = shuffled(demo)
    model = ProtocolClassifier(SCALE, cache, kind="lexical")
    full, reasons = [], []
    for start in range(0, 40, 5):
        batch = some(order, range(start, start + 5) if start else range(10))
        model.partial_fit(batch.documents, batch.levels)
        full.append(len(model.out_of_fold_.levels))
        reasons.append(model.in_full_)
        assert model.n_labels_ == max(10, start + 5)
    assert reasons[0] == "it had learnt nothing yet"
    assert "" in reasons  # it did learn on in between
    assert {n for n, why in zip(full, reasons, strict=True) if why} == set(full)
    grown = [max(10, 5 * at + 5) / n for at, n in enumerate(full)]
    assert max(grown) < 2.5


def test_blend_and_calibration_stay_those_of_the_last_full_fit(
    cache: FeatureCache, demo: Demo
) -> None:
    order = shuffled(demo)
    first, more = some(order, range(24)), some(order, range(24, 30))
    model = ProtocolClassifier(SCALE, cache).fit(first.documents, first.levels)
    blend, names = model.blend_, list(model.views_)
    before = model.predict_proba(demo.documents)
    model.partial_fit(more.documents, more.levels)
    assert model.in_full_ == ""
    assert (model.blend_, list(model.views_)) == (blend, names)
    assert (len(model.out_of_fold_.levels), model.n_labels_) == (24, 30)
    assert not np.array_equal(model.predict_proba(demo.documents), before)
    assert model.memory_ is not None
    assert model.memory_.since.n == 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_was_read_back_learns_on_like_one_that_was_not(
    kind: str, cache: FeatureCache, demo: Demo, tmp_path: Path
) -> None:
    """It is given all labels, for it has no texts to replay."""
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))
    order = shuffled(demo)
    first, more, both = some(order, range(24)), some(order, range(24, 29)), some(order, range(29))
    model = ProtocolClassifier(SCALE, cache, kind=kind, rubric=rubric)
    again = saved(model.fit(first.documents, first.levels), tmp_path / "m").read(cache)
    again.partial_fit(both.documents, both.levels)
    model.partial_fit(more.documents, more.levels)
    assert model.in_full_ == again.in_full_
    assert model.memory_ == again.memory_
    assert np.allclose(model.predict_proba(demo.documents), again.predict_proba(demo.documents))


def test_a_model_that_was_read_back_refuses_to_forget(
    cache: FeatureCache, demo: Demo, earlier: Saved
) -> None:
    batch = some(shuffled(demo), range(18, 24))
    with pytest.raises(InvalidInput, match="18 of the 18 protocols it has learnt are missing"):
        earlier.read(cache).partial_fit(batch.documents, batch.levels)


def test_a_level_that_changed_has_everything_fitted_anew(cache: FeatureCache, demo: Demo) -> None:
    first = some(shuffled(demo), range(24))
    model = ProtocolClassifier(SCALE, cache, kind="lexical").fit(first.documents, first.levels)
    other = 1 if first.levels[0] != 1 else 2
    model.partial_fit(first.documents[:1], [other])
    assert model.in_full_ == "1 of the labels it had learnt have changed"
    assert model.n_labels_ == 24  # the label took the place of the old one


def test_labels_that_contradict_it_have_everything_fitted_anew(
    cache: FeatureCache, demo: Demo
) -> None:
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))
    order = shuffled(demo)
    first, more = some(order, range(30)), some(order, range(30, 36))
    model = ProtocolClassifier(SCALE, cache, rubric=rubric).fit(first.documents, first.levels)
    model.partial_fit(more.documents, more.levels)
    assert (model.in_full_, len(model.out_of_fold_.levels)) == ("", 30)
    ends = [at for at in range(36, len(order.levels)) if order.levels[at] != 3][:8]
    last = some(order, ends)
    model.partial_fit(last.documents, [6 - level for level in last.levels])
    assert "contradict" in model.in_full_
    assert len(model.out_of_fold_.levels) == model.n_labels_ == 36 + len(ends)


def test_a_view_that_forgets_as_it_learns_on_is_fitted_anew(
    cache: FeatureCache, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate before publishing: what was learnt must not be less probable than unread labels."""

    class Forgetful:
        """A view whose earlier weights are turned round when it continues from them."""

        def __getattr__(self, name: str) -> Any:
            return getattr(VIEWS[KIND], name)

        def fit(self, readings, numbers, problem, *, start, **how):
            wrong = numbers if start is None else problem.levels - 1 - numbers
            return VIEWS[KIND].fit(readings, wrong, problem, start=start, **how)

    order = shuffled(demo)
    first, more = some(order, range(30)), some(order, range(30, 34))
    model = ProtocolClassifier(SCALE, cache, kind=KIND).fit(first.documents, first.levels)
    turned = dict(VIEWS) | {KIND: Forgetful()}
    monkeypatch.setattr(classifier, "VIEWS", turned)
    model.partial_fit(more.documents, more.levels)
    assert model.in_full_ == "learning on made it forget what it had learnt"
    assert len(model.out_of_fold_.levels) == 34
    both = some(order, range(34))
    anew = ProtocolClassifier(SCALE, cache, kind=KIND).fit(both.documents, both.levels)
    assert np.array_equal(model.predict_proba(demo.documents), anew.predict_proba(demo.documents))


def on_its_side(model: ProtocolClassifier, demo: Demo) -> float:
    """Mean chance that a model gives to levels 4 and 5."""
    return float(np.mean(model.predict_proba(demo.documents)[:, 3:].sum(axis=1)))


def test_early_levels_are_still_known_after_a_long_stream_of_others(
    cache: FeatureCache, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By replay alone, no full fit helps; the control learns the same without it, and forgets."""
    monkeypatch.setattr(classifier, "why_in_full", lambda since: "")
    high, low = on(demo, 4, 5), on(demo, 1, 2, 3)
    start = some(demo, [*high[:-4], *low[:12]])
    unread = some(demo, high[-4:])
    model = ProtocolClassifier(SCALE, cache, kind=KIND).fit(start.documents, start.levels)
    early = some(demo, high[:-4])
    known = on_its_side(model, early)
    control = model.views_[KIND]
    problem = model._problem()
    batches = [low[at : at + 2] for at in range(12, len(low), 2)]
    assert len(batches) >= 10
    for batch in batches:
        new = some(demo, batch)
        model.partial_fit(new.documents, new.levels)
        assert model.in_full_ == ""
        readings = model.read_texts([document.text for document in new.documents])
        control = VIEWS[KIND].fit(
            readings, np.array(new.levels) - 1, problem, start=control, epochs=None, progress=silent
        )
    assert on_its_side(model, early) > 0.9 * known  # of what it knew: that depends on the machine
    forgetful = ProtocolClassifier(SCALE, cache, kind=KIND)
    forgetful.views_, forgetful.blend_ = {KIND: control}, model.blend_
    assert np.mean(forgetful.predict(early.documents) >= 4) < 0.5
    assert np.mean(model.predict(unread.documents)) > np.mean(forgetful.predict(unread.documents))


@pytest.mark.parametrize("kind", ["attention", "sentences"])
def test_learning_on_again_and_again_does_not_make_a_view_ever_surer(
    kind: str, cache: FeatureCache, demo: Demo
) -> None:
    """Else calibration, which stays, would be of another model before long."""
    order = shuffled(demo)
    learnt, unread = some(order, range(30)), some(order, range(30, len(order.levels)))
    model = ProtocolClassifier(SCALE, cache, kind=kind).fit(learnt.documents, learnt.levels)
    first = sureness(model, unread)
    for _ in range(8):
        model.partial_fit(learnt.documents, learnt.levels)
        assert model.in_full_ == ""
    assert 0.6 < sureness(model, unread) / first < 1.5


def sureness(model: ProtocolClassifier, demo: Demo) -> float:
    """Deviation of the logits from document to document."""
    readings = model.read_texts([document.text for document in demo.documents])
    [view] = model.views_.values()
    return float(view.logits(readings).std(axis=0).mean())


def test_training_learns_on_and_then_claims_no_figures(
    cache: FeatureCache, demo: Demo, earlier: Saved
) -> None:
    now = some(shuffled(demo), range(23))
    result = train(now.documents, now.levels, SCALE, cache=cache, kind=KIND, previous=earlier.place)
    assert (result.in_full, result.metrics) == ("", {})
    assert (result.classifier.n_labels_, result.judged.n) == (23, 5)
    assert result.classifier.blend_ == earlier.model.blend_


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "lexical"}, "the kind of model or the rubric is another one now"),
        (
            {"rubric": parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))},
            "the kind of model or the rubric is another one now",
        ),
        ({"in_full": "nobody has labelled for a while"}, "nobody has labelled for a while"),
        ({"previous": None}, "there was no earlier model"),
        ({"upto": 17}, "1 of the labels it had learnt are gone"),
        ({"upto": 45}, "labels have grown from 18 to 45"),
    ],
)
def test_training_fits_anew_and_measures_where_it_must(
    change: dict[str, Any], why: str, cache: FeatureCache, demo: Demo, earlier: Saved
) -> None:
    how: dict[str, Any] = {"upto": 23, "kind": KIND, "previous": earlier.place} | change
    now = some(shuffled(demo), range(how.pop("upto")))
    result = train(now.documents, now.levels, SCALE, cache=cache, **how)
    assert result.in_full == why
    assert result.metrics["n"] == len(now.levels)
    assert result.judged.n == 0
