"""Who looks at whom in a sentence: the network's own matrix, at the places of the words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from cer_assist.explain.gathering import MOST, gatherings, self_attending
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.networks import FittedNetwork
from tests.learning.planted import fitted, planted


def a_classifier(kind: str) -> ProtocolClassifier:
    """As much of one as is looked at here."""
    readings, levels = planted(60, seed=0)
    return cast(Any, SimpleNamespace(views_={kind: fitted(kind, readings, levels)}))


@pytest.fixture(scope="module")
def gathering() -> ProtocolClassifier:
    return a_classifier("self_attention")


@pytest.fixture(scope="module")
def unread() -> Reading:
    return planted(1, seed=1)[0][0]


def test_a_row_is_what_a_word_looks_at_in_the_networks_own_matrix(gathering, unread) -> None:
    network = self_attending(gathering)
    assert isinstance(network, FittedNetwork)
    states, mask = network.states_of(unread)
    layer = network._run._network.among
    for name, value in network.weights.items():
        if name.startswith("among."):
            getattr(layer, name.removeprefix("among.")).assign(value)
    whole = np.array(layer.attention(states, mask=mask))[0]
    [found] = gatherings(gathering, unread, [0])
    mine = np.flatnonzero(unread.sentences == 0)[:MOST]
    places = unread.place[mine]
    assert found.words.tolist() == unread.words[mine].tolist()
    assert found.looks == pytest.approx(whole[np.ix_(places, places)], abs=1e-5)
    assert np.all(found.looks >= 0)
    assert np.all(found.looks.sum(axis=1) <= 1 + 1e-5)
    assert np.ptp(found.looks) > 0


def test_there_is_a_matrix_for_each_sentence_asked_for(gathering, unread) -> None:
    last = int(unread.sentences.max())
    assert len(gatherings(gathering, unread, [last, 0])) == 2
    assert gatherings(gathering, unread, []) == []


def test_where_nothing_gathers_there_is_none(unread) -> None:
    plain = a_classifier("attention")
    assert self_attending(plain) is None
    assert gatherings(plain, unread, [0]) == []
