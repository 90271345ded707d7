"""The fenced sample's page, and that no coder can tell which protocols are in it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cer_assist.config import Settings
from cer_assist.services import fence, fence_draws, jobs, queue
from cer_assist.store.engine import Database
from cer_assist.store.tables import Explanation, Job, Membership, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.views import annotate
from tests.builders import a_fence, a_label, a_member, a_model, two_readings
from tests.views.answers import CODER, PROBABILITIES, TELLTALES, an_answer, send, under
from tests.views.office import OWN, Office, an_office
from tests.views.test_leaks import everything_a_coder_can_load

PAGE = f"/p/{OWN}/fence"
FIGURE = {"value": 0.61, "low": 0.52, "high": 0.69}


def a_sample(office: Office, ids: list[int]) -> None:
    with office.database.write() as session:
        a_fence(session, office.project(session), ids)


def test_a_lead_chooses_a_size_and_asks_for_the_draw(office: Office) -> None:
    lead = office.browser("lead@own")
    page = lead.get(f"{PAGE}?accuracy=30&qwk=40").text
    assert "4 protocols have not been read by anyone" in page
    assert "to within 0 points" in page  # all four of them
    assert 'name="size" type="number" min="1" max="4"' in page
    answer = lead.post(f"{PAGE}/draw", {"size": "3"})
    assert answer.status_code == 303
    page = lead.get(PAGE).text
    assert "A draw is under way" in page
    assert "Draw at random" not in page
    with office.database.read() as session:
        payload = session.scalars(select(Job.payload).where(Job.kind == jobs.FENCE_DRAW)).one()
    assert payload == {"size": 3, "by": office.people["lead@own"]}
    assert lead.post(f"{PAGE}/draw", {"size": "3"}).status_code == 400
    assert lead.post(f"{PAGE}/draw", {"size": "many"}).status_code == 400


def test_a_project_with_one_reader_is_told_that_it_takes_two(office: Office) -> None:
    lead = office.browser("lead@own")
    warning = "without another coder no figure can come of it"
    assert warning not in lead.get(PAGE).text
    with office.database.write() as session:
        project = office.project(session)
        own, leads = Membership.project_id == project.id, Membership.role == Role.lead
        session.execute(delete(Membership).where(own, ~leads))
    page = lead.get(PAGE).text
    assert "Only one person" in page
    assert warning in page


def test_progress_and_figures_are_told_and_no_protocol_is_named(office: Office) -> None:
    a_sample(office, office.protocols[:3])
    with office.database.write() as session:
        project = office.project(session)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        two_readings(session, project, office.protocols[0], coders, 3, 3)
        two_readings(session, project, office.protocols[1], coders, 3, 4)
        version = a_model(session, project, {})
        figures = dict.fromkeys(("accuracy", "qwk", "mae"), FIGURE)
        bounds = {"bounds": {"low": 0.4, "high": 0.7}, "differ": 1, "population": 30}
        fence.add_estimate(session, version, 20, 30, figures | bounds)
    for person in ("lead@own", "auditor@own"):
        page = office.browser(person).get(PAGE).text
        assert "1 of 3 protocols read twice and settled" in page
        assert "0.61 <small>(0.52 to 0.69)" in page
        assert "accuracy would be 40 %" in page
        assert "Study number" not in page
        assert "P-1" not in page
        assert ("Draw at random" in page) == (person == "lead@own")
        model = office.browser(person).get(f"/p/{OWN}/model").text
        assert "on protocols drawn at random" in model
    assert "drawn at random</h2>" not in office.browser(CODER).get(f"/p/{OWN}/model").text


def test_the_audit_page_does_not_give_the_seed_away(office: Office) -> None:
    a_sample(office, office.protocols[:3])
    page = office.browser("lead@own").get(f"/p/{OWN}/audit").text
    assert "fenced sample drawn" in page
    assert "drawn: 3" in page
    assert "seed" not in page


def test_a_project_without_protocols_says_that_none_can_be_drawn(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        for protocol in office.protocols:
            a_label(session, project, protocol, by=office.people[CODER], level=2)
    page = office.browser("lead@own").get(PAGE).text
    assert "Every protocol has been read by someone" in page


@pytest.mark.parametrize("policy", list(SuggestionPolicy))
@pytest.mark.parametrize("role", ["coder@own", "lead@own"])
def test_before_an_answer_nothing_is_suggested_of_a_fenced_protocol(
    modelled: Office, policy: SuggestionPolicy, role: str
) -> None:
    fenced, other = modelled.protocols[:2]
    a_sample(modelled, [fenced])
    with modelled.database.write() as session:
        session.execute(update(Protocol).values(shuffle=1))  # no other is read without
    under(modelled, policy)
    browser = modelled.browser(role)
    for address in (f"/p/{OWN}/label?protocol={fenced}", f"/p/{OWN}/protocols/{fenced}"):
        assert not [word for word in TELLTALES if word in browser.get(address).text], address
    explained = f"/api/v1/projects/{OWN}/protocols/{fenced}/explanation"
    assert browser.get(explained).status_code == 403
    seen = browser.get(f"/p/{OWN}/protocols/{other}").text
    assert ("81 %" in seen) == (policy is SuggestionPolicy.shown)


@pytest.mark.parametrize("policy", list(SuggestionPolicy))
def test_after_the_answer_a_fenced_protocol_is_like_any_other(
    modelled: Office, policy: SuggestionPolicy
) -> None:
    """Two protocols with the same text and suggestion, one fenced and one withheld by lot."""
    fenced, other = modelled.protocols[:2]
    a_sample(modelled, [fenced])
    with modelled.database.write() as session:
        session.execute(update(Protocol).values(shuffle=fence.WITHHELD))
    under(modelled, policy)
    browser = modelled.browser(CODER)
    shown = []
    for protocol in (fenced, other):
        browser.get(f"/p/{OWN}/label?protocol={protocol}")
        answer = send(browser, an_answer(protocol)).text
        page = browser.get(f"/p/{OWN}/protocols/{protocol}").text
        shown.append(["81 %" in answer, "Model suggests" in answer, "81 %" in page])
    assert shown[0] == shown[1]


def two_worlds(
    tmp_path: Path, migrated: Path, policy: SuggestionPolicy, without: float
) -> list[Office]:
    """Equal but for which protocol is fenced: the first, or one that is answered by nobody."""
    offices = []
    for name, fenced in (("one", 0), ("two", 3)):
        path = tmp_path / f"{name}.sqlite3"
        shutil.copy(migrated, path)
        database = Database(f"sqlite:///{path}")
        office = an_office(database, Settings.model_validate({"home": tmp_path}))
        with database.write() as session:
            project = office.project(session)
            project.suggestion_policy = policy
            project.random_share = 0.0
            project.no_suggestion_share = without
            # Nothing else may differ: under `shown` all are withheld, by the lot or by the fence.
            shuffled = enumerate(office.protocols)
            for at, protocol in shuffled:
                session.get_one(Protocol, protocol).shuffle = at * fence.WITHHELD
            said = dict.fromkeys(office.protocols, (5, PROBABILITIES))
            a_fence(session, project, [office.protocols[fenced]])
            a_model(session, project, said)
            mine = office.people[CODER]
            for lot, protocol in zip(LOTS, office.protocols[:2], strict=True):
                queue.serve_picked(session, project, mine, protocol, dice=random.Random(lot))
                a_label(session, project, protocol, by=mine, level=3)
            session.execute(delete(Explanation))
        offices.append(office)
    return offices


LOTS = (0, 1)  # dice that give the first protocol its suggestion, and the second none


@pytest.mark.parametrize("policy", list(SuggestionPolicy))
@pytest.mark.parametrize("without", [0.0, 0.5])
def test_a_coders_pages_do_not_tell_what_is_fenced(
    tmp_path: Path,
    migrated_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: SuggestionPolicy,
    without: float,
) -> None:
    """Every page, list, search and reply, in a world where an answered protocol is fenced and in
    one where an unread one is. What the coder is served next is the queue's. Lots fall alike in
    both worlds, for nothing that they depend on differs."""
    offices, pages = two_worlds(tmp_path, migrated_file, policy, without), []
    for office in offices:
        monkeypatch.setattr(annotate, "dice", random.Random(1))
        pages.append(everything_a_coder_can_load(office))
        office.database.close()
    assert pages[0].keys() == pages[1].keys()
    assert len(pages[0]) >= 20
    differing = {address for address in pages[0] if pages[0][address] != pages[1][address]}
    assert not differing
    by_lot = "By lot" in pages[0][f"/p/{OWN}/protocols/{offices[0].protocols[1]}"]
    assert by_lot == (without > 0 and policy is not SuggestionPolicy.hidden)


def test_a_lead_is_not_told_what_an_unread_sample_holds(office: Office) -> None:
    """The list of protocols, its filters and the export leave it out."""
    before = {address: office.browser("lead@own").get(address).text for address in LISTS}
    a_sample(office, office.protocols[:2])
    after = {address: office.browser("lead@own").get(address).text for address in LISTS}
    assert [steadied(page) for page in before.values()] == [
        steadied(page) for page in after.values()
    ]
    with office.database.read() as session:
        assert fence_draws.unread(session, office.project(session).id) == 2


LISTS = [f"/p/{OWN}/protocols{query}" for query in ("", "?state=open", "?state=complete")]


def steadied(page: str) -> str:
    from tests.views.test_leaks import steady

    return steady(page)
