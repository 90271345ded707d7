"""What a coder sees does not depend on what another coder or the model said: two worlds, one view.

The worlds differ only in a peer's answers and the model's suggestions. Every page that a coder can
load must read the same in both, so nothing of either can have leaked, in whatever form.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from cer_assist.config import Settings
from cer_assist.services import labelling, queue
from cer_assist.store.engine import Database
from cer_assist.store.tables import Disclosure
from cer_assist.store.tables.projects import SuggestionPolicy
from tests.builders import a_label, a_member, a_model, a_request
from tests.views.office import OWN, Office, an_office
from tests.views.test_access import ARGUMENTS

MARKER = "zebra-crossing-note"
VARYING = (
    r'(csrf[-_]token"[^>]*(content|value)=")[^"]+',
    r'("[^"]*key"[^>]*value=")[^"]+',
    r"\b[0-9a-f]{12,64}\b",
    r'datetime="[^"]+"',
    r'"(published|recorded)_at":"[^"]+"',
    r"\d{1,2} \w{3} \d{4}, \d\d:\d\d",
    r"\b\d\d:\d\d\b",
)


def a_world(
    database: Database,
    home: Path,
    *,
    policy: SuggestionPolicy,
    peer: int,
    model: int,
    without: float = 0.0,
) -> Office:
    """A peer has answered three protocols, the coder the first; a model has suggested all."""
    office = an_office(database, Settings.model_validate({"home": home}))
    mine = office.people["coder@own"]
    with database.write() as session:
        project = office.project(session)
        project.suggestion_policy = policy
        project.no_suggestion_share = without
        project.random_share = 0.0  # otherwise the dice would differ between the worlds
        other = a_member(session, project, f"peer-{peer}").id
        said = [0.02] * 5
        said[model - 1] = 0.92
        words: dict[str, object] = {"1": [{"word": "church", "weight": 1.0, "n_documents": 3}]}
        a_model(session, project, dict.fromkeys(office.protocols, (model, said)), words=words)
        for protocol in office.protocols[:3]:
            a_label(session, project, protocol, by=other, level=peer)
        current = labelling.current_event_id(session, office.protocols[1], other)
        note = a_request(
            office.protocols[1],
            peer,
            supersedes=current,
            note=f"{MARKER} {peer}",
            evidence=((0, 9),),
        )
        labelling.record_label(session, other, project, note)
        queue.serve_picked(session, project, mine, office.protocols[0])
        a_label(session, project, office.protocols[0], by=mine, level=3)
    return office


def everything_a_coder_can_load(office: Office) -> dict[str, str]:
    """Each address a coder may GET and what stands there, without what varies from load to load."""
    browser = office.browser("coder@own")
    addresses = {
        office.app.url_map.bind("localhost").build(
            rule.endpoint, {name: ARGUMENTS[name] for name in rule.arguments}
        )
        for rule in office.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "path" not in rule.arguments
    }
    for number in office.protocols:
        addresses |= {f"/p/{OWN}/protocols/{number}", f"/p/{OWN}/protocols/{number}?all=1"}
        addresses |= {f"/p/{OWN}/label?protocol={number}"}
    addresses |= {
        f"/p/{OWN}/protocols?{query}"
        for query in ("state=complete", "state=open", "mine=none", "level=2", "level=5", "q=church")
    }
    found = {}
    for address in sorted(addresses):
        answer = browser.get(address)
        if answer.status_code == 200:
            found[address] = steady(answer.text)
    return found


def steady(page: str) -> str:
    """The page without tokens, times and hashes."""
    for pattern in VARYING:
        page = re.sub(pattern, r"…", page)
    return page


@pytest.fixture
def second_database(tmp_path: Path, migrated_file: Path) -> Database:
    """A second world's database."""
    path = tmp_path / "second.sqlite3"
    shutil.copy(migrated_file, path)
    return Database(f"sqlite:///{path}")


@pytest.mark.parametrize("policy", [SuggestionPolicy.hidden, SuggestionPolicy.after])
def test_a_coders_pages_do_not_depend_on_others_answers(
    database: Database, second_database: Database, tmp_path: Path, policy: SuggestionPolicy
) -> None:
    one = a_world(database, tmp_path, policy=policy, peer=2, model=2)
    two = a_world(second_database, tmp_path, policy=policy, peer=5, model=4)
    pages = [everything_a_coder_can_load(office) for office in (one, two)]
    second_database.close()
    assert pages[0].keys() == pages[1].keys()
    assert len(pages[0]) >= 20
    differing = {address for address in pages[0] if pages[0][address] != pages[1][address]}
    # The coder has answered protocol 1: under `after` its suggestion is theirs to see, no other.
    first = {address for address in pages[0] if re.search(r"protocol(s/|=)1\b", address)}
    first -= {f"/api/v1/projects/{OWN}/protocols/1"}  # the text alone, whoever asks
    assert differing == (first if policy is SuggestionPolicy.after else set())
    assert not [address for address, page in pages[0].items() if MARKER in page]


@pytest.mark.parametrize("policy", list(SuggestionPolicy))
def test_who_goes_without_gets_nothing_of_the_model_under_any_policy(
    database: Database, second_database: Database, tmp_path: Path, policy: SuggestionPolicy
) -> None:
    """All by lot: of the protocol that the coder has answered, of those in hand, of all others."""
    worlds = [
        a_world(opened, tmp_path, policy=policy, peer=2 + at, model=2 + 2 * at, without=1.0)
        for at, opened in enumerate((database, second_database))
    ]
    pages = [everything_a_coder_can_load(office) for office in worlds]
    second_database.close()
    assert pages[0].keys() == pages[1].keys()
    assert len(pages[0]) >= 20
    differing = {address for address in pages[0] if pages[0][address] != pages[1][address]}
    with database.read() as session:
        seen = session.scalars(select(Disclosure.protocol_id)).all()
    asked = policy is not SuggestionPolicy.hidden  # of the answered one, and that is recorded
    assert differing == ({f"/p/{OWN}/protocols/1?all=1"} if asked else set())
    assert seen == ([1] if asked else [])


def test_the_two_worlds_do_differ_for_a_lead(
    database: Database, second_database: Database, tmp_path: Path
) -> None:
    address = f"/p/{OWN}/protocols/2?all=1"
    pages = []
    for place, opened in enumerate((database, second_database)):
        office = a_world(
            opened, tmp_path, policy=SuggestionPolicy.after, peer=2 + 3 * place, model=2
        )
        pages.append(office.browser("lead@own").get(address).text)
    second_database.close()
    assert f"{MARKER} 2" in pages[0]
    assert f"{MARKER} 5" in pages[1]
