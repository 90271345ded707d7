"""Every page can be read without seeing it, and none needs an inline style or script."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tests.views.office import OTHER, OWN, Office

PAGES = (
    "/",
    "/account",
    "/sign-in",
    "/admin/accounts",
    "/admin/jobs",
    *(
        f"/p/{slug}/{page}"
        for slug in (OWN, OTHER)
        for page in (
            "protocols", "protocols?q=nowhere", "words", "model", "rubric", "data", "audit",
            "settings", "audit?action=none",
        )
    ),
    f"/p/{OWN}/protocols/1",
    f"/p/{OWN}/protocols/1?all=1",
    "/nowhere",
)  # fmt: skip


class Outline(HTMLParser):
    """What a screen reader needs of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.titles, self.mains, self.h1s = 0, 0, 0
        self.tables, self.captions = 0, 0
        self.labelled: set[str] = set()
        self.unnamed: list[str] = []
        self.fields: dict[str, str] = {}
        self.inline: list[str] = []
        self._within: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.titles += tag == "title"
        self.mains += tag == "main"
        self.h1s += tag == "h1"
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self._within.append(tag)
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        hidden = given.get("type") in ("hidden", "submit") or "hidden" in given
        if tag in ("input", "select", "textarea") and not hidden:
            if "id" in given:
                self.fields[given["id"]] = tag
            elif "aria-label" not in given and "label" not in self._within:
                self.unnamed.append(str(given))
        if tag in ("input", "meta", "link", "br", "hr", "img"):
            self._within.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            while self._within.pop() != tag:
                pass


@pytest.mark.parametrize("address", PAGES)
def test_every_page_can_be_read_without_seeing_it(busy: Office, address: str) -> None:
    outline = Outline(busy.browser("root").get(address).text)
    assert (outline.titles, outline.mains, outline.h1s) == (1, 1, 1)
    assert outline.tables == outline.captions
    assert outline.fields.keys() <= outline.labelled
    assert outline.unnamed == []
    assert outline.inline == []
