import itertools

import numpy as np
import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from cer_assist.learning.encoder import Encoder
from cer_assist.learning.readings import word_keys
from cer_assist.learning.text import (
    FUNCTION_WORDS,
    Pieces,
    is_content,
    tokenise,
    windows,
)

TOKENIZER = Encoder().tokenizer
FRAGMENTS = [
    "community", "Board", "co-developed", "don't", "3.5", ".", ",", " ", "\n\n", "e\u0301tude", "é",
    "ﬁnd", "İstanbul", "👩\u200d🔬", "🇫🇷🇩🇪", "👍🏽", "שלום", "مرحبا", "नमस्ते", "한국어",
    "字符", "カタカナ", "ภาษาไทย", "a\u200bb", "zero\u200dwidth", "\u0301", "\u200b", "\ufeff",
    "\u0600١", "ß", "Ǆ", "𝕬𝖇", "\U000e0001", "\u202edlrow", "x" * 130, "[CLS]", "##ing",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=12).map(" ".join),
)


@given(TEXTS)
@example("")
@example(" \n\t ")
@example("\u0301")
def test_words_are_ordered_spans_of_the_shown_text(text: str) -> None:
    found = tokenise(TOKENIZER, text)
    edges = found.words.ravel().tolist()
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in found.words.tolist())
    assert len(found.content) == len(found.words)


@given(TEXTS)
def test_no_word_cuts_through_what_a_reader_sees_as_one_character(text: str) -> None:
    edges = {0, *itertools.accumulate(len(cluster) for cluster in regex.findall(r"\X", text))}
    found = tokenise(TOKENIZER, text)
    assert set(found.words.ravel().tolist()) <= edges


@given(TEXTS)
def test_every_piece_lies_in_its_word_and_every_word_has_a_piece(text: str) -> None:
    found = tokenise(TOKENIZER, text)
    encoding = TOKENIZER.encode(text, add_special_tokens=False)
    assert found.ids.tolist() == encoding.ids
    for (start, end), word in zip(encoding.offsets, found.word_of_piece, strict=True):
        first, last = found.words[word]
        assert first <= start
        assert end <= last
    runs = np.unique(found.word_of_piece)
    assert runs.tolist() == list(range(len(found.words)))
    assert np.all(np.diff(found.word_of_piece) >= 0)
    assert np.all(np.diff(found.sentence_of_piece) >= 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A co-developed plan.", ["A", "co", "-", "developed", "plan", "."]),
        ("They don't know", ["They", "don't", "know"]),
        ("e\u0301tude ﬁn", ["e\u0301tude", "ﬁn"]),
        ("👩\u200d🔬 met שלום", ["👩\u200d🔬", "met", "שלום"]),
        ("한국어 字符", ["한국어", "字", "符"]),
        ("a\u200bb c", ["a\u200bb", "c"]),  # one piece covers both sides of the zero-width space
        ("🇫🇷🇩🇪", ["🇫🇷🇩🇪"]),
    ],
)
def test_words_as_a_reader_would_cut_them(text: str, words: list[str]) -> None:
    found = tokenise(TOKENIZER, text)
    assert [text[start:end] for start, end in found.words] == words


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(5, 40))
def test_windows_cover_all_pieces_once_and_end_where_sentences_do(
    lengths: list[int], size: int
) -> None:
    pieces = pieces_of_sentences(lengths)
    cuts = windows(pieces, size)
    covered = [at for start, end in cuts for at in range(start, end)]
    assert covered == list(range(sum(lengths)))
    assert all(end - start <= size for start, end in cuts)
    sentence_ends = set(itertools.accumulate(lengths))
    for start, end in cuts:
        reachable = [edge for edge in sentence_ends if start < edge <= start + size]
        assert end == min(reachable) if reachable else end == start + size


def test_a_sentence_longer_than_a_window_is_cut_between_words() -> None:
    found = tokenise(TOKENIZER, "antidisestablishmentarianism " * 80)
    for start, end in windows(found)[:-1]:
        assert end - start > 200
        assert found.word_of_piece[end - 1] != found.word_of_piece[end]


@pytest.mark.parametrize("word", ["The", "of", ",", "12", "3.5", "—", "👍"])
def test_words_without_matter_are_no_content(word: str) -> None:
    assert not is_content(word)


@pytest.mark.parametrize("word", ["committee", "together", "no", "Board", "HIV", "شورى", "B12"])
def test_words_with_matter_are_content(word: str) -> None:
    assert is_content(word)


def test_the_closed_classes_hold_no_word_a_rubric_uses() -> None:
    cues = {"committee", "board", "together", "flyers", "partner", "joint", "shared", "advise"}
    assert not cues & FUNCTION_WORDS


def test_words_are_equal_whatever_their_case_and_accents_and_differ_by_order_of_pieces() -> None:
    keys = word_keys(tokenise(TOKENIZER, "Board BOARD bóard hamster"))
    assert keys[0] == keys[1] == keys[2] != keys[3]
    forward, backward = (
        Pieces(np.array(ids), np.zeros(2, int), np.array([[0, 2]]), np.zeros(2), np.ones(1, bool))
        for ids in ([7, 9], [9, 7])
    )
    assert word_keys(forward) != word_keys(backward)


def pieces_of_sentences(lengths: list[int]) -> Pieces:
    total = sum(lengths)
    return Pieces(
        ids=np.arange(total),
        word_of_piece=np.arange(total),
        words=np.stack([np.arange(total), np.arange(1, total + 1)], axis=1),
        sentence_of_piece=np.repeat(np.arange(len(lengths)), lengths),
        content=np.ones(total, bool),
    )
