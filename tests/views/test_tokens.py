"""Tokens: worth what their person may do and what they were made for, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from cer_assist.services import accounts, tokens
from cer_assist.store.tables import Account, AuditEvent, LabelEvent
from cer_assist.views.app import create_app
from tests.views.answers import form_fields
from tests.views.office import OTHER, Browser, Office
from tests.views.test_openapi import a_token

OWN = "/api/v1/projects/own"


def ask(office: Office, token: str, where: str, method: str = "GET", **given: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", **given.pop("headers", {})}
    client = office.app.test_client()
    return client.open(f"{OWN}{where}", method=method, headers=headers, buffered=True, **given)


def test_a_token_is_made_shown_once_used_and_revoked(office: Office) -> None:
    browser = office.browser("coder@own")
    made = browser.post("/account/tokens", {"name": "my script", "scope": "read", "days": "30"})
    assert (made.status_code, made.location) == (303, "/account")
    other = office.browser("coder@own")  # another session of theirs
    other.client.set_cookie("cer_shown_once", _waiting(browser), path="/account")
    assert "cer_" not in other.get("/account").text
    page = browser.get("/account").text
    token = page.partition('<p class="mono">')[2].partition("</p>")[0]
    assert token.startswith("cer_")
    assert len(token) == 47
    assert token not in browser.get("/account").text
    assert ask(office, token, "/protocols").status_code == 200
    assert browser.post("/account/tokens/1/revoke").status_code == 303
    refused = ask(office, token, "/protocols")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="CER Assist"',
    )
    with office.database.read() as session:
        done = select(AuditEvent.action).where(AuditEvent.action.startswith("token."))
        assert list(session.scalars(done)) == ["token.made", "token.revoked"]


def _waiting(browser: Browser) -> str:
    cookie = browser.client.get_cookie("cer_shown_once", path="/account")
    assert cookie is not None and cookie.http_only and "cer_" not in cookie.value
    return cookie.value


def test_a_token_that_nobody_fetched_at_once_is_not_shown_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = office.browser("coder@own")
    browser.post("/account/tokens", {"name": "my script", "scope": "read", "days": "30"})
    browser.client.set_cookie("cer_shown_once", _waiting(browser), path="/account")  # no end
    monkeypatch.setattr("cer_assist.views.shown_once._SECONDS", -1)
    page = browser.get("/account").text
    assert "my script" in page and "cer_" not in page


def test_a_token_is_of_its_person_scope_and_project(office: Office) -> None:
    narrow = a_token(office, "lead@own", "read", project="own")
    assert ask(office, narrow, "/protocols").status_code == 200
    refused = ask(office, narrow, "/settings")
    assert refused.status_code == 403
    assert "lacks the scope admin" in refused.get_json()["error"]
    assert ask(office, narrow, f"/../{OTHER}/protocols").status_code == 404
    coder = a_token(office, "coder@own")
    assert ask(office, coder, "/settings").status_code == 403
    # A cookie beside it counts for nothing, nor does the token on pages.
    lead = office.browser("lead@own").client
    with_both = lead.get(f"{OWN}/settings", headers={"Authorization": f"Bearer {coder}"})
    assert with_both.status_code == 403
    page = office.app.test_client().get(
        "/p/own/label", headers={"Authorization": f"Bearer {coder}"}
    )
    assert page.status_code == 302
    theirs = office.browser("coder@own").post("/account/tokens/1/revoke")
    assert theirs.status_code == 404
    with office.database.write() as session:
        accounts.disable(session, session.get_one(Account, office.people["coder@own"]), None)
    assert ask(office, coder, "/protocols").status_code == 401


def test_a_script_labels_as_the_page_does(office: Office) -> None:
    token = a_token(office, "coder@own", "read", "label")
    given = ask(office, token, "/next", "POST").get_json()
    assert given == ask(office, token, "/next", "POST").get_json()  # it stays theirs
    number = given["protocol"]["protocol_id"]
    where, key = f"/protocols/{number}/labels", {"Idempotency-Key": "key-0001"}
    body = {"level": 3, "evidence": [[0, 5]], "supersedes": given["supersedes"]}
    done = ask(office, token, where, "POST", json=body, headers=key)
    assert (done.status_code, done.get_json()["level"]) == (201, 3)
    again = ask(office, token, where, "POST", json=body, headers=key)
    assert (again.status_code, again.get_json()["repeated"]) == (200, True)
    other = ask(office, token, where, "POST", json=body | {"level": 4}, headers=key)
    assert other.status_code == 422
    stale = ask(office, token, where, "POST", json=body, headers={"Idempotency-Key": "key-0002"})
    assert stale.status_code == 409
    assert stale.get_json()["stored"]["level"] == 3
    assert stale.get_json()["stored"]["recorded_at"] == done.get_json()["recorded_at"]
    assert ask(office, token, where, "POST", json=body).status_code == 400
    assert ask(office, token, where, "POST", data=b"x", headers=key).status_code == 415
    (own,) = ask(office, token, "/labels/mine").get_json()["labels"]
    assert (own["protocol_id"], own["evidence"][0]["quote"]) == (number, "Study")
    # The page has it as theirs: undo there would take it back.
    undo = form_fields(office.browser("coder@own").get("/p/own/label").text, "undo")
    assert undo["supersedes_id"] == str(own["event_id"])
    back = {"action": "withdraw", "supersedes": own["event_id"]}
    taken = ask(office, token, where, "POST", json=back, headers={"Idempotency-Key": "key-0003"})
    assert taken.status_code == 201
    assert ask(office, token, f"/protocols/{number}").get_json()["my_level"] is None
    with office.database.read() as session:
        said = [(one.action, one.exposure) for one in session.scalars(select(LabelEvent))]
    assert said == [("label", "blind"), ("withdraw", "blind")]


def test_lists_come_in_pages_and_unchanged_things_once(office: Office) -> None:
    token = a_token(office, "coder@own", "read")
    first = ask(office, token, "/protocols?limit=3")
    body = first.get_json()
    assert [row["external_id"] for row in body["protocols"]] == ["P-1", "P-2", "P-3"]
    assert body["protocols"][0]["is_complete"] is None  # coders are not told
    assert f"cursor={body['next'].replace('=', '%3D')}" in first.headers["Link"]
    rest = ask(office, token, f"/protocols?limit=3&cursor={body['next']}").get_json()
    assert ([row["external_id"] for row in rest["protocols"]], rest["next"]) == (["P-4"], None)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert ask(office, token, "/protocols?limit=3", headers=tag).status_code == 304
    assert ask(office, token, "/protocols?limit=3", "HEAD").headers["ETag"] == first.headers["ETag"]
    for wrong in ("cursor=x", "limit=201", "limit=0", "colour=red"):
        assert ask(office, token, f"/protocols?{wrong}").status_code == 400, wrong
    assert ask(office, token, f"/protocols/{2**70}").status_code == 404


def test_what_is_brought_in_is_taken_out(office: Office) -> None:
    token = a_token(office, "lead@own", "import", "export")
    new = {"external_id": "N-1", "title": "New", "sections": [["Aims", "We meet neighbours."]]}
    label = {"external_id": "N-1", "coder": "ana", "level": 2}
    sent = {"protocols": [new], "labels": [label]}
    looked = ask(office, token, "/imports", "POST", json=sent | {"dry_run": True}).get_json()
    assert (looked["is_stored"], looked["protocols"], looked["labels"]) == (False, 1, 1)
    assert ask(office, token, "/imports", "POST", json=sent).get_json()["is_stored"]
    faulty = ask(office, token, "/imports", "POST", json={"labels": [label | {"external_id": "?"}]})
    assert (faulty.status_code, "neither in" in faulty.get_json()["error"]) == (400, True)
    file = ask(office, token, "/exports", "POST", json={"format": "csv"})
    assert (file.status_code, file.data[:2]) == (200, b"PK")
    assert ask(office, token, "/exports", "POST", json={"format": "x"}).status_code == 400


@pytest.mark.parametrize("valid", [True, False])
def test_who_asks_too_often_is_told_when_to_come_back(office: Office, valid: bool) -> None:
    few = office.settings.model_copy(update={"api_per_minute": 3, "api_failures_per_minute": 3})
    office.app = create_app(few, office.database)
    token = a_token(office, "coder@own", "read") if valid else "cer_wrong"
    found = [ask(office, token, "/protocols") for _ in range(4)]
    assert [one.status_code for one in found] == [200 if valid else 401] * 3 + [429]
    assert 1 <= int(found[-1].headers["Retry-After"]) <= 61
    assert office.browser("coder@own").get("/p/own/label").status_code == 200
    assert tokens.PREFIX in token
    other = a_token(office, "lead@own", "read")  # of the same address, and a good one
    assert ask(office, other, "/protocols").status_code == 200
