"""Whatever is marked, the text between the marks is the stored text, character by character."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.protocols import compose
from cer_assist.services.suggestions import SectionMass, WordMark
from cer_assist.views.marked_text import (
    Marks,
    is_title,
    jump_keys,
    read_sections,
    strength_of,
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=60)


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], list[tuple[int, int]]]:
    text = draw(TEXTS)
    place = st.integers(0, len(text))
    spans = st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair))), max_size=5)
    return text, draw(spans), draw(spans)


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"</?mark[^>]*>", "", markup))


def within(markup: str, kind: str) -> str:
    """The text inside marks of a kind; such marks never nest in one another."""
    found, depth = [], 0
    for tag, piece in re.findall(r"(</?mark[^>]*>)?([^<]*)", markup):
        if tag == "</mark>":
            depth = max(0, depth - 1)
        elif depth or f'class="{kind}' in tag:
            depth += 1 if tag else 0
        if depth:
            found.append(piece)
    return plain("".join(found))


def a_word(start: int, end: int, weight: float) -> WordMark:
    return WordMark(start, end, weight, 0.1, (0.5, -0.25))


def shown(text: str, marks: Marks) -> str:
    """A text of a single nameless section as the page has it."""
    return "".join(str(part.body) for part in read_sections(text, [["", 0, len(text)]], marks))


@given(texts_with_spans())
def test_marks_cover_exactly_their_spans(
    given_text: tuple[str, list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    text, words, evidence = given_text
    marks = Marks([a_word(start, end, 1.0) for start, end in words], (), evidence)
    found = shown(text, marks)
    assert plain(found) == text
    for kind, spans in (("hl", words), ("ev", evidence)):
        expected = "".join(
            letter for at, letter in enumerate(text) if any(a <= at < b for a, b in spans)
        )
        assert within(found, kind) == expected


def test_a_word_stands_inside_evidence_inside_its_sentence() -> None:
    marks = Marks([a_word(9, 14, 1.0)], [(0, 14, 1.0)], [(0, 14)])
    numbers = 'data-at="9" data-weight="1" data-attention="0.1" data-adds="0.5 -0.25"'
    word = f'<mark class="hl s4" {numbers}>'
    both = '<mark class="passage" data-rank="1"><mark class="ev">'
    assert shown("advisory board", marks) == (
        f"{both}advisory </mark></mark>{both}{word}board</mark></mark></mark>"
    )


def test_a_word_that_carries_nothing_is_there_but_not_marked() -> None:
    found = shown("one two", Marks([a_word(0, 3, 0.0), a_word(4, 7, 0.5)]))
    assert found.startswith('<mark class="word" data-at="0"')
    assert within(found, "hl") == "two"


def test_strength_is_relative_to_the_heaviest_word() -> None:
    assert [strength_of(weight, 0.8) for weight in (0.8, 0.5, 0.1, 0.0)] == [4, 3, 1, 0]
    assert strength_of(0.0, 0.0) == 0


def test_every_character_is_shown_even_between_sections() -> None:
    text = "Title\n\nstray words\n\nAims of it"
    sections = [["Title", 0, 5], ["Aims", 20, 30]]
    found = read_sections(text, sections, Marks())
    assert [(part.name, part.start, str(part.body)) for part in found] == [
        ("Title", 0, "Title"),
        ("", 5, "\n\nstray words\n\n"),
        ("Aims", 20, "Aims of it"),
    ]
    assert is_title(found[0])
    assert not is_title(found[1])


def test_a_section_has_its_shares_of_words_and_attention() -> None:
    protocol = compose("P", "Title", [("Aims", "one two"), ("Design", "three")])
    sections = [[part.name, part.start, part.end] for part in protocol.sections]
    masses = [
        SectionMass(part.start, part.end, weight, attention)
        for part, weight, attention in zip(
            protocol.sections, (0.0, 0.75, 0.25), (0.1, 0.3, 0.6), strict=True
        )
    ]
    found = read_sections(protocol.text, sections, Marks(sections=masses))
    assert [part.mass for part in found] == [(0, 10), (75, 30), (25, 60)]
    bare = read_sections(protocol.text, sections, Marks())
    assert [part.mass for part in bare] == [None] * 3


def test_every_section_gets_a_key_of_its_own() -> None:
    assert jump_keys(["Title", "Aims", "Analysis", "", "Ä", "aa"]) == ["t", "a", "n", "", "b", "c"]
    many = jump_keys(["Aims"] * 40)
    assert len({key for key in many if key}) == 36
    assert many[36:] == [""] * 4
