"""A protocol's sheet: no more than its page shows this person; a file that needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist.services import labelling
from cer_assist.services.sheets import standing
from cer_assist.store.tables import Disclosure, Highlight, ModelVersion, Suggestion
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label, a_member, a_protocol, a_request
from tests.views.answers import CODER, PROBABILITIES, under
from tests.views.conftest import FIGURE
from tests.views.office import Office

LEAD, AUDITOR = "lead@own", "auditor@own"
PEER_NOTE = "zebra-crossing-note"
OF_THE_MODEL = ("81 %", 'class="hl', 'class="passage', "Model's suggestion", "How good", "log-odds")
FORMS = ["", ".html"]


def address(protocol: int, form: str = "") -> str:
    return f"/p/own/protocols/{protocol}/sheet{form}"


@pytest.fixture
def peer(modelled: Office) -> int:
    """Somebody else's answer to the first protocol."""
    with modelled.database.write() as session:
        project = modelled.project(session)
        other = a_member(session, project, "peer").id
        note = a_request(modelled.protocols[0], 2, note=PEER_NOTE)
        labelling.record_label(session, other, project, note)
    return other


def answer(office: Office, person: str = CODER, level: int = 3, **fields: Any) -> None:
    with office.database.write() as session:
        project, mine = office.project(session), office.people[person]
        current = labelling.current_event_id(session, office.protocols[0], mine)
        request = a_request(office.protocols[0], level, supersedes=current, **fields)
        labelling.record_label(session, mine, project, request)


def sheet(office: Office, person: str, form: str = "") -> str:
    reply = office.browser(person).get(address(office.protocols[0], form))
    assert reply.status_code == 200
    return reply.text


def of_the_model(page: str) -> list[str]:
    return [tell for tell in OF_THE_MODEL if tell in page]


def disclosed(office: Office, person: str) -> set[str]:
    with office.database.read() as session:
        rows = select(Disclosure.what).where(Disclosure.account_id == office.people[person])
        return set(session.scalars(rows))


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("form", FORMS)
def test_before_the_own_answer_a_coders_sheet_has_nothing_of_the_model(
    modelled: Office, form: str
) -> None:
    page = sheet(modelled, CODER, form)
    assert "walking group 1" in page
    assert of_the_model(page) == []
    assert PEER_NOTE not in page
    assert disclosed(modelled, CODER) == set()


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("form", FORMS)
def test_after_it_the_suggestion_is_there_and_others_answers_are_not(
    modelled: Office, form: str
) -> None:
    answer(modelled)
    page = sheet(modelled, CODER, form)
    assert of_the_model(page) == list(OF_THE_MODEL)
    assert PEER_NOTE not in page
    assert "All answers" not in page
    assert disclosed(modelled, CODER) == {Disclosed.suggestion}


@pytest.mark.parametrize("form", FORMS)
def test_where_suggestions_are_hidden_the_own_answer_brings_none(
    modelled: Office, form: str
) -> None:
    under(modelled, SuggestionPolicy.hidden)
    answer(modelled)
    assert of_the_model(sheet(modelled, CODER, form)) == []


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("form", FORMS)
def test_an_auditor_sees_everything_and_that_is_recorded(modelled: Office, form: str) -> None:
    page = sheet(modelled, AUDITOR, form)
    assert of_the_model(page) == list(OF_THE_MODEL)
    assert PEER_NOTE in page
    assert "Answer of" not in page
    assert disclosed(modelled, AUDITOR) == {Disclosed.suggestion, Disclosed.peer_label}


@pytest.mark.parametrize("form", FORMS)
def test_a_lead_who_may_still_read_it_has_to_ask(modelled: Office, form: str) -> None:
    assert of_the_model(sheet(modelled, LEAD, form)) == []
    assert disclosed(modelled, LEAD) == set()
    asked = modelled.browser(LEAD).get(address(modelled.protocols[0], f"{form}?all=1")).text
    assert of_the_model(asked) == list(OF_THE_MODEL)
    assert disclosed(modelled, LEAD) == {Disclosed.suggestion}


def test_what_was_opened_stays_open_on_the_way_to_the_file(modelled: Office) -> None:
    lead = modelled.browser(LEAD)
    protocol = modelled.protocols[0]
    assert (
        f'href="{address(protocol)}?all=1"' in lead.get(f"/p/own/protocols/{protocol}?all=1").text
    )
    assert (
        f'href="{address(protocol, ".html")}?all=1"' in lead.get(address(protocol, "?all=1")).text
    )
    assert f'href="{address(protocol)}"' in lead.get(f"/p/own/protocols/{protocol}").text


def test_it_holds_the_own_answer_the_rubric_and_who_printed_it(modelled: Office) -> None:
    answer(modelled, confidence=2, evidence=((0, 5),), note="A town's own plan.")
    page = sheet(modelled, CODER)
    assert "Printed" in page
    assert "by coder-own" in page
    assert "Level 3" in page
    assert "fairly sure" in page
    assert "before seeing any other answer" in page
    assert "<q>Study</q>" in page
    assert '<mark class="ev">' in page
    assert "A town&#39;s own plan." in page
    assert "version 1 (SHA-256" in page


def test_probabilities_words_and_evidence_say_what_they_are(modelled: Office) -> None:
    page = sheet(modelled, AUDITOR)
    assert page.count("<rect") == 2 * len(PROBABILITIES)
    assert 'width="81.0"' in page
    assert '<span class="nowrap">study +1.00</span>' in page
    assert "Evidence strength 0.60 of 1:" in page
    assert "Below 0.20 it counts as weak" in page
    assert "weak evidence" not in page
    assert "version 1, from 5 labels" in page


@pytest.mark.parametrize(("level", "is_told"), [(5, False), (4, True)])
def test_a_level_that_is_not_the_most_probable_is_explained(
    modelled: Office, level: int, is_told: bool
) -> None:
    with modelled.database.write() as session:
        for row in session.scalars(select(Suggestion)):
            row.level = level
    assert ("not the most probable level" in sheet(modelled, AUDITOR)) is is_told


@pytest.mark.usefixtures("on_request")
def test_what_was_said_on_request_is_printed_with_what_it_knew(modelled: Office) -> None:
    page = sheet(modelled, AUDITOR)
    assert "+1.25" in page
    assert "may have learned from this protocol's own level" in page
    assert disclosed(modelled, AUDITOR) == {Disclosed.suggestion}


def test_weak_evidence_is_called_so(modelled: Office) -> None:
    with modelled.database.write() as session:
        for row in session.scalars(select(Highlight)):
            row.evidence_strength = 0.1
    assert sheet(modelled, AUDITOR).count("<strong>weak evidence</strong>") == 2


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (
            {"qwk": FIGURE, "n": 45, "measured_on": "45 labelled protocols"},
            "0.74 <small>(0.62 to 0.83)</small></span> with its 95 % interval, n = 45, "
            "measured on 45 labelled protocols",
        ),
        (
            {
                "last_measured": {
                    "version": 7,
                    "labels": 2,
                    "figures": {"qwk": FIGURE, "n": 40, "measured_on": "40 labelled protocols"},
                }
            },
            "n = 40, measured at version 7, from which it learnt on with 3 more labels, "
            "on 40 labelled protocols",
        ),
        ({"not_measured": "From the rubric alone"}, "How good this version is: From the rubric"),
    ],
)
def test_the_versions_quality_says_what_it_was_measured_on(
    modelled: Office, metrics: dict[str, Any], said: str
) -> None:
    with modelled.database.write() as session:
        session.scalars(select(ModelVersion)).one().metrics = metrics
    assert said in re.sub(r"\s+", " ", sheet(modelled, AUDITOR))


@pytest.mark.usefixtures("peer")
def test_only_answers_that_stand_are_listed(modelled: Office) -> None:
    answer(modelled, note="first thought")
    answer(modelled, level=4, note="second thought")
    page = sheet(modelled, AUDITOR)
    assert "first thought" not in page
    assert "second thought" in page
    assert standing([]) == []


def test_the_model_that_said_nothing_is_said_to_have_said_nothing(office: Office) -> None:
    assert "has not suggested a level" in sheet(office, AUDITOR)


class _Parts(HTMLParser):
    """Tags with their attributes, and the text outside of the style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


def test_the_file_is_one_file_without_scripts_or_references(modelled: Office) -> None:
    with modelled.database.write() as session:
        project = modelled.project(session)
        text = "See https://example.org <script>alert(1)</script> and <img src=x>."
        hostile = a_protocol(session, project, text, "</style><script>").id
        a_label(session, project, hostile, by=modelled.people[CODER], level=3)
    reply = modelled.browser(CODER).get(address(hostile, ".html"))
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{hostile}-sheet.html"'
    parts = _Parts(reply.text)
    assert "See https://example.org <script>alert(1)</script>" in parts.text
    assert {"script", "link", "img", "iframe", "object", "base", "a"} & set(parts.tags) == set()
    assert {"src", "href", "style", "action"} & parts.attributes == set()
    assert not [name for name in parts.attributes if name.startswith("on")]
    style = reply.text.split("<style>")[1].split("</style>")[0]
    assert "@page" in style
    assert not re.search(r"url\(|@import|http", style)
    assert "default-src 'none'" in reply.text


def test_page_and_file_say_the_same(modelled: Office) -> None:
    page, file = (
        sheet(modelled, AUDITOR, form).split("<article")[1].split("</article>")[0] for form in FORMS
    )
    times = r"<time.*?</time>"
    assert re.sub(times, "", page) == re.sub(times, "", file)


def test_protocol_and_words_page_lead_to_it(modelled: Office) -> None:
    browser = modelled.browser(AUDITOR)
    protocol = modelled.protocols[0]
    for page in ("", "/words"):
        assert (
            f'href="{address(protocol)}"' in browser.get(f"/p/own/protocols/{protocol}{page}").text
        )


def test_a_protocol_of_another_project_is_not_found(modelled: Office) -> None:
    assert modelled.browser("coder@other").get(address(1)).status_code == 404
    assert modelled.browser(CODER).get(address(9_999, ".html")).status_code == 404
