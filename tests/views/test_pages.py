"""What each page shows, and what it records."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import event, select

from cer_assist.domain.serving import Shares
from cer_assist.services import jobs
from cer_assist.store.tables import (
    AuditEvent,
    Disclosure,
    Job,
    Project,
    Protocol,
)
from cer_assist.store.tables.jobs import JobState
from tests.builders import a_label, a_protocol
from tests.views.office import OTHER, OWN, Office


def test_who_asks_costs_one_statement(office: Office) -> None:
    browser = office.browser("coder@own")
    browser.get("/p/own/rubric")
    seen: list[str] = []
    listener = lambda *given: seen.append(given[2])  # noqa: E731
    event.listen(office.database._readers, "before_cursor_execute", listener)
    browser.get("/p/own/rubric")
    assert len([line for line in seen if "sign_in_session" in line]) == 1
    # And the rubric's change log, its first version, and what one has proposed.
    assert len([line for line in seen if line.startswith("SELECT")]) <= 4


def test_home_says_what_the_model_knows_and_how_well(busy: Office) -> None:
    page = text_of(busy.browser("coder@own").get("/").text)
    assert "version 1, from 5 labels" in page
    assert "0.74 (0.62 to 0.83) n = 45" in page
    assert "Labelled by me 1 of 4" in page


def test_home_of_an_empty_project_says_what_to_do_first(office: Office) -> None:
    lead, coder = (
        text_of(office.browser(f"{role}@other").get("/").text) for role in ("lead", "coder")
    )
    assert "Import protocols" in lead
    assert "As soon as a lead has imported some" in coder
    assert "Ask the person who runs your project" in office.browser("nobody").get("/").text


def test_words_are_ordered_by_weight_and_counted(busy: Office) -> None:
    page = text_of(busy.browser("coder@own").get(f"/p/{OWN}/words").text)
    assert "found by model version 1, from 5 labels" in page
    assert page.index("recruitment 1.20 · 12 texts") < page.index("flyers 0.90 · 3 texts")
    assert "board 0.60 · 2 texts " in page


def test_words_as_a_table_file(busy: Office) -> None:
    answer = busy.browser("auditor@own").get(f"/p/{OWN}/words.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["level"], row["rank"], row["word"]) for row in rows] == [
        ("2", "1", "recruitment"),
        ("2", "2", "flyers"),
        ("5", "1", "board"),
    ]
    assert rows[0]["weight"] == "1.2"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_protocol_text_is_shown_as_text(office: Office) -> None:
    nasty = 'We <script>alert("x")</script> & <img src=x onerror=alert(1)> {{ 7 * 7 }}'
    with office.database.write() as session:
        protocol = a_protocol(session, office.project(session), nasty, title="<b>Bold</b>")
        number = protocol.id
    browser = office.browser("coder@own")
    for address in (f"/p/{OWN}/protocols", f"/p/{OWN}/protocols/{number}"):
        page = browser.get(address).text
        assert "<b>Bold" not in page
        assert "&lt;b&gt;Bold" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page


def test_the_list_finds_words_and_keeps_its_state_in_the_address(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 2, by=office.people["coder@own"], level=4)
    browser = office.browser("coder@own")
    by_word = browser.get(f"/p/{OWN}/protocols?q=church+3").text
    mine = browser.get(f"/p/{OWN}/protocols?mine=answered&level=4").text
    none = browser.get(f"/p/{OWN}/protocols?mine=answered&level=1").text
    odd = browser.get(f"/p/{OWN}/protocols?level=x&mine=y&page=-3&state=z")
    assert listed(by_word) == ["Study number 3"]
    assert listed(mine) == ["Study number 2"]
    assert 'value="4" selected' in mine
    assert "Nothing fits" in none
    assert (odd.status_code, len(listed(odd.text))) == (200, 4)


def test_a_coder_is_not_told_how_many_readers_a_protocol_has(office: Office) -> None:
    coder, lead = (office.browser(f"{role}@own") for role in ("coder", "lead"))
    assert "wants readers" not in coder.get(f"/p/{OWN}/protocols").text
    assert "wants readers" in lead.get(f"/p/{OWN}/protocols").text


def test_a_lead_who_may_still_code_opens_others_answers_on_purpose(busy: Office) -> None:
    with busy.database.write() as session:
        session.get_one(Protocol, 1).coders_missing = 1
    browser = busy.browser("lead@own")
    closed = browser.get(f"/p/{OWN}/protocols/1").text
    assert "Open others&#39; answers" in closed or "Open others' answers" in closed
    assert "coder-own" not in closed
    assert disclosed(busy, "lead@own") == []
    opened = browser.get(f"/p/{OWN}/protocols/1?all=1").text
    assert "coder-own" in opened
    assert "Model's suggestion" in opened
    assert disclosed(busy, "lead@own") == ["peer_label", "suggestion"]


def test_an_auditor_sees_all_at_once_and_it_is_recorded(busy: Office) -> None:
    page = busy.browser("auditor@own").get(f"/p/{OWN}/protocols/1").text
    assert "coder-own" in page
    assert disclosed(busy, "auditor@own") == ["peer_label", "suggestion"]


def test_a_coder_sees_the_suggestion_after_the_own_answer_and_it_is_recorded(busy: Office) -> None:
    page = busy.browser("coder@own").get(f"/p/{OWN}/protocols/1").text
    assert "60 %" in page
    assert disclosed(busy, "coder@own") == ["suggestion"]


def test_the_audit_lists_checks_and_names_an_altered_event(busy: Office) -> None:
    browser = busy.browser("auditor@own")
    listing = browser.get(f"/p/{OWN}/audit?action=label.recorded").text
    assert "label stored" in listing
    assert "1 event, newest first" in text_of(listing)
    assert "Intact:" in browser.post(f"/p/{OWN}/audit").text
    with busy.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_event_no_update")
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"
        ).scalars()
        for name in list(triggers):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_event SET subject = 'label:99' WHERE id = 3")
    answer = browser.post(f"/p/{OWN}/audit").text
    assert "Not intact: audit event 3" in answer


def test_settings_are_stored_and_audited(office: Office) -> None:
    browser = office.browser("lead@own")
    wanted = {
        "name": "Renamed",
        "suggestion_policy": "hidden",
        "no_suggestion_share": "12",
        "coders_per_protocol": "2",
        "double_coded_share": "15",
        "retest_share": "5",
        "retest_after_days": "21",
        "check_share": "2",
        "uncertain_share": "45",
        "diverse_share": "20",
        "rare_share": "5",
        "random_share": "30",
        "retrain_every": "10",
        "retrain_idle_seconds": "60",
        "reservation_minutes": "20",
        "model_kind": "lexical",
        "wanted_qwk": "85",
        "accepted_wrong_share": "5",
        "accepted_half_width": "8",
        "adjudicators": "2",
        "training_items": "8",
        "training_mark": "75",
        "training_repeats": "2",
    }
    assert browser.post(f"/p/{OWN}/settings", wanted).status_code == 303
    with office.database.read() as session:
        project = session.get_one(Project, office.projects[OWN])
        found = (project.name, project.suggestion_policy, project.model_kind)
        share = project.double_coded_share, project.no_suggestion_share
        again = project.retest_share, project.retest_after_days, project.check_share
        shares = project.shares
        actions = session.scalars(select(AuditEvent.action)).all()
        settled = project.adjudicators, project.accepts_agreed
        learns, pool = project.learns_from_marks, project.open_pool
        aims = project.wanted_qwk, project.accepted_wrong_share, project.accepted_half_width
        waiting = session.scalars(select(Job.kind)).all()
    assert found == ("Renamed", "hidden", "lexical")
    assert not learns  # an empty box is not sent
    assert settled == (2, False)
    assert share == (0.15, 0.12)
    assert again == (0.05, 21, 0.02)
    assert not pool
    assert shares == Shares(diverse=0.2, rare=0.05, random=0.3)
    assert aims == (0.85, 0.05, 0.08)
    assert "outlook" in waiting  # another aim has another forecast
    assert "project.settings" in actions


@pytest.mark.parametrize(
    ("field", "value"), [("retrain_every", "0"), ("random_share", "101"), ("name", " "),
                         ("rare_share", "11"), ("uncertain_share", ""),
                         ("suggestion_policy", "always"), ("reservation_minutes", "x"),
                         ("model_kind", "tea leaves"), ("wanted_qwk", "100"),
                         ("accepted_wrong_share", "0"), ("adjudicators", "3"),
                         ("no_suggestion_share", "101"), ("retest_share", "101"),
                         ("retest_after_days", "-1"), ("check_share", "101")],
)  # fmt: skip
def test_impossible_settings_are_refused_with_advice(
    office: Office, field: str, value: str
) -> None:
    wanted = {
        "name": "Same", "suggestion_policy": "after", "no_suggestion_share": "0",
        "coders_per_protocol": "1",
        "double_coded_share": "0", "retest_share": "0", "retest_after_days": "14",
        "check_share": "0",
        "uncertain_share": "60", "diverse_share": "10",
        "rare_share": "10", "random_share": "20", "retrain_every": "5",
        "retrain_idle_seconds": "120", "reservation_minutes": "30", "model_kind": "blend",
        "wanted_qwk": "80", "accepted_wrong_share": "10", "accepted_half_width": "10",
        "adjudicators": "1",
        "training_items": "8",
        "training_mark": "75",
        "training_repeats": "2",
    }  # fmt: skip
    browser = office.browser("lead@own")
    answer = browser.post(f"/p/{OWN}/settings", wanted | {field: value})
    assert answer.status_code == 400
    if field == "rare_share":
        assert "add up to 101 %, not to 100 %" in answer.text
    with office.database.read() as session:
        assert session.get_one(Project, office.projects[OWN]).name == "Own"


def test_members_come_and_go_at_the_administrators_hand(office: Office) -> None:
    administrator, nobody = office.browser("administrator@own"), office.browser("nobody")
    assert nobody.get(f"/p/{OWN}/rubric").status_code == 404
    administrator.post(f"/p/{OWN}/settings/members", {"username": "nobody", "role": "coder"})
    assert nobody.get(f"/p/{OWN}/rubric").status_code == 200
    number = office.people["nobody"]
    administrator.post(f"/p/{OWN}/settings/members/{number}", {"role": "none"})
    assert nobody.get(f"/p/{OWN}/rubric").status_code == 404


def test_an_administrator_cannot_lock_themselves_out(office: Office) -> None:
    browser = office.browser("administrator@own")
    number = office.people["administrator@own"]
    answer = browser.post(f"/p/{OWN}/settings/members/{number}", {"role": "none"})
    assert answer.status_code == 400
    assert browser.get(f"/p/{OWN}/settings").status_code == 200


def test_a_new_account_gets_a_link_that_works_once(office: Office) -> None:
    page = office.browser("root").post("/admin/accounts", {"username": "newcomer"}).text
    found = re.search(r"http://localhost(/link/[\w-]+)", page)
    assert found is not None
    newcomer = office.browser()
    assert newcomer.post(found[1]).status_code == 303
    assert "newcomer" in newcomer.get("/account").text


def test_a_failed_job_shows_its_reason_and_runs_again(office: Office) -> None:
    with office.database.write() as session:
        jobs.enqueue(session, "retrain", office.projects[OTHER])
        job = session.scalars(select(Job).where(Job.project_id == office.projects[OTHER])).one()
        job.state, job.error, number = JobState.dead, "no room on the disk", job.id
    browser = office.browser("root")
    assert "no room on the disk" in browser.get("/admin/jobs").text
    assert browser.post(f"/admin/jobs/{number}/run-again").status_code == 303
    with office.database.read() as session:
        states = session.scalars(
            select(Job.state).where(Job.project_id == office.projects[OTHER]).order_by(Job.id)
        ).all()
    assert list(states) == [JobState.dead, JobState.queued]


def text_of(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def listed(page: str) -> list[str]:
    """The titles in the protocol list."""
    return re.findall(r'protocols/\d+">([^<]+)</a>', page)


def disclosed(office: Office, person: str) -> list[str]:
    """What this person is recorded to have seen."""
    with office.database.read() as session:
        statement = select(Disclosure.what).where(Disclosure.account_id == office.people[person])
        return sorted(session.scalars(statement))
