"""Snapshots on their pages: a lead keeps one, an auditor takes it out, and both are on record."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from cer_assist.domain.labels import Exposure
from cer_assist.services import queue_order
from cer_assist.services.snapshot_filters import READINGS
from cer_assist.store.tables import AuditEvent, Disclosure, Protocol
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
    assert "1 protocol, 1 label event." in look and "3 protocols that still may come" in look
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
    with office.database.write() as session:
        coder = office.people["coder@own"]
        a_label(session, office.project(session), office.protocols[0], by=coder, level=4)
    for wish in ({"name": "one"}, {"name": "two", "settled_only": True}):
        assert lead.client.post(f"{where}/make", json=wish, headers=headers).status_code == 200
    wrong = lead.client.post(
        f"{where}/make", json={"name": "x", "readings": "some"}, headers=headers
    )
    assert wrong.status_code == 400
    own = [one["name"] for one in lead.get(where).get_json()["snapshots"]]
    assert own == ["one", "two"]
    told = lead.get(f"{where}/1/differences/2").get_json()
    assert (told["removed_count"], told["facts"][0]["what"]) == (0, "Filters")
    whole = office.browser("auditor@own").get(f"{where}/1/differences/2").get_json()
    # A lead codes: of what is still open to them there is neither name nor count.
    assert (told["removed"], whole["removed"]) == ([], ["P-2", "P-3", "P-4"])
    assert (told["left_out"], whole["left_out"], whole["removed_count"]) == (3, 0, 3)
    assert lead.get(f"{where}/2").get_json()["counts"]["protocols"] == 1
    gone = lead.get(f"{where}/2/changes?with=1&what=removed").get_json()
    assert (gone["total"], gone["left_out"]) == (0, 3)
    gone = office.browser("auditor@own").get(f"{where}/2/changes?with=1&what=removed").get_json()
    assert [one["external_id"] for one in gone["rows"]] == ["P-2", "P-3", "P-4"]
    beyond = office.browser("auditor@own").get(f"{where}/2/changes?with=1&what=removed&page=2")
    assert (beyond.get_json()["rows"], beyond.get_json()["page"]) == ([], 2)
    again = lead.get(f"{where}/1/check").get_json()
    assert again == {"as_made": True, "differs": [], "untold": [], "lines": 0}


@pytest.fixture
def half_read(office: Office) -> Office:
    """P-1 is done with level 4; P-2 has a 5 and wants another reader; both are in two snapshots."""
    lead = office.browser("lead@own")
    assert lead.post(f"{PAGE}/make", {"name": "Before"}).status_code == 303
    with office.database.write() as session:
        queue_order.store_clusters(session, dict.fromkeys(office.protocols))
        second = Protocol.id == office.protocols[1]
        session.execute(update(Protocol).where(second).values(coders_wanted=2, coders_missing=2))
        for protocol, level in zip(office.protocols, (4, 5), strict=False):
            own = {"by": office.people["coder@own"], "level": level}
            a_label(session, office.project(session), protocol, **own)
    made = lead.post(f"{PAGE}/make", {"name": "After", "settled": "1", **SPLIT})
    assert made.status_code == 303
    return office


def levels_on(page: str) -> list[list[str]]:
    """Rows of the table of protocols by level and split."""
    table = page.split("Protocols by level and split</caption>")[1].split("</table>", maxsplit=1)[0]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table)
    return [re.findall(r">([^<>]+)<", row) for row in rows]


def test_who_codes_is_told_no_count_of_what_they_may_still_read(half_read: Office) -> None:
    auditor, lead = half_read.browser("auditor@own"), half_read.browser("lead@own")
    administrator = half_read.browser("administrator@own")
    look = f"{PAGE}/new?settled=1&{urlencode(SPLIT)}"
    whole, train = ["All", *"000110", "2"], ["train", *"000110", "2"]
    part, of_train = ["All", *"000100", "1"], ["train", *"000100", "1"]
    assert {*map(tuple, levels_on(auditor.get(f"{PAGE}/2").text))} >= {tuple(whole), tuple(train)}
    for person in (lead, administrator):
        for at in (look, f"{PAGE}/2"):
            page = person.get(at).text
            rows = levels_on(page)
            assert rows[0] == of_train and rows[-1] == part, at
            assert "3 protocols that still may come to you are left out, whatever was said" in page
            assert '<td class="number">2</td>' not in page.split("<h2>Check")[0]
        assert "1 protocol, 1 label event." in person.get(look).text
        assert "Keep this state" in person.get(look).text


def test_no_difference_tells_who_codes_of_what_they_may_still_read(half_read: Office) -> None:
    where = f"/api/v1/projects/{OWN}/snapshots"
    both = {"auditor@own": (["4", "5"], 0), "lead@own": (["4"], 3)}
    for name, (levels, left_out) in both.items():
        person = half_read.browser(name)
        told = person.get(f"{where}/1/differences/2").get_json()
        assert [one["after"] for one in told["moved"]] == levels
        assert sum(one["n"] for one in told["dealt"]) == len(levels)
        assert (told["removed_count"], told["left_out"]) == (0 if left_out else 2, left_out)
        counts = [one["counts"]["levels"] for one in person.get(where).get_json()["snapshots"]]
        assert counts[1]["5"] == (0 if left_out else 1)
        one = person.get(f"{where}/2").get_json()
        assert (one["counts"]["levels"], one["left_out"]) == (counts[1], left_out)
        assert one["counts"]["sources"]["single"] == len(levels)
        assert one["check"]["table"][0]["levels"]["5"] == (0 if left_out else 1)
        # How many of a count are left out would tell their level.
        for level in ("4", "5", "3"):
            at = f"{where}/2/changes?with=1&what=level&from=&to={level}"
            assert person.get(at).get_json()["left_out"] == left_out
        page = person.get(f"{PAGE}/2?with=1").text.split("Final levels that changed")[-1]
        assert ("<td>5</td>" in page) is not bool(left_out)
    with half_read.database.read() as session:
        seen = select(Disclosure.protocol_id).where(
            Disclosure.account_id == half_read.people["lead@own"]
        )
        assert set(session.scalars(seen)) == {half_read.protocols[0]}  # looking costs nothing more


def test_a_lead_is_told_of_what_they_make_what_its_page_tells(half_read: Office) -> None:
    lead = half_read.browser("lead@own")
    made = lead.client.post(
        f"/api/v1/projects/{OWN}/snapshots/make",
        json={"name": "third", "settled_only": True},
        headers={"X-CSRFToken": lead.token()},
    ).get_json()
    assert (made["counts"]["levels"]["5"], made["members"]["protocols"]["rows"]) == (0, 2)
    assert made == lead.get(f"/api/v1/projects/{OWN}/snapshots/3").get_json()


def test_a_download_is_seen_whole(half_read: Office) -> None:
    lead = half_read.browser("lead@own")
    assert lead.post(f"{PAGE}/2/export", {"format": "csv"}).status_code == 200
    with half_read.database.read() as session:
        seen = select(Disclosure.protocol_id).where(
            Disclosure.account_id == half_read.people["lead@own"]
        )
        assert half_read.protocols[1] in set(session.scalars(seen))


def test_nothing_is_not_kept(office: Office) -> None:
    lead = office.browser("lead@own")
    look = lead.get(f"{PAGE}/new?settled=1").text
    assert "No protocol fits: choose fewer filters." in look and "Keep this state" not in look
    refused = lead.post(f"{PAGE}/make", {"name": "Nothing", "settled": "1"})
    assert refused.status_code == 400
    assert "No protocol fits: choose fewer filters." in refused.text
    assert "No snapshots yet" in lead.get(PAGE).text


WAYS = tuple(Exposure)


@pytest.mark.parametrize("readings", READINGS)
@pytest.mark.parametrize("ticked", [(), *((way,) for way in WAYS), WAYS[:2]])
def test_what_is_said_of_events_left_out_is_true_of_each_choice(
    office: Office, readings: str, ticked: tuple[str, ...]
) -> None:
    with office.database.write() as session:
        coder = office.people["coder@own"]
        a_label(session, office.project(session), office.protocols[0], by=coder, level=4)  # blind
    chosen = {"readings": readings, "exposure": ticked}
    page = office.browser("lead@own").get(f"{PAGE}/new?{urlencode(chosen, doseq=True)}").text
    left = re.findall(r"Label events left out: ([^<]*)\.", page)
    if readings == "final":
        assert left == ["1 of another kind"]
    elif ticked and "blind" not in ticked:
        assert left == ["1 given in another way than those chosen"]
    else:
        assert left == []


def test_a_snapshot_says_its_filters_in_the_words_of_the_form(office: Office) -> None:
    lead = office.browser("lead@own")
    with office.database.write() as session:
        queue_order.store_clusters(session, dict.fromkeys(office.protocols, 1))
        for protocol in office.protocols[:2]:
            coder = office.people["coder@own"]
            a_label(session, office.project(session), protocol, by=coder, level=4)
    chosen = {
        "settled": "1", "readings": "independent", "exposure": ["blind", "after_suggestion"],
        "rubrics": "1", "since": "2020-01-01", **SPLIT,
    }  # fmt: skip
    assert lead.post(f"{PAGE}/make", {"name": "Chosen", **chosen}).status_code == 303
    page = lead.get(f"{PAGE}/1").text
    assert (
        "<dd>only protocols that have a level; independent answers of coders: before seeing any "
        "other answer; only answers given: before seeing any other answer or after the model&#39;s "
        "suggestion; only by rubric versions 1; recorded here from 2020-01-01 (UTC)</dd>"
    ) in page
    assert "train 100 %, validation 0 %, test 0 %" in page
    assert "0 of 1 pair<" in page and "0 of 1 pairs" not in page
