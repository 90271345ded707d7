"""Signing in: what a cookie is worth, when it ends, and how guessing is slowed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cer_assist.config import Settings
from cer_assist.services import accounts, administration
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, AuditEvent, SignInSession
from cer_assist.store.types import now
from cer_assist.views.app import create_app
from cer_assist.views.sign_in import safe_next
from tests.builders import PASSWORD
from tests.views.office import Browser, Office

CODER = "coder@own"
USERNAME = "coder-own"


@pytest.fixture
def with_password(office: Office) -> Office:
    """The coder has a password."""
    with office.database.write() as session:
        accounts.set_password(session, office.people[CODER], PASSWORD, by=None)
    return office


def sign_in(browser: Browser, password: str = PASSWORD, **fields: str) -> int:
    """The status of a try."""
    return browser.post(
        "/sign-in", {"username": USERNAME, "password": password, **fields}
    ).status_code


def a_link(office: Office) -> str:
    """The token of a new one-time link for the coder."""
    with office.database.write() as session:
        return accounts.make_link(session, session.get_one(Account, office.people[CODER]))


def test_name_and_password_open_the_page_asked_for(with_password: Office) -> None:
    browser = with_password.browser()
    answer = browser.post(
        "/sign-in", {"username": " Coder-OWN ", "password": PASSWORD, "next": "/p/own/rubric"}
    )
    assert (answer.status_code, answer.location) == (303, "/p/own/rubric")
    assert browser.get("/p/own/rubric").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(with_password: Office) -> None:
    browser = with_password.browser()
    answer = browser.post("/sign-in", {"username": USERNAME, "password": PASSWORD})
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("cer_session="))
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert parts == {"HttpOnly", "SameSite=Lax", "Path=/"}


def test_behind_https_cookies_are_secure_and_bound_to_the_host(
    with_password: Office, settings: Settings
) -> None:
    app = create_app(settings.model_copy(update={"behind_https": True}), with_password.database)
    client = app.test_client()
    base = "https://cer.example"
    page = client.get("/sign-in", base_url=base)
    token = page.text.split('csrf-token" content="')[1].split('"')[0]
    answer = client.post(
        "/sign-in",
        base_url=base,
        headers={"Referer": f"{base}/sign-in"},
        data={"csrf_token": token, "username": USERNAME, "password": PASSWORD},
    )
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert answer.status_code == 303
    assert len(cookies) >= 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {p.strip() for p in cookie.split(";")}
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_only_the_hash_of_a_token_is_stored(office: Office) -> None:
    browser = office.browser(CODER)
    cookie = browser.client.get_cookie("cer_session")
    assert cookie is not None
    with office.database.read() as session:
        stored = session.scalars(select(SignInSession.token_sha256)).all()
    assert cookie.value not in stored
    assert all(len(digest) == 64 for digest in stored)


Change = Callable[[dt.datetime], dict[str, dt.datetime]]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda at: {"last_seen_at": at - dt.timedelta(minutes=59)}, 200),
        (lambda at: {"last_seen_at": at - dt.timedelta(minutes=61)}, 302),
        (lambda at: {"expires_at": at + dt.timedelta(seconds=30)}, 200),
        (lambda at: {"expires_at": at - dt.timedelta(seconds=1)}, 302),
        (lambda at: {"ended_at": at}, 302),
    ],
)
def test_a_session_ends_when_idle_and_in_any_case(
    office: Office, change: Change, status: int
) -> None:
    browser = office.browser(CODER)
    with office.database.write() as session:
        session.execute(update(SignInSession).values(**change(now())))
    assert browser.get("/account").status_code == status


def test_use_keeps_a_session_from_going_idle(office: Office) -> None:
    browser = office.browser(CODER)
    earlier = now() - dt.timedelta(minutes=50)
    with office.database.write() as session:
        session.execute(update(SignInSession).values(last_seen_at=earlier))
    browser.get("/account")
    with office.database.read() as session:
        seen = session.scalars(select(SignInSession.last_seen_at)).one()
    assert seen > earlier + dt.timedelta(minutes=49)


def test_signing_out_ends_the_token_itself(office: Office) -> None:
    browser = office.browser(CODER)
    cookie = browser.client.get_cookie("cer_session")
    assert cookie is not None
    assert browser.post("/sign-out").status_code == 303
    thief = office.browser()
    thief.client.set_cookie("cer_session", cookie.value)
    assert thief.get("/account").status_code == 302


def test_a_disabled_account_is_out_at_once(office: Office) -> None:
    browser, root = office.browser(CODER), office.browser("root")
    assert root.post(f"/admin/accounts/{office.people[CODER]}/disable").status_code == 303
    assert browser.get("/account").status_code == 302


def test_everywhere_means_everywhere(office: Office) -> None:
    here, there = office.browser(CODER), office.browser(CODER)
    assert "2 browsers" in here.get("/account").text
    here.post("/account/sign-out-everywhere")
    assert there.get("/account").status_code == 302


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(with_password: Office) -> None:
    here, there = with_password.browser(CODER), with_password.browser(CODER)
    new = {"new_password": "another long sentence", "repeated": "another long sentence"}
    wrong = here.post("/account/password", {"old_password": "not this one", **new})
    right = here.post("/account/password", {"old_password": PASSWORD, **new})
    assert (wrong.status_code, right.status_code) == (401, 303)
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert sign_in(with_password.browser(), "another long sentence") == 303


def test_a_link_signs_in_once_and_only_by_its_button(office: Office) -> None:
    token = a_link(office)
    scanner, person, late = (office.browser() for _ in range(3))
    assert scanner.get(f"/link/{token}").status_code == 200
    assert person.post(f"/link/{token}").status_code == 303
    assert person.get("/account").status_code == 200
    assert late.post(f"/link/{token}").status_code == 401


def test_a_forgotten_password_is_replaced_by_way_of_a_link(with_password: Office) -> None:
    elsewhere, person = with_password.browser(CODER), with_password.browser()
    person.post(f"/link/{a_link(with_password)}")
    assert elsewhere.get("/account").status_code == 302
    assert "Present password" not in person.get("/account").text
    new = {"new_password": "another long sentence", "repeated": "another long sentence"}
    assert person.post("/account/password", new).status_code == 303
    assert sign_in(with_password.browser()) == 401
    assert sign_in(with_password.browser(), "another long sentence") == 303


def disabled_and_enabled(session: Session, account: Account) -> None:
    """Out for a while."""
    accounts.disable(session, account, None)
    administration.enable(session, account, None)


Later = Callable[[Session, Account], object]


@pytest.mark.parametrize(
    "later",
    [
        accounts.make_link,
        lambda session, account: accounts.set_password(session, account.id, PASSWORD, None),
        disabled_and_enabled,
    ],
    ids=["a newer link", "a new password", "disabled and enabled"],
)
def test_an_unused_link_ends_with_what_comes_after_it(office: Office, later: Later) -> None:
    token = a_link(office)
    with office.database.write() as session:
        later(session, session.get_one(Account, office.people[CODER]))
    assert office.browser().post(f"/link/{token}").status_code == 401
    assert office.browser().post(f"/link/{a_link(office)}").status_code == 303


def test_guessing_is_slowed_for_all_processes_alike(
    with_password: Office, settings: Settings
) -> None:
    second_process = Database(with_password.database.url)
    other = Browser(create_app(settings, second_process).test_client())
    one = with_password.browser()
    tries = [sign_in(browser, "a wrong password") for browser in (one, other, one, other, one)]
    assert tries == [401] * 5
    blocked = other.post("/sign-in", {"username": USERNAME, "password": PASSWORD})
    second_process.close()
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= 900
    assert "Wait" in blocked.text


def test_an_unknown_name_fails_like_a_known_one(with_password: Office) -> None:
    pages = []
    for name in (USERNAME, "nobody-here"):
        browser = with_password.browser()
        answer = browser.post("/sign-in", {"username": name, "password": "a wrong password"})
        pages.append(answer.text.replace(name, "").replace(browser.token(), ""))
    assert pages[0].split("<main")[1] != ""
    assert strip_tokens(pages[0]) == strip_tokens(pages[1])


def strip_tokens(page: str) -> list[str]:
    """The lines of a page that carry no form token."""
    return [line for line in page.splitlines() if "csrf" not in line]


def test_failures_and_successes_are_in_the_audit_without_the_password(
    with_password: Office,
) -> None:
    sign_in(with_password.browser(), "my dog's name is Rex")
    sign_in(with_password.browser())
    with with_password.database.read() as session:
        counts = dict(
            session.execute(
                select(AuditEvent.action, func.count()).group_by(AuditEvent.action)
            ).all()
        )
        details = "".join(session.scalars(select(AuditEvent.detail)))
    assert (counts["signin.failed"], counts["signin.opened"]) == (1, 1)
    assert "Rex" not in details


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("/p/own/label?protocol=3", "/p/own/label?protocol=3"),
        ("", "/"),
        ("p/own", "/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_link_to_the_sign_in_page_leads_nowhere_else(given: str, used: str) -> None:
    assert safe_next(given) == used
