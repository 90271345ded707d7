import numpy as np
import pytest

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.domain.rubric import parse_rubric
from cer_assist.learning.cues import Cues, counts
from cer_assist.learning.readings import Reading, TokenStates, read
from cer_assist.learning.text import tokenise
from tests.learning.test_text import TOKENIZER


def a_reading_of(text: str) -> Reading:
    """A text as it is read, with states of zeros: cues do not look at them."""
    pieces = tokenise(TOKENIZER, text)
    states = np.zeros((len(pieces.content_pieces), 64), np.int8)
    return read(TokenStates(states, np.zeros((pieces.sentences, 384), np.int8), pieces))


@pytest.fixture(scope="module")
def cues() -> Cues:
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))
    return Cues.of(rubric, lambda texts: [a_reading_of(text) for text in texts])


def found(cues: Cues, text: str) -> list[tuple[int, str]]:
    """Level number and content words of every cue in a text."""
    reading = a_reading_of(text)
    levels, members = cues.found_in(reading)
    return [
        (int(level), " ".join(text[start:end] for start, end in reading.words[row].tolist()))
        for level, row in zip(levels, members, strict=True)
    ]


def test_cues_are_found_whatever_their_case_and_length(cues: Cues) -> None:
    text = "A Letter of Support names FLYERS. The tribal council meets; the registry does not."
    assert found(cues, text) == [
        (0, "registry"),
        (1, "FLYERS"),
        (1, "Letter Support"),
        (4, "tribal council"),
    ]


def test_part_of_a_word_or_of_a_cue_is_none(cues: Cues) -> None:
    assert found(cues, "Websites of the tribal elders, a council, outpatients, supportive.") == []
    assert found(cues, "") == []


def test_every_occurrence_counts(cues: Cues) -> None:
    levels, _ = cues.found_in(a_reading_of("Flyers here, flyers there, and CBPR."))
    assert counts(levels, 5).tolist() == [0, 2, 0, 1, 0]
