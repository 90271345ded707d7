"""The manual is checked against the program: what it names exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cer_assist.cli import COMMANDS, cer
from cer_assist.config import ROOT, Settings
from docs.screenshots import IMAGES, PICTURES

MANUAL = ROOT / "docs" / "guide-administrators.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
RUN_BY_MANAGE = {"test"}  # manage.py runs it itself, before there is a command line


def commands(page: Path) -> list[list[str]]:
    """The words after `python3 manage.py` in a page's code blocks."""
    lines = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines()
    return [line.split("#")[0].split()[2:] for line in lines if line.startswith("python3 manage")]


def named(words: list[str]) -> click.Command:
    """The command that these words call, through groups such as `users add`."""
    context = click.Context(cer)
    found: click.Command | None = cer
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.get_command(context, word)
    assert found is not None and not isinstance(found, click.Group), f"no command {words}"
    return found


def targets(page: Path) -> list[tuple[Path, str]]:
    """Files and headings that a page links to."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    inside = [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    return [(page.parent / (path or page.name), anchor) for path, _, anchor in map(split, inside)]


def split(link: str) -> tuple[str, str, str]:
    return link.partition("#")


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_setting_is_in_the_manual() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `CER_{name.upper()}` \| (.+?) \|", text, re.MULTILINE)
        assert row, f"CER_{name.upper()} is missing in {MANUAL.name}"
        said = "empty" if field.default in (None, "") else f"`{field.default}`".lower()
        if isinstance(field.default, float):
            said = f"`{field.default:g}`"
        assert row[1] == said, f"the default of CER_{name.upper()} is {field.default}"


def test_the_manual_names_no_setting_that_is_gone() -> None:
    known = {f"CER_{name.upper()}" for name in Settings.model_fields} | {"CER_REFERENCE_DATA"}
    for page in PAGES:
        unknown = set(re.findall(r"CER_[A-Z_]+", page.read_text(encoding="utf-8"))) - known
        assert not unknown, f"{page.name} names {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist_with_the_options_shown(page: Path) -> None:
    for words in commands(page):
        if words[0] in RUN_BY_MANAGE:
            continue
        assert words[0] in COMMANDS, f"{page.name}: there is no command {words[0]}"
        found = named(words)
        options = {name for parameter in found.params for name in parameter.opts}
        shown = {word for word in words if word.startswith("--")}
        assert shown <= options, f"{page.name}: {words[0]} has no {shown - options}"


def test_every_command_is_in_the_manual() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in COMMANDS if not re.search(rf"(`|manage\.py ){name}\b", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in targets(page):
        assert path.exists(), f"{page.name} links to {path.name}, which is not there"
        assert not anchor or anchor in anchors(path), f"{page.name}: no heading {anchor}"


def test_every_picture_is_taken_by_the_script_and_shown() -> None:
    shown = {path.name for page in PAGES for path, _ in targets(page) if path.suffix == ".png"}
    assert shown == {path.name for path in IMAGES.glob("*.png")}
    assert shown == {f"{name}.png" for name in PICTURES}
