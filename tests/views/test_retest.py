"""What came unannounced looks like a protocol that is read for the first time, everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist.config import Settings
from cer_assist.domain.labels import HIDDEN_LANES, Lane
from cer_assist.domain.serving import CHECK, RANDOM, RETEST
from cer_assist.services import queue, reading
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent
from cer_assist.store.tables.projects import SuggestionPolicy
from tests.builders import a_label, a_model
from tests.desk import SAID, Always
from tests.practice import a_known, some_items
from tests.views.office import OWN, Office, an_office
from tests.views.test_leaks import second_database, steady
from tests.views.test_openapi import a_token

__all__ = ["second_database"]
LEAD, CODER, OTHER = "lead@own", "coder@own", "administrator@own"


def a_world(
    database: Database,
    home: Path,
    policy: SuggestionPolicy,
    lane: Lane = Lane.retest,
    *,
    comes_back: bool,
) -> Office:
    """The first protocol is in the coder's hands: unannounced, or to be read, by lot alone.

    In the first world they have answered it, or others have and it is practised on; in the other
    one all this is so of the second.
    """
    office = an_office(database, Settings.model_validate({"home": home}))
    with database.write() as session:
        project = office.project(session)
        project.suggestion_policy, project.no_suggestion_share = policy, 0.5
        a_model(session, project, dict.fromkeys(office.protocols, (4, SAID)))
        one, two, _, four = office.protocols
        known = one if comes_back else two
        if lane is Lane.check:
            a_known(session, project, known, by=office.people[OTHER], level=2)
            some_items(session, project, 1)
        for person in (CODER, LEAD):
            mine = office.people[person]
            for protocol in (known, four) if lane is Lane.retest else (four,):
                reading.picked_card(session, project, mine, protocol, dice=Always(0.9))
                done = a_label(session, project, protocol, by=mine, level=2)
                if policy is SuggestionPolicy.after:  # else the next one would be drawn
                    reading.after_answer(session, project, mine, done, Always(0.9))
            strategy = RETEST if lane is Lane.retest else CHECK
            told = (strategy, Always(0.1), lane) if comes_back else (RANDOM, Always(0.1))
            queue.serve_picked(session, project, mine, one, *told)
    return office


def of_the_first(office: Office, person: str) -> dict[str, str]:
    """What they can load of it: its pages, its card, its line in the list, their counts.

    But for a lead's way to make practice of it, which says whether it is settled.
    """
    browser = office.browser(person)
    bound = office.app.url_map.bind("localhost")
    addresses = {
        bound.build(rule.endpoint, {"slug": OWN, "protocol_id": office.protocols[0]})
        for rule in office.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and rule.arguments == {"slug", "protocol_id"}
        and "training" not in rule.rule
    }
    queries = (
        "q=P-1",
        "q=P-1&mine=answered",
        "q=P-1&mine=none",
        "q=P-1&state=open",
        "q=P-1&level=2",
    )
    lists = f"/p/{OWN}/protocols", f"/api/v1/projects/{OWN}/protocols"
    addresses |= {f"{at}?{query}" for at in lists for query in queries}
    addresses |= {"/", f"/p/{OWN}/label", f"/p/{OWN}/label?protocol=1"}
    found = {at: browser.get(at) for at in sorted(addresses)}
    return {at: f"{reply.status_code} {steady(reply.text)}" for at, reply in found.items()}


@pytest.mark.parametrize("person", [CODER, LEAD])
@pytest.mark.parametrize("policy", list(SuggestionPolicy))
@pytest.mark.parametrize("lane", HIDDEN_LANES)
def test_what_comes_unannounced_cannot_be_told_from_a_first_reading(
    database: Database,
    second_database: Database,
    tmp_path: Path,
    lane: Lane,
    policy: SuggestionPolicy,
    person: str,
) -> None:
    again = a_world(database, tmp_path, policy, lane, comes_back=True)
    first = a_world(second_database, tmp_path, policy, lane, comes_back=False)
    pages = [of_the_first(office, person) for office in (again, first)]
    assert pages[0].keys() == pages[1].keys()
    assert len([page for page in pages[0].values() if page.startswith("200")]) >= 10
    assert {at for at in pages[0] if pages[0][at] != pages[1][at]} == set()
    replies = [_answered(office, person) for office in (again, first)]
    assert replies[0] == replies[1]
    if lane is Lane.check and person == CODER:
        # But for how far the project is, since an answer to a check counts nowhere, and for what
        # comes next, which is drawn in both: it may be the same one.
        after = [of_the_first(office, person) for office in (again, first)]
        differing = {at for at in after[0] if after[0][at] != after[1][at]}
        assert differing - {f"/p/{OWN}/label"} == {"/"}
        assert '">5</span></td>' in after[0][f"/p/{OWN}/protocols?q=P-1&mine=answered"]
    second_database.close()


def _answered(office: Office, person: str) -> tuple[object, ...]:
    """What the page makes of an answer: what was saved, and whether another protocol follows."""
    browser = office.browser(person)
    body = {"protocol_id": office.protocols[0], "action": "label", "level": 5,
            "idempotency_key": "the-very-key-1"}  # fmt: skip
    reply = browser.client.post(
        f"/p/{OWN}/label", json=body, headers={"X-CSRFToken": browser.token()}
    )
    assert reply.status_code == 200, reply.text
    found = reply.get_json()
    saved = {k: v for k, v in found["saved"].items() if k not in ("at", "event_id")}
    page = browser.get(f"/p/{OWN}/label").text
    count = page.split('id="mine">')[1].split("<")[0]
    return saved, found["protocol_id"] != office.protocols[0], 'data-stage="read"' in page, count


@pytest.mark.parametrize("person", [CODER, LEAD])
@pytest.mark.parametrize("lane", HIDDEN_LANES)
def test_scripts_cannot_tell_it_from_a_first_reading_either(
    database: Database, second_database: Database, tmp_path: Path, lane: Lane, person: str
) -> None:
    told = []
    for given, comes_back in ((database, True), (second_database, False)):
        office = a_world(given, tmp_path, SuggestionPolicy.after, lane, comes_back=comes_back)
        told.append(_by_script(office, person))
    second_database.close()
    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [200, 200, 409, 201, 200]


def _by_script(office: Office, person: str) -> list[tuple[int, object]]:
    """Take it, look at one's own, answer it over an event that is none, answer it, again."""
    head = {"Authorization": f"Bearer {a_token(office, person)}", "Idempotency-Key": "the-very-key"}
    client, root = office.app.test_client(), f"/api/v1/projects/{OWN}"
    taken = client.post(f"{root}/next", headers=head)
    assert taken.get_json()["protocol"]["protocol_id"] == office.protocols[0]
    mine = client.get(f"{root}/labels/mine", headers=head)
    assert mine.get_json()["labels"]
    of_it = [row for row in mine.get_json()["labels"] if row["external_id"] == "P-1"]
    said: list[tuple[int, object]] = [
        (taken.status_code, steady(taken.text)),
        (mine.status_code, of_it),
    ]
    where = f"{root}/protocols/{office.protocols[0]}/labels"
    for supersedes in (999, None, None):
        body = {"level": 5, "supersedes": supersedes}
        reply = client.post(where, json=body, headers=head)
        found = {k: v for k, v in reply.get_json().items() if k not in ("event_id", "recorded_at")}
        said.append((reply.status_code, found))
    return said


@pytest.mark.parametrize("adjudicators", [1, 2])
def test_a_lead_who_may_settle_it_cannot_tell_a_repeat_either(
    database: Database, second_database: Database, tmp_path: Path, adjudicators: int
) -> None:
    """With one, another lead is there to settle what this one has read; with two, nobody is."""
    replies = []
    for given, comes_back in ((database, True), (second_database, False)):
        office = a_world(given, tmp_path, SuggestionPolicy.after, comes_back=comes_back)
        with given.write() as session:
            project = office.project(session)
            project.adjudicators, project.accepts_agreed = adjudicators, False
        replies.append(_settling(office))
    second_database.close()
    assert replies[0] == replies[1]
    assert {status for status, _ in replies[0].values()} >= {403, 404, 409}


def _settling(office: Office) -> dict[str, tuple[int, str]]:
    """What a lead is told who wants to settle or discuss the first protocol, or looks for it."""
    browser, first = office.browser(LEAD), office.protocols[0]
    page, api = f"/p/{OWN}/adjudicate", f"/api/v1/projects/{OWN}"
    found = {
        at: browser.get(at)
        for at in (f"{page}/{first}", f"{api}/adjudications/{first}", f"{api}/discussions/{first}")
    }
    for act in ("decide", "send_back", "take_back"):
        fields: dict[str, Any] = {
            "act": act,
            "note": "Look again.",
            "idempotency_key": f"the-key-{act}",
        }
        fields |= {"level": 2} if act == "decide" else {}
        found[f"form {act}"] = browser.post(f"{page}/{first}", fields | {"between": ""})
        found[f"script {act}"] = browser.client.post(
            f"{api}/adjudications/{first}",
            json=fields | {"between": []},
            headers={"X-CSRFToken": browser.token()},
        )
    said = {at: (reply.status_code, steady(reply.text)) for at, reply in found.items()}
    for at in (page, f"{api}/adjudications"):
        reply = browser.get(at)
        said[at] = (reply.status_code, str("P-1" in reply.text))
    return said


def test_what_was_answered_is_in_its_own_lane_and_leads_are_not_told_either(
    database: Database, tmp_path: Path
) -> None:
    office = a_world(database, tmp_path, SuggestionPolicy.after, comes_back=True)
    lead = office.browser(LEAD)
    assert "You: " not in lead.get(f"/p/{OWN}/label").text
    for address in ("queue", "progress"):
        assert "retest" not in lead.get(f"/p/{OWN}/{address}").text
    _answered(office, CODER)
    with database.read() as session:
        events = session.execute(select(LabelEvent.lane, LabelEvent.level)).all()
    assert events.count((Lane.retest, 5)) == 1
    assert events.count((Lane.coder, 2)) == 4


def test_the_card_says_drawn_at_random(database: Database, tmp_path: Path) -> None:
    office = a_world(database, tmp_path, SuggestionPolicy.shown, comes_back=True)
    page = office.browser(CODER).get(f"/p/{OWN}/label").text
    assert "why this one: drawn at random" in page
    assert "Model suggests" not in page
