"""Pictures as PNG are drawn in the browser, and a sheet is printed by it: both looked at here."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PageFor, Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("full")]

PIXELS = """async (bytes) => {
  const blob = await (await fetch("data:image/png;base64," + bytes)).blob();
  const image = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  const found = { width: image.width, height: image.height, corner: [...data.slice(0, 4)] };
  found.filled = found.inked = found.clear = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, opacity] = data.slice(at, at + 4);
    if (red > 240 && green > 150 && green < 200 && blue < 80) found.filled += 1;
    if (red + green + blue < 150) found.inked += 1;
    if (opacity < 255) found.clear += 1;
  }
  return found;
}"""


@pytest.mark.parametrize(
    ("address", "name"),
    [("/p/demo/protocols/1/words?by=2", "1-words.png"), ("/p/demo/words", "demo-words.png")],
)
def test_a_picture_is_saved_as_png_at_twice_its_size(
    page_for: PageFor, address: str, name: str
) -> None:
    coder = page_for("ana")
    coder.goto(address)
    svg = coder.evaluate(
        """async () => {
          const source = await fetch(document.querySelector("a[data-png]").href);
          const root = new DOMParser().parseFromString(await source.text(), "image/svg+xml");
          return ["width", "height"].map((side) => Number(root.documentElement.getAttribute(side)));
        }"""
    )
    with coder.expect_download() as started:
        coder.get_by_role("button", name="Picture (PNG)").click()
    assert started.value.suggested_filename == name
    found = looked_at(page_for(None), started.value.path())
    assert [found["width"], found["height"]] == [2 * side for side in svg]
    assert found["corner"] == [255, 255, 255, 255]
    assert found["clear"] == 0
    assert found["filled"] > 2000  # a cell of the deepest heat
    assert found["inked"] > 500  # words


def looked_at(blank: Page, path: Path) -> dict[str, Any]:
    """Size and colours of a PNG, on a page without our policy, which takes no data: addresses."""
    found: dict[str, Any] = blank.evaluate(PIXELS, base64.b64encode(path.read_bytes()).decode())
    return found


def test_a_picture_that_cannot_be_had_says_so(page_for: PageFor, live_server: Site) -> None:
    coder = page_for("ana")
    coder.goto("/p/demo/words")
    coder.route("**/words.svg*", lambda route: route.abort())
    coder.get_by_role("button", name="Picture (PNG)").click()
    coder.get_by_role("button", name="No picture: reload the page and try again").wait_for()
    assert len(live_server.faults) == 1  # what went wrong is in the browser's console, too
    live_server.faults.clear()


def test_without_javascript_there_is_the_svg(page_for: PageFor) -> None:
    page = page_for("ana", java_script_enabled=False)
    page.goto("/p/demo/words")
    assert page.get_by_role("link", name="Picture (SVG)").count() == 1
    assert page.get_by_text("Picture (PNG)").count() == 0


@pytest.mark.parametrize(("paper", "width"), [("A4", 595), ("Letter", 612)])
def test_a_sheet_is_printed_without_the_pages_frame(
    page_for: PageFor, paper: str, width: int
) -> None:
    page = page_for("ana", color_scheme="dark")
    page.goto("/p/demo/protocols/1/sheet")
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(format=paper)))
    text = "\n".join(sheet.extract_text() for sheet in printed.pages)
    assert abs(float(printed.pages[0].mediabox.width) - width) < 2
    for said in (
        "Model's suggestion",
        "60 %",
        "QWK",
        "walking group 1",
        f"1 / {len(printed.pages)}",
    ):
        assert said in text
    for frame in ("Sign out", "Download (HTML)", "For a file or a meeting"):
        assert frame not in text


def test_the_file_opens_from_the_disk_and_looks_like_the_page(
    page_for: PageFor, tmp_path: Path
) -> None:
    page = page_for("ana")
    page.goto("/p/demo/protocols/1/sheet")
    shown = page.locator("article.printed")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download (HTML)").click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    stranger = page_for(None, offline=True)
    stranger.goto(path.as_uri())
    alone = stranger.locator("article.printed")
    for place in (page, stranger):  # a page with a script shows times in the reader's own zone
        place.locator("time").evaluate_all("all => all.forEach((time) => time.remove())")
    assert alone.inner_text() == shown.inner_text()
    look = "(e) => ['color', 'backgroundColor', 'fontSize'].map((k) => getComputedStyle(e)[k])"
    assert alone.evaluate(look) == shown.evaluate(look)
    underlined = "all => all.map(e => getComputedStyle(e).textDecorationStyle)"
    assert "solid" in alone.locator("mark.hl").evaluate_all(underlined)
