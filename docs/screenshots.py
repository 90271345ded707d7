"""The pictures in the guides are taken from the running demo, so none can show a page that is gone.

    .venv/bin/python -m docs.screenshots

makes a demo in a temporary folder, drives the machine's Chromium (or the one that `CHROMIUM`
names) through it and writes `docs/images/`. The test dependencies must be installed, as they are
after `python3 manage.py test` has run once.
"""

from __future__ import annotations

import csv
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright

from cer_assist.cli.demo import SLUG, TEXTS, VISITOR
from cer_assist.config import ROOT
from tests.chromium import HOW_TO_GET, find_chromium

IMAGES = ROOT / "docs" / "images"
SIZE = ViewportSize(width=1280, height=800)
# Nobody has labelled it yet, so it always has a suggestion, and its text is short.
PROTOCOL = "DEMO-041"
BLIND, CHANGED = 5, 4
# The model page has so many versions to show; another is trained after so many labels.
VERSIONS, LABELS = 4, 5
CODERS = {"ana": "Ana Oliveira", "ben": "Ben Okafor"}
NOTE = "A parent council wrote the plan."


def main() -> None:
    """Take every picture, one after the other, as one person working would see the pages."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit(f"docs.screenshots: no browser found: {HOW_TO_GET}.")
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="cer-pictures-") as home,
        running_demo(Path(home)) as link,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        base = link.partition("/link/")[0]
        context = browser.new_context(base_url=base, viewport=SIZE, timezone_id="UTC")
        sign_in(context, link)
        hire(Path(home))
        teach(Path(home), context)
        for name, take in PICTURES.items():
            page = context.new_page()
            take(page)
            path = IMAGES / f"{name}.png"
            page.screenshot(path=path)
            page.close()
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} KB")
        browser.close()


@contextmanager
def running_demo(home: Path) -> Iterator[str]:
    """`manage.py demo` in a folder of its own; gives the one-time sign-in link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-browser"]
    place = ["--home", str(home), "--port", str(port)]
    with subprocess.Popen([*command, *place], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield printed_link(process)
        finally:
            process.send_signal(signal.SIGINT)


def printed_link(process: subprocess.Popen[str]) -> str:
    """Printed once everything is made, while the web process is still starting."""
    for line in process.stdout or ():
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/link/\S+", line):
            wait_for(int(found[1]))
            return found[0]
    sys.exit("docs.screenshots: the demo ended before it printed a link; see its messages above.")


def wait_for(port: int) -> None:
    """Until the web process answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("docs.screenshots: the web pages did not come up within a minute.")


def sign_in(context: BrowserContext, link: str) -> None:
    """Through the link, as a person does."""
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    page.close()


def hire(home: Path) -> None:
    """Two coders, to whom protocols can be dealt."""
    for username, name in CODERS.items():
        command = [sys.executable, str(ROOT / "manage.py"), "users", "add", username]
        more = ["--name", name, "--project", SLUG, "--home", str(home)]
        subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)


def teach(home: Path, context: BrowserContext) -> None:
    """Give labels that make sense until the model has a history."""
    page = context.new_page()
    waiting = iter(unlabelled())
    for number in range(2, VERSIONS + 1):
        for _ in range(LABELS):
            protocol, level = next(waiting)
            command = [sys.executable, str(ROOT / "manage.py"), "label", SLUG, protocol, level]
            subprocess.run([*command, "--as", VISITOR, "--home", str(home)], check=True)
        wait_for_version(page, number)
    page.close()


def unlabelled() -> list[tuple[str, str]]:
    """Protocols that come without a label, and what their writer had in mind."""
    with (TEXTS / "labels.csv").open(encoding="utf-8", newline="") as file:
        labelled = {row["protocol_id"] for row in csv.DictReader(file)} | {PROTOCOL}
    lines = (TEXTS / "protocols.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    return [(t["id"], str(t["intended_level"])) for t in texts if t["id"] not in labelled]


def wait_for_version(page: Page, number: int) -> None:
    """Until the worker has trained it."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        page.goto(f"/p/{SLUG}/model")
        if page.locator("table.versions tbody tr").count() >= number:
            return
        time.sleep(1)
    sys.exit(f"docs.screenshots: version {number} of the model was not trained in time.")


def open_protocol(page: Page, external_id: str) -> None:
    """A protocol's page, found through the list."""
    page.goto(f"/p/{SLUG}/protocols?q={external_id}")
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile(r"/protocols/\d+"))


def open_label_page(page: Page) -> None:
    """The label page with the protocol of our choice, ready for keys."""
    open_protocol(page, PROTOCOL)
    page.get_by_role("link", name=re.compile("Label this one|Change my label")).click()
    settle(page)


def settle(page: Page) -> None:
    """Until the card on screen takes every key."""
    expect(page.locator("#label[data-settled]")).to_be_visible()


def label(page: Page) -> None:
    """Before an answer."""
    open_label_page(page)


def dark(page: Page) -> None:
    """The same as the system's dark colours ask for it."""
    page.emulate_media(color_scheme="dark")
    open_label_page(page)


def reveal(page: Page) -> None:
    """After an answer with confidence and a note, with the model's view of it."""
    open_label_page(page)
    page.keyboard.press("Alt+2")
    page.keyboard.press("n")
    page.keyboard.type(NOTE)
    page.keyboard.press("Escape")
    page.keyboard.press(str(BLIND))
    expect(page.locator("#reading[data-stage='reveal']")).to_be_visible()
    settle(page)


def words(page: Page) -> None:
    """The heaviest words of each level."""
    page.goto(f"/p/{SLUG}/words")


def plane(page: Page) -> None:
    """What words say of the highest level, against how much they are looked at."""
    page.goto(f"/p/{SLUG}/words/plane?level=5")
    expect(page.locator("figure.drawn svg").first).to_be_visible()


def model(page: Page) -> None:
    """The quality of the version in use."""
    page.goto(f"/p/{SLUG}/model")


def model_charts(page: Page) -> None:
    """How the versions learned, and what follows below."""
    model(page)
    expect(page.locator("figure.drawn svg").first).to_be_visible()
    page.set_viewport_size({"width": SIZE["width"], "height": 1180})  # both rows of charts
    page.locator("#learning").evaluate("heading => heading.scrollIntoView()")


def history(page: Page) -> None:
    """What the coder of `reveal` answered, saw and then changed."""
    open_label_page(page)
    page.keyboard.press(str(CHANGED))
    expect(page.locator("#saved")).to_contain_text("Saved")
    open_protocol(page, PROTOCOL)
    page.locator("#history").evaluate("heading => heading.scrollIntoView({block: 'center'})")


def audit(page: Page) -> None:
    """The chain after a check, and the newest events."""
    page.goto(f"/p/{SLUG}/audit")
    page.get_by_role("button", name="Check the chain").click()
    expect(page.get_by_role("status").first).to_contain_text("Intact")


def desk(page: Page) -> None:
    """Suggestion against label, against final level."""
    page.goto(f"/p/{SLUG}/desk")


def timeline(page: Page) -> None:
    """What became of the protocol of `history`, each line with what the chain says of it."""
    open_protocol(page, PROTOCOL)
    page.get_by_role("link", name=re.compile("timeline", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("timeline"))


def snapshot(page: Page) -> None:
    """The labelled protocols dealt to splits, and the check for leaks."""
    page.goto(f"/p/{SLUG}/snapshots/new?settled=1&split=1&train=70&validation=15&test=15")
    page.get_by_label("Name", exact=True).fill("Paper 1")
    page.get_by_role("button", name="Keep this state").click()
    expect(page.get_by_role("heading", name="Paper 1")).to_be_visible()


def queue(page: Page) -> None:
    """What coders are given next, and why."""
    page.goto(f"/p/{SLUG}/queue")


def adjudicate(page: Page) -> None:
    """A disagreement with its readings, text and rubric."""
    page.goto(f"/p/{SLUG}/adjudicate")
    page.get_by_role("link", name="Begin with the first").click()
    page.wait_for_url(re.compile(r"/adjudicate/\d+"))


def progress(page: Page) -> None:
    """How far a team has come, and what speaks for stopping."""
    page.goto(f"/p/{SLUG}/progress")


def settings(page: Page) -> None:
    """A project's policies."""
    page.goto(f"/p/{SLUG}/settings")


def assignments(page: Page) -> None:
    """What a second batch for two coders comes to."""
    page.goto(f"/p/{SLUG}/assignments")
    for each, press in ((12, "Deal"), (8, None)):
        for name in CODERS.values():
            page.get_by_role("checkbox", name=name).check()
        page.get_by_label("How many each, at most").fill(str(each))
        page.get_by_role("button", name="Look at what it comes to").click()
        if press:
            page.get_by_role("button", name=re.compile(press)).first.click()
            expect(page.get_by_role("status")).to_contain_text("dealt")


PICTURES: dict[str, Callable[[Page], None]] = {
    "label": label,
    "label-dark": dark,
    "label-reveal": reveal,
    "words": words,
    "plane": plane,
    "model": model,
    "model-charts": model_charts,
    "history": history,
    "audit": audit,
    "desk": desk,
    "timeline": timeline,
    "snapshot": snapshot,
    "queue": queue,
    "adjudicate": adjudicate,
    "progress": progress,
    "settings": settings,
    "assignments": assignments,
}


if __name__ == "__main__":
    main()
