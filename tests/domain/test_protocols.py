"""One text per protocol, and offsets that are right whatever the Unicode."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import final_level
from cer_assist.domain.protocols import MAX_CHARACTERS, clean, compose


def test_headings_are_names_and_offsets_point_into_one_text() -> None:
    made = compose("A-1", "A study", [("Aims", "To walk.\r\nMore."), ("Empty", " "), ("End", "Ω")])
    assert made.text == "A study\n\nTo walk.\nMore.\n\nΩ"
    assert [(s.name, made.text[s.start : s.end]) for s in made.sections] == [
        ("Title", "A study"),
        ("Aims", "To walk.\nMore."),
        ("End", "Ω"),
    ]


@given(
    title=st.text(max_size=20),
    bodies=st.lists(st.tuples(st.text(max_size=8), st.text(min_size=1, max_size=60)), min_size=1),
)
def test_every_section_is_found_again(title: str, bodies: list[tuple[str, str]]) -> None:
    if not any(clean(body) for _, body in bodies):
        with pytest.raises(InvalidInput):
            compose("A-1", title, bodies)
        return
    made = compose("A-1", title, bodies)
    expected = [clean(title), *(clean(body) for _, body in bodies)]
    found = [made.text[s.start : s.end] for s in made.sections]
    assert found == [part for part in expected if part]
    assert "\x00" not in made.text
    assert compose("B-2", title, bodies).content_hash == made.content_hash


@pytest.mark.parametrize("around", ["x", "é", "Ω"])
def test_every_character_is_kept_or_is_a_newline_or_a_control(around: str) -> None:
    for character in map(chr, range(0x3000)):
        if character in "\r\x85\u2028\u2029":
            kept = "\n"
        else:
            is_control = unicodedata.category(character) == "Cc" and character not in "\t\n"
            kept = "" if is_control else character
        assert clean(f" {around}{character}{around}\n") == f"{around}{kept}{around}"
    assert clean(f"{around}\r\n{around}") == f"{around}\n{around}"


def test_the_hash_covers_text_and_sections_but_no_identity() -> None:
    one = compose("A", "T", [("Aims", "x"), ("Plan", "y")], {"year": "2020"})
    assert one.content_hash == compose("B", "T", [("Aims", "x"), ("Plan", "y")]).content_hash
    assert one.content_hash != compose("A", "T", [("Aims", "x"), ("Design", "y")]).content_hash
    assert one.content_hash != compose("A", "T", [("Aims", "x\n\ny")]).content_hash


@pytest.mark.parametrize(
    ("external_id", "sections", "said"),
    [
        ("", [("Aims", "x")], "no id"),
        ("x" * 201, [("Aims", "x")], "longer than 200"),
        ("A", [], "no text"),
        ("A", [("Aims", " \x00 ")], "no text"),
        ("A", [("Aims", "x" * (MAX_CHARACTERS + 1))], "appendices"),
    ],
)
def test_unusable_protocols_say_why(
    external_id: str, sections: list[tuple[str, str]], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        compose(external_id, "Title", sections)


@pytest.mark.parametrize(
    ("adjudicated", "coders", "expected"),
    [
        (None, {}, (None, "none")),
        (None, {1: 3}, (3, "single")),
        (None, {1: 3, 2: 3}, (3, "agreed")),
        (None, {1: 3, 2: 4}, (None, "disagreed")),
        (4, {1: 3, 2: 4}, (4, "adjudicated")),
        (0, {}, (0, "adjudicated")),
    ],
)
def test_final_level(
    adjudicated: int | None, coders: dict[int, int], expected: tuple[int | None, str]
) -> None:
    assert final_level(adjudicated, coders) == expected
