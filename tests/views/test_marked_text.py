"""Whatever is marked, the text between the marks is the stored text, character by character."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.protocols import compose
from cer_assist.views.marked_text import graded, is_title, jump_keys, marked, read_sections

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
    inside = re.findall(rf'<mark class="{kind}[^"]*">(.*?)</mark>', markup, re.DOTALL)
    return plain("".join(inside))


@given(texts_with_spans())
def test_marks_cover_exactly_their_spans(
    given_text: tuple[str, list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    text, words, evidence = given_text
    strong = [(start, end, 2) for start, end in words]
    shown = str(marked(text, (0, len(text)), strong, evidence))
    assert plain(shown) == text
    for kind, spans in (("hl", words), ("ev", evidence)):
        expected = "".join(
            letter for at, letter in enumerate(text) if any(a <= at < b for a, b in spans)
        )
        assert within(shown, kind) == expected


def test_highlight_stands_inside_evidence() -> None:
    shown = marked("advisory board", (0, 14), [(9, 14, 4)], [(0, 14)])
    assert shown == (
        '<mark class="ev">advisory </mark><mark class="ev"><mark class="hl s4">board</mark></mark>'
    )


def test_strength_is_relative_to_the_heaviest_word() -> None:
    words = [{"start": n, "end": n + 1, "weight": w} for n, w in enumerate((0.8, 0.5, 0.1, 0.0))]
    assert graded(words) == [(0, 1, 4), (1, 2, 3), (2, 3, 1)]
    assert graded([]) == []


def test_every_character_is_shown_even_between_sections() -> None:
    text = "Title\n\nstray words\n\nAims of it"
    sections = [["Title", 0, 5], ["Aims", 20, 30]]
    shown = read_sections(text, sections, [], [])
    assert [(part.name, part.start, str(part.body)) for part in shown] == [
        ("Title", 0, "Title"),
        ("", 5, "\n\nstray words\n\n"),
        ("Aims", 20, "Aims of it"),
    ]
    assert is_title(shown[0])
    assert not is_title(shown[1])


def test_a_sections_weight_is_its_share_of_the_words() -> None:
    protocol = compose("P", "Title", [("Aims", "one two"), ("Design", "three")])
    sections = [[part.name, part.start, part.end] for part in protocol.sections]
    words = [
        {"start": protocol.text.index(word), "end": 0, "weight": weight}
        for word, weight in (("one", 0.25), ("two", 0.5), ("three", 0.25))
    ]
    shown = read_sections(protocol.text, sections, words, [])
    assert [part.weight for part in shown] == [0, 75, 25]
    assert [part.weight for part in read_sections(protocol.text, sections, [], [])] == [None] * 3


def test_every_section_gets_a_key_of_its_own() -> None:
    assert jump_keys(["Title", "Aims", "Analysis", "", "Ä", "aa"]) == ["t", "a", "n", "", "b", "c"]
    many = jump_keys(["Aims"] * 40)
    assert len({key for key in many if key}) == 36
    assert many[36:] == [""] * 4
