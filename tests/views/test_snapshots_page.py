"""Snapshots on their pages: a lead keeps one, an auditor takes it out, and both are on record."""

from __future__ import annotations

import csv
import io

from sqlalchemy import select

from cer_assist.services import queue_order
from cer_assist.store.tables import AuditEvent, Disclosure
from tests.builders import a_label
from tests.views.office import OWN, Office

PAGE = f"/p/{OWN}/snapshots"
SPLIT = {"split": "1", "train": "100", "validation": "0", "test": "0"}


def test_one_is_made_looked_at_compared_and_taken_out(office: Office) -> None:
    lead, auditor = office.browser("lead@own"), office.browser("auditor@own")
    assert "No snapshots yet" in auditor.get(PAGE).text
    assert "snapshots/new" not in auditor.get(PAGE).text
    with office.database.write() as session:
        queue_order.store_clusters(session, dict.fromkeys(office.protocols))
    assert lead.post(f"{PAGE}/make", {"name": "<b>First</b>"}).status_code == 303
    for wrong in ({"name": "x", "seed": "one"}, {"name": "7"}, {"name": "x", "apart": "PI"}):
        assert lead.post(f"{PAGE}/make", wrong).status_code == 400
    with office.database.write() as session:
        own = {"by": office.people["coder@own"], "level": 4}
        a_label(session, office.project(session), office.protocols[0], **own)
    look = lead.get(f"{PAGE}/new?split=1&train=100&validation=0&test=0&settled=1").text
    assert (
        "1 protocol, 1 label event." in look and "Protocols left out: 3 without a reading" in look
    )
    assert 'type="hidden" name="train" value="100"' in look
    assert "Imported answers count on the day of their import" in look
    assert lead.get(f"{PAGE}/new?split=1&train=50&validation=0&test=50").status_code == 400
    assert auditor.get(f"{PAGE}/new").status_code == 403
    assert lead.post(f"{PAGE}/make", {"name": "Second", **SPLIT}).status_code == 303
    assert "As made" in auditor.get(f"{PAGE}/2?check=1").text
    assert "&lt;b&gt;First" in auditor.get(PAGE).text
    text = lead.get(f"{PAGE}/2?with=1").text
    assert "every pair of texts in two splits compared" in text and "0 of 0 pairs" in text
    assert "Final levels that changed" in text
    assert lead.get(f"{PAGE}/9").status_code == 404
    assert f'{PAGE}/2/changes?with=1&amp;what=level&amp;from=&amp;to=4"' in text
    got = [auditor.post(f"{PAGE}/1/export", {"format": "jsonl"}) for _ in range(2)]
    assert got[0].status_code == 200 and got[0].data == got[1].data
    assert auditor.post(f"{PAGE}/1/export", {"format": "csv", "names": "1"}).status_code == 403
    with office.database.read() as session:
        taken = select(AuditEvent.detail).where(AuditEvent.action == "export.taken")
        assert ['"snapshot":"<b>First</b>"' in one for one in session.scalars(taken)] == [True] * 2


def test_each_count_of_a_difference_opens_its_protocols(office: Office) -> None:
    lead, auditor = office.browser("lead@own"), office.browser("auditor@own")
    lead.post(f"{PAGE}/make", {"name": "First"})
    with office.database.write() as session:
        own = {"by": office.people["coder@own"], "level": 4}
        a_label(session, office.project(session), office.protocols[0], **own)
    lead.post(f"{PAGE}/make", {"name": "Second"})
    where = f"{PAGE}/2/changes?with=1&what=level"
    for person in (lead, auditor):
        listed = person.get(f"{where}&from=&to=4").text
        assert "P-1<" in listed and "P-2" not in listed
    assert "None." in auditor.get(f"{where}&from=1&to=4").text
    assert auditor.get(f"{PAGE}/2/changes?with=1&what=all").status_code == 400
    (row,) = csv.DictReader(io.StringIO(auditor.get(where.replace("changes", "changes.csv")).text))
    assert (row["external_id"], row["level_before"], row["level_after"]) == ("P-1", "", "4")
    assert row["from_after"] == "single"
    with office.database.read() as session:
        seen = {one.account_id for one in session.scalars(select(Disclosure))}
        assert seen == {office.people["lead@own"], office.people["auditor@own"]}


def test_they_are_made_and_compared_as_json(office: Office) -> None:
    where = f"/api/v1/projects/{OWN}/snapshots"
    lead = office.browser("lead@own")
    headers = {"X-CSRFToken": lead.token()}
    for wish in ({"name": "one"}, {"name": "two", "settled_only": True}):
        assert lead.client.post(f"{where}/make", json=wish, headers=headers).status_code == 200
    wrong = lead.client.post(
        f"{where}/make", json={"name": "x", "readings": "some"}, headers=headers
    )
    assert wrong.status_code == 400
    own = [one["name"] for one in lead.get(where).get_json()["snapshots"]]
    assert own == ["one", "two"]
    told = lead.get(f"{where}/1/differences/2").get_json()
    assert (told["removed_count"], told["facts"][0]["what"]) == (4, "Filters")
    whole = office.browser("auditor@own").get(f"{where}/1/differences/2").get_json()
    # A lead codes: what is still open to them is counted, not named.
    assert (told["removed"], whole["removed"]) == ([], ["P-1", "P-2", "P-3", "P-4"])
    assert lead.get(f"{where}/2").get_json()["counts"]["protocols"] == 0
    gone = lead.get(f"{where}/2/changes?with=1&what=removed").get_json()
    assert (gone["total"], gone["left_out"]) == (0, 4)
    gone = office.browser("auditor@own").get(f"{where}/2/changes?with=1&what=removed").get_json()
    assert [one["external_id"] for one in gone["rows"]] == ["P-1", "P-2", "P-3", "P-4"]
    beyond = office.browser("auditor@own").get(f"{where}/2/changes?with=1&what=removed&page=2")
    assert (beyond.get_json()["rows"], beyond.get_json()["page"]) == ([], 2)
    again = lead.get(f"{where}/1/check").get_json()
    assert again == {"as_made": True, "differs": [], "untold": [], "lines": 0}
