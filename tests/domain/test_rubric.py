"""A rubric file is checked whole before anything is coded under it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cer_assist.config import ROOT
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import parse_rubric

SHIPPED = ROOT / "rubric" / "cenr-5.v1.yaml"


def a_rubric(values: list[int], **changes: object) -> str:
    """The YAML of a small rubric with these level values."""
    levels = [
        {
            "value": value,
            "name": f"Name {number}",
            "definition": "What it is.",
            "include": ["this"],
            "exclude": ["that"],
        }
        for number, value in enumerate(values)
    ]
    data = {
        "id": "office",
        "version": 1,
        "title": "Office scale",
        "instruction": "Code one level.",
        "levels": levels,
    }
    return yaml.safe_dump(data | changes)


def test_the_shipped_rubric_is_complete() -> None:
    rubric = parse_rubric(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)
    assert (rubric.id, rubric.version, rubric.scale) == ("cenr-5", 1, (1, 2, 3, 4, 5))
    assert [level.name for level in rubric.levels] == [
        "Non-CEnR",
        "Instrumental",
        "Academic-led",
        "Cooperative",
        "Reciprocal",
    ]
    assert len(rubric.decision_rules) == 9
    for level in rubric.levels:
        assert level.include and level.exclude and level.examples and level.cue_words


def test_shipped_wordings_never_change() -> None:
    """A changed word needs a new version: the hash of each published file is fixed here."""
    published = {
        "cenr-5.v1.yaml": "14f4b88d",
    }
    for path in sorted(Path(ROOT / "rubric").glob("*.yaml")):
        digest = parse_rubric(path.read_text(encoding="utf-8"), path.name).sha256
        assert digest.startswith(published[path.name]), path.name


@pytest.mark.parametrize("values", [[1, 2, 3], [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7]])
def test_offices_may_bring_three_to_seven_levels(values: list[int]) -> None:
    assert parse_rubric(a_rubric(values)).scale == tuple(values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (a_rubric([1, 2]), "levels"),
        (a_rubric(list(range(8))), "levels"),
        (a_rubric([2, 3, 4]), "count up by one from 0 or 1"),
        (a_rubric([1, 3, 4]), "count up by one"),
        (a_rubric([3, 2, 1]), "count up by one"),
        (a_rubric([1, 2, 3], version="one"), "version"),
        (a_rubric([1, 2, 3], colour="red"), "colour"),
        (a_rubric([1, 2, 3], id="Our Scale"), "id"),
        (a_rubric([1, 2, 3]).replace("name: Name 1", "name: name 0"), "same name"),
        (a_rubric([1, 2, 3]).replace("definition: What it is.", "definition: ''", 1), "definition"),
        (a_rubric([1, 2, 3]) + "title: Again\n", "stands twice"),
        ("levels: [", "not valid YAML"),
        ("just words", "not a usable rubric"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_faults_are_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_rubric(text, "office.yaml")


def test_a_level_off_the_scale_says_which_are_on_it() -> None:
    with pytest.raises(InvalidInput, match="choose 0 to 3"):
        parse_rubric(a_rubric([0, 1, 2, 3])).level(4)
