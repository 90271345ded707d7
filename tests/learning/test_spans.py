"""The table cuts every plain text as the full rules do."""

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from cer_assist.learning.spans import matched_words, plain_words
from tests.learning.test_text import TEXTS

PLAIN = "".join(chr(code) for code in range(0x3000) if plain_words(chr(code)) is not None)
# One of each kind the rules tell apart, twice where two kinds are treated alike.
KINDS = "aeBγ7٣_.'’:,·;\" \n\t–é\x00"


def assert_cut_alike(text: str) -> None:
    found = plain_words(text)
    assert found is not None
    assert np.array_equal(found, matched_words(text))


@given(TEXTS)
@example("'other l'objectif ’a 'b")
@example("3.5,7 a.b a. b 3:5 a:b a_'1")
def test_a_text_is_plain_only_if_its_words_are_those_of_the_full_rules(text: str) -> None:
    found = plain_words(text)
    assert found is None or found.tolist() == matched_words(text).tolist()


@given(st.text(st.sampled_from(PLAIN), max_size=60))
def test_plain_characters_are_cut_alike_in_any_order(text: str) -> None:
    assert_cut_alike(text)


def test_every_four_kinds_in_a_row_are_cut_alike() -> None:
    # No rule for plain characters looks further than two to either side of a boundary.
    text = "\n".join(map("".join, itertools.product(KINDS, repeat=4)))
    assert_cut_alike(text)


def test_every_plain_character_is_cut_alike_beside_each_kind() -> None:
    text = "\n".join(
        f"{kind}{one}{kind}{one}e'{one}{kind}" for one in PLAIN for kind in "a7_.'’:,\" "
    )
    assert_cut_alike(text)


def test_plain_is_what_european_protocols_are_written_in() -> None:
    text = "Größe ≥ 5 µm – “naïve” patients’ 3·5 mg/m², Łódź; Ελλάδα, Москва… • ½"
    assert plain_words(text) is not None
    for other in (
        "e\u0301",
        "a\u200db",
        "a\xadb",
        "שלום",
        "한국어",
        "字符",
        "👍",
        "\r\n",
        "a\u202fb",
    ):
        assert plain_words(other) is None, other
