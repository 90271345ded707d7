"""Headers and checks that no view can forget, seen from outside."""

from __future__ import annotations

import json

import pytest

from cer_assist.domain.errors import (
    CerError,
    IdempotencyMismatch,
    InvalidInput,
    LabelVersion,
    NotAllowed,
    NotFound,
    StaleLabel,
    TooManyAttempts,
)
from cer_assist.views.access import policy
from cer_assist.views.assets import STATIC
from tests.views.office import Office

LEAD = "lead@own"


def csp(header: str) -> dict[str, list[str]]:
    """A policy's directives."""
    parts = [part.split() for part in header.split(";")]
    return {part[0]: part[1:] for part in parts}


def test_every_response_carries_a_strict_policy(office: Office) -> None:
    browser, lead = office.browser(), office.browser(LEAD)
    answers = [
        browser.get("/sign-in"),
        browser.get("/p/own/words"),  # redirect
        browser.get("/p/own/words", headers={"Accept": "application/json"}),  # 401
        browser.client.post("/sign-in"),  # 400
        browser.client.put("/sign-in"),  # 405
        lead.get("/nowhere"),  # 404
        lead.get("/admin/jobs"),  # 403
        lead.get("/p/own/words.csv"),
        lead.get("/healthz"),
        lead.get("/static/x/css/base.css"),
        lead.post("/p/own/settings", {"name": "x" * 1_100_000}),  # 413
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 302, 401, 400, 405, 404, 403, 200, 200, 200, 413]
    for answer in answers:
        directives = csp(answer.headers["Content-Security-Policy"])
        assert directives["default-src"] == ["'none'"]
        assert directives["script-src"] == directives["style-src"] == ["'self'"]
        assert directives["frame-ancestors"] == directives["base-uri"] == ["'none'"]
        assert directives["form-action"] == ["'self'"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_without_its_token_changes_nothing(office: Office) -> None:
    browser = office.browser(LEAD)
    answer = browser.client.post("/p/own/settings", data={"name": "Renamed"})
    assert answer.status_code == 400
    assert "Reload" in answer.text
    assert "Renamed" not in browser.get("/p/own/settings").text


def test_a_script_may_send_the_token_as_a_header(office: Office) -> None:
    browser = office.browser("coder@own")
    token = browser.token()
    with_it, without = (
        browser.client.post("/sign-out", headers=headers)
        for headers in ({"X-CSRFToken": token}, {})
    )
    assert (with_it.status_code, without.status_code) == (303, 302)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_other_sites_cannot_change_anything_even_with_a_token(
    office: Office, headers: dict[str, str], status: int
) -> None:
    answer = office.browser(LEAD).post("/sign-out", headers=headers)
    assert answer.status_code == status


STALE = StaleLabel(
    "Choose which to keep.",
    LabelVersion(7, 4, "theirs", "2026-11-20T10:00:00+00:00"),
    LabelVersion(None, 2, "mine", ""),
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("Choose a level."), 400),
        (NotAllowed("Not yours."), 403),
        (NotFound("No such thing."), 404),
        (STALE, 409),
        (IdempotencyMismatch("Used."), 422),
        (TooManyAttempts("Wait.", 42), 429),
        (CerError("Something else."), 400),
    ],
)
def test_domain_errors_become_a_page_or_json(office: Office, error: CerError, status: int) -> None:
    @policy.public
    def fails() -> str:
        raise error

    office.add_route("/fails", fails)
    browser = office.browser()
    page = browser.get("/fails", headers={"Accept": "text/html,*/*;q=0.8"})
    script = browser.get("/fails", headers={"Accept": "application/json"})
    assert (page.status_code, script.status_code) == (status, status)
    assert error.message in page.text
    assert script.get_json()["error"] == error.message
    assert page.headers.get("Retry-After") == ("42" if status == 429 else None)


def test_a_stale_answer_shows_both_versions(office: Office) -> None:
    @policy.public
    def fails() -> str:
        raise STALE

    office.add_route("/fails", fails)
    body = office.browser().get("/fails", headers={"Accept": "application/json"}).get_json()
    assert (body["stored"]["event_id"], body["stored"]["level"]) == (7, 4)
    assert (body["submitted"]["level"], body["submitted"]["note"]) == (2, "mine")


def test_a_fault_of_ours_shows_no_inside(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    @policy.public
    def breaks() -> str:
        raise RuntimeError("secret detail")

    office.add_route("/breaks", breaks)
    monkeypatch.setattr(office.app.logger, "disabled", True)
    answer = office.browser().get("/breaks")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Nothing was half done" in answer.text


def test_static_files_are_kept_for_good_under_their_hash(office: Office) -> None:
    browser = office.browser()
    page = browser.get("/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    kept = browser.get(address)
    assert kept.status_code == 200
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert kept.data == (STATIC / "css" / "base.css").read_bytes()


@pytest.mark.parametrize("path", ["../base.py", "..%2f..%2fcer_assist/config.py", "%2e%2e/base.py"])
def test_static_files_stay_inside_their_folder(office: Office, path: str) -> None:
    answer = office.browser().get(f"/static/x/{path}")
    assert answer.status_code == 404


def test_json_bodies_are_told_apart_from_forms(office: Office) -> None:
    answer = office.browser(LEAD).client.post(
        "/p/own/label", data=json.dumps({}), content_type="application/json"
    )
    assert answer.status_code == 400
    assert "Reload" in answer.get_json()["error"]
