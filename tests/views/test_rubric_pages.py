"""The rubric's pages: read, compare, edit without losing a word, publish, propose."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from cer_assist.domain.wording import wording_of
from cer_assist.services import proposals, rubric_drafts, rubric_versions
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import Disclosure, FencedProtocol, Protocol, RubricDraft
from cer_assist.store.types import now
from tests.builders import RUBRIC, a_label, a_new_rubric
from tests.views.office import OWN, Browser, Office

PAGE = f"/p/{OWN}/rubric"
DRAFT = f"{PAGE}/draft"
LEAD, OTHER_LEAD, CODER = "lead@own", "administrator@own", "coder@own"
_FIELD = re.compile(r'<(?:input|textarea)[^>]* name="([^"]+)"')


def fields_of(office: Office, **changed: str) -> dict[str, Any]:
    """What the draft's form would send, with some fields changed."""
    with office.database.read() as session:
        draft = rubric_drafts.open_draft(session, office.project(session))
    said = draft.wording
    form = {
        "revision": draft.revision,
        "title": said.title,
        "instruction": said.instruction,
        "source": said.source,
        "note": draft.note,
        "decision_rules": "\r\n".join(said.decision_rules),
    }
    for at, (term, meaning) in enumerate(said.terms):
        form |= {f"terms.{at}.term": term, f"terms.{at}.meaning": meaning}
    for at, level in enumerate(said.levels):
        place = f"levels.{at}"
        form |= {f"{place}.name": level.name, f"{place}.definition": level.definition}
        form |= {
            f"{place}.{part}": "\r\n".join(getattr(level, part))
            for part in ("include", "exclude", "cue_words")
        }
        for number, (text, why) in enumerate(level.examples):
            form |= {
                f"{place}.examples.{number}.text": text,
                f"{place}.examples.{number}.why": why,
            }
    return form | changed


def send(office: Office, person: str, form: dict[str, Any]) -> TestResponse:
    return office.browser(person).post(DRAFT, form)


def draft(office: Office) -> rubric_drafts.Draft:
    with office.database.read() as session:
        return rubric_drafts.open_draft(session, office.project(session))


def publish_next(office: Office, level: int, definition: str) -> int:
    """A version published behind everyone's back."""
    with office.database.write() as session:
        project = office.project(session)
        number = rubric_versions.next_number(session, "cenr-5")
        text = a_new_rubric(session, project, level, definition, number=number)
        return rubric_versions.publish(session, project.id, text, "because", None, None).version


def test_the_form_sends_all_that_a_wording_says(office: Office) -> None:
    page = office.browser(LEAD).get(DRAFT).text
    assert set(fields_of(office)) <= set(_FIELD.findall(page))
    answer = send(office, LEAD, fields_of(office))
    assert answer.status_code == 303
    with office.database.read() as session:
        rubric = project_rubric(session, office.project(session))
    assert draft(office).wording == wording_of(rubric)


def test_a_draft_is_kept_with_its_faults_and_tells_them_beside_the_fields(office: Office) -> None:
    changed = {"levels.1.definition": " ", "levels.2.include": "", "levels.3.name": "Instrumental"}
    assert send(office, LEAD, fields_of(office, **changed)).status_code == 303
    page = office.browser(LEAD).get(DRAFT).text
    assert 'id="levels.1.definition-fault">This is empty' in page
    assert 'id="levels.2.include-fault">This needs one line' in page
    assert page.count('aria-invalid="true"') == 2
    assert len(draft(office).faults) == 2  # equal names are looked for once the fields are full
    refused = office.browser(LEAD).get(f"{DRAFT}/publish").text
    assert "Complete the draft" in refused
    assert 'type="submit">Publish' not in refused
    fixed = {"levels.1.definition": "A room.", "levels.2.include": "a\n\n b  c "}
    send(office, LEAD, fields_of(office, **fixed))
    assert draft(office).wording.levels[2].include == ("a", "b c")
    assert "Two levels have the same name." in office.browser(LEAD).get(DRAFT).text


def test_who_saves_late_loses_nothing_and_sees_both(office: Office) -> None:
    opened = fields_of(office)
    send(office, LEAD, opened | {"title": "The first lead's title"})
    late = send(office, OTHER_LEAD, opened | {"title": "A later title", "source": "Kept words"})
    assert late.status_code == 409
    assert "lead-own has saved this draft" in late.text
    both = late.text[late.text.index("Not saved yet") : late.text.index("rubric-page")]
    sides = re.findall(r"(?:saved|yours): </span>(.*?)</div>", both)
    assert [re.sub("<[^>]+>", "", side) for side in sides[:2]] == [
        "The first lead&#39;s title",
        "A later title",
    ]
    assert "<del>" in sides[0]
    assert "<ins>" in sides[1]
    assert 'value="A later title"' in late.text
    assert "Kept words" in late.text
    assert draft(office).wording.title == "The first lead's title"
    revision = re.search(r'name="revision" value="([^"]+)"', late.text)
    assert revision is not None
    again = opened | {"title": "A later title", "revision": revision[1]}
    assert send(office, OTHER_LEAD, again).status_code == 303
    assert draft(office).wording.title == "A later title"


def test_publishing_asks_for_a_note_and_moves_the_project(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[CODER], level=2)
    then = {"levels.1.definition": "A partner lends a room.", "then": "publish"}
    answer = send(office, LEAD, fields_of(office, **then))
    assert answer.location.endswith("/rubric/draft/publish")
    browser = office.browser(LEAD)
    page = browser.get(f"{DRAFT}/publish").text
    assert "1 protocol has a coder" in page
    assert re.findall(r'name="touched" value="(\d)" checked', page) == ["2"]
    assert "<ins>" in page
    revision = draft(office).revision
    refused = browser.post(f"{DRAFT}/publish", {"revision": revision, "note": " ", "touched": "4"})
    assert refused.status_code == 400
    assert "Say what changed" in refused.text
    assert re.findall(r'name="touched" value="(\d)" checked', refused.text) == ["4"]
    done = browser.post(
        f"{DRAFT}/publish", {"revision": revision, "note": "Rooms.", "touched": ["2", "3"]}
    )
    assert done.location.endswith("/rubric/rereading")
    with office.database.read() as session:
        last = rubric_versions.versions(session, office.project(session))[-1]
        assert (last.number, last.by, last.note, last.touched) == (2, "lead-own", "Rooms.", (2, 3))
        assert session.scalars(select(RubricDraft)).all() == []


def test_every_version_stays_readable_and_can_be_taken_away(office: Office) -> None:
    assert publish_next(office, 3, "Words of the second version.") == 2
    browser = office.browser(CODER)
    now_read, old = browser.get(PAGE).text, browser.get(f"{PAGE}?version=1").text
    assert "Words of the second version." in now_read
    assert "Words of the second version." not in old
    assert "This is version 1" in old
    first = browser.get(f"{PAGE}/versions/1.yaml")
    assert first.text == RUBRIC.read_text(encoding="utf-8")
    assert 'filename="cenr-5.v1.yaml"' in first.headers["Content-Disposition"]
    words = Document(io.BytesIO(browser.get(f"{PAGE}/versions/2.docx").data))
    assert [p.text for p in words.paragraphs if p.style and p.style.name == "Heading 1"][
        1
    ] == "1 Non-CEnR"
    cells = [cell.text for table in words.tables for row in table.rows for cell in row.cells]
    assert "Words of the second version." in cells
    assert browser.get(f"{PAGE}?version=7").status_code == 404
    assert browser.get(f"{PAGE}/versions/2.pdf").status_code == 404
    compared = browser.get(f"{PAGE}/changes").text
    assert "<ins>" in compared
    assert "because" in compared


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"id: [", "not valid YAML"),
        (b"[" * 5000, "not valid YAML"),
        (b"? [a]\n: b", "not valid YAML"),
        (b"d: 2020-13-45", "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * 500_001, "half a megabyte"),
        (RUBRIC.read_bytes().replace(b"id: cenr-5", b"id: other"), "is coded by cenr-5"),
    ],
)
def test_a_file_that_is_no_rubric_of_the_project_is_refused(
    office: Office, body: bytes, fault: str
) -> None:
    files = {"file": (io.BytesIO(body), "r.yaml"), "revision": ""}
    answer = office.browser(LEAD).post(f"{DRAFT}/file", files)
    assert answer.status_code == 400
    assert fault in answer.text
    assert draft(office).revision == ""


def test_a_draft_goes_out_as_a_file_and_comes_back(office: Office) -> None:
    send(office, LEAD, fields_of(office, title="“Öffentlich”: a {title} - #1"))
    before = draft(office)
    text = office.browser(LEAD).get(f"{DRAFT}/file").data
    send(office, LEAD, fields_of(office, title="Another"))
    files = {"file": (io.BytesIO(text), "r.yaml"), "revision": draft(office).revision}
    assert office.browser(LEAD).post(f"{DRAFT}/file", files).status_code == 303
    assert draft(office).wording == before.wording
    gone = {"revision": draft(office).revision}
    assert office.browser(LEAD).post(f"{DRAFT}/discard", gone).status_code == 303
    assert draft(office).revision == ""


def example(office: Office, browser: Browser, protocol: str, quote: str) -> TestResponse:
    said = {"example.protocol": protocol, "example.quote": quote, "example.why": "Flyers."}
    return browser.post(DRAFT, fields_of(office, title="Typed before", then="example", **said))


def test_an_example_comes_from_a_settled_protocol_and_is_kept_as_text(office: Office) -> None:
    browser = office.browser(LEAD)
    early = example(office, browser, "P-1", "Flyers at church 1")
    assert early.status_code == 400
    assert "no final level yet" in early.text
    assert draft(office).wording.title == "Typed before"
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[CODER], level=2)
    wrong = example(office, browser, "P-1", "Flyers at church 9")
    assert "does not stand in P-1" in wrong.text
    assert "Flyers at church 9</textarea>" in wrong.text
    assert example(office, browser, "P-1", " Flyers at\n church 1").status_code == 303
    assert draft(office).wording.levels[1].examples[-1] == ("Flyers at church 1", "Flyers.")
    with office.database.read() as session:
        seen = session.scalars(select(Disclosure.account_id)).all()
        assert seen == [office.people[LEAD]]


def test_no_example_comes_from_the_fenced_sample(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        a_label(session, project, 1, by=office.people[CODER], level=2)
        session.add(FencedProtocol(protocol_id=1, project_id=project.id, drawn_at=now()))
    answer = example(office, office.browser(LEAD), "P-1", "Flyers at church 1")
    assert answer.status_code == 400
    assert "kept for measuring" in answer.text


def test_a_proposal_is_read_by_its_author_and_the_leads_alone(office: Office) -> None:
    coder = office.browser(CODER)
    said = {"text": "Is a lent room a 2?", "level": "2", "protocol": "P-1"}
    assert coder.post(f"{PAGE}/proposals", said).status_code == 303
    assert "Is a lent room a 2?" in coder.get(PAGE).text
    assert "Is a lent room a 2?" not in office.browser("auditor@own").get(PAGE).text
    lead = office.browser(LEAD)
    hidden = lead.get(DRAFT).text
    assert "may tell its level" in hidden
    assert "Is a lent room a 2?" not in hidden
    assert "level 2, on P-1" not in hidden
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[LEAD], level=3)
    assert "Is a lent room a 2?" in lead.get(DRAFT).text
    bare = lead.post(f"{DRAFT}/proposals/1", {"outcome": "declined", "reason": ""})
    assert bare.status_code == 400
    lead.post(f"{DRAFT}/proposals/1", {"outcome": "declined", "reason": "Rule 6 says so."})
    assert "Rule 6 says so." in coder.get(PAGE).text
    lead.post(f"{DRAFT}/proposals/1", {"outcome": "taken_up"})
    assert "taken up in version 2" in coder.get(PAGE).text


def test_opening_a_proposal_that_may_tell_a_level_is_recorded(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 2, by=office.people[CODER], level=4)
        session.execute(update(Protocol).values(coders_missing=1))
        by = office.people[CODER]
        proposals.propose(session, office.projects[OWN], by, "P-2 is a 4.", protocol_id=2)
    lead = office.browser(LEAD)
    assert "P-2 is a 4." not in lead.get(DRAFT).text
    assert "P-2 is a 4." in lead.get(f"{DRAFT}?all=1").text
    with office.database.read() as session:
        noted = session.execute(select(Disclosure.protocol_id, Disclosure.account_id)).all()
        assert noted == [(2, office.people[LEAD])]
