"""Versions and copies on pages: what is shown to whom, and that no level is on them."""

from __future__ import annotations

import pytest

from cer_assist.domain.protocols import compose
from cer_assist.services import copy_groups, queue_order, studies
from cer_assist.services.copy_groups import Verdict
from cer_assist.services.importing import import_protocols
from cer_assist.store.tables import Protocol, ProtocolLink
from tests.builders import a_label
from tests.views.office import OWN, Office

COPIES = f"/p/{OWN}/copies"


@pytest.fixture
def alike(office: Office) -> Office:
    """P-1, P-2 and P-3 are near-copies, as the worker would have found."""
    with office.database.write() as session:
        first = office.protocols[0]
        cluster = dict.fromkeys(office.protocols[:3], first) | {office.protocols[3]: None}
        queue_order.store_clusters(session, cluster)
    return office


def difference(of: int, other: int) -> str:
    return f"/p/{OWN}/protocols/{of}/difference?with={other}"


def group_key(office: Office) -> str:
    return copy_groups.group_key(office.protocols[:3])


def test_a_group_is_proposed_and_linked_in_the_order_given(alike: Office) -> None:
    lead = alike.browser("lead@own")
    page = lead.get(COPIES).text
    assert "3 protocols" in page
    assert "P-4" not in page
    assert 'class="level' not in page
    one, two, three = alike.protocols[:3]
    form = {"group": group_key(alike), "member": [one, two, three], "place": ["2", "1", ""]}
    assert lead.post(COPIES, form | {"verdict": "versions"}).status_code == 303
    with alike.database.read() as session:
        links = session.query(ProtocolLink).all()
        assert [(row.protocol_id, row.earlier_id, row.left_id) for row in links] == [
            (one, two, two)
        ]
    assert "you have decided about all of them" in lead.get(COPIES).text
    again = lead.post(COPIES, form | {"verdict": "versions"})
    assert again.status_code == 400


def test_of_copies_one_is_read(alike: Office) -> None:
    lead = alike.browser("lead@own")
    one, two, three = alike.protocols[:3]
    form = {"group": group_key(alike), "member": [one, two, three], "read": two}
    assert lead.post(COPIES, form | {"verdict": "copies"}).status_code == 303
    with alike.database.read() as session:
        left = {row.left_id for row in session.query(ProtocolLink)}
        assert left == {one, three}


def test_what_is_no_copy_comes_back_only_with_another_member(alike: Office) -> None:
    lead = alike.browser("lead@own")
    lead.post(COPIES, {"group": group_key(alike), "verdict": "neither"})
    assert "decided about all" in lead.get(COPIES).text
    with alike.database.write() as session:
        queue_order.store_clusters(session, dict.fromkeys(alike.protocols, alike.protocols[0]))
    assert "4 protocols" in lead.get(COPIES).text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"verdict": "versions", "place": ["1", "1", "2"]}, "the same number"),
        ({"verdict": "versions", "place": ["1", "x", "2"]}, "whole numbers"),
        ({"verdict": "versions", "place": ["1", "", ""]}, "at least two"),
        ({"verdict": "perhaps"}, "Choose what"),
    ],
)
def test_what_cannot_be_meant_is_refused(alike: Office, form: dict[str, object], says: str) -> None:
    sent = {"group": group_key(alike), "member": alike.protocols[:3], **form}
    answer = alike.browser("lead@own").post(COPIES, sent)
    assert (answer.status_code, says in answer.text) == (400, True)


def test_a_difference_is_told_by_words_and_not_by_colour_alone(office: Office) -> None:
    one, two = office.protocols[:2]
    page = office.browser("auditor@own").get(difference(two, one)).text
    assert "<del>1 </del><ins>2 </ins>" in page
    assert "words <ins>put in</ins>" in page
    assert 'class="level' not in page
    same = office.browser("lead@own").get(difference(one, one))
    assert same.status_code == 400


def test_a_coder_compares_versions_once_both_are_answered(office: Office) -> None:
    coder = office.browser("coder@own")
    one, two = office.protocols[:2]
    assert coder.get(difference(two, one)).status_code == 403
    with office.database.write() as session:
        project = office.project(session)
        later, earlier = (session.get_one(Protocol, key) for key in (two, one))
        studies.link(session, project, [(later, earlier)], by=None)
        mine = office.people["coder@own"]
        a_label(session, project, one, by=mine, level=2)
    assert "Read both versions first" in coder.get(difference(two, one)).text
    with office.database.write() as session:
        a_label(session, office.project(session), two, by=mine, level=4)
    assert coder.get(difference(two, one)).status_code == 200


def test_a_lead_links_by_hand_and_undoes_it(office: Office) -> None:
    lead = office.browser("lead@own")
    two = f"/p/{OWN}/protocols/{office.protocols[1]}"
    refused = lead.post(f"{two}/link", {"kind": "version", "earlier": "P-9"})
    assert (refused.status_code, "no protocol P-9" in refused.text) == (400, True)
    assert lead.post(f"{two}/link", {"kind": "version", "earlier": "P-1"}).status_code == 303
    assert "Version 2 of 2" in lead.get(two).text
    first = office.browser("coder@own").get(f"/p/{OWN}/protocols/{office.protocols[0]}").text
    assert "Version 1 of 2" in first
    assert "superseded" in first
    assert "/link" not in first
    lead.post(f"{two}/link", {"action": "undo"})
    assert "Version 2 of 2" not in lead.get(two).text


def test_ten_thousand_protocols_are_proposed_by_the_page(office: Office) -> None:
    with office.database.write() as session:
        texts = [compose(f"Z-{at}", "", [("Text", f"text {at // 2}")]) for at in range(10_000)]
        import_protocols(session, office.project(session), texts, [], by=None)
        keys = [key for (key,) in session.query(Protocol.id).filter(Protocol.text.like("text %"))]
        pairs = {key: keys[at - at % 2] for at, key in enumerate(keys)}
        queue_order.store_clusters(session, pairs)
        found = copy_groups.proposals(session, office.project(session), 250)
        assert (found.total, found.page, len(found.groups)) == (5_000, 250, copy_groups.PAGE)
        first = found.groups[0]
        copy_groups.decide(
            session,
            office.project(session),
            first.key,
            Verdict.copies,
            [one.id for one in first.members],
            by=None,
        )
        assert copy_groups.proposals(session, office.project(session)).total == 4_999


def test_the_same_by_json(alike: Office) -> None:
    lead = alike.browser("lead@own")
    where, headers = f"/api/v1/projects/{OWN}", {"X-CSRFToken": lead.token()}
    one, two, three = alike.protocols[:3]
    (group,) = lead.get(f"{where}/copies").get_json()["groups"]
    said = {"group": group["key"], "verdict": "versions", "order": [one, two]}
    made = lead.client.post(f"{where}/copies", json=said, headers=headers)
    assert made.get_json()["links"] == [{"protocol": "P-2", "kind": "version", "of": "P-1"}]
    copy = {"protocol": "P-3", "kind": "copy", "of": "P-1"}
    done = lead.client.post(f"{where}/links", json=copy, headers=headers)
    assert done.get_json()["links"][1] == copy
    assert lead.get(f"{where}/links").get_json() == done.get_json()
    for wrong in (said, copy, copy | {"kind": "twin"}, copy | {"of": "P-99"}):
        address = "copies" if "group" in wrong else "links"
        refused = lead.client.post(f"{where}/{address}", json=wrong, headers=headers)
        assert refused.status_code in (400, 404)
    left = lead.client.delete(f"{where}/links/{two}", headers=headers)
    assert left.get_json()["links"] == [copy]
    assert lead.client.delete(f"{where}/links/{two}", headers=headers).status_code == 400
    with alike.database.read() as session:
        (link,) = session.query(ProtocolLink).all()
        assert (link.protocol_id, link.earlier_id) == (three, one)
