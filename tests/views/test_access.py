"""Every route with every kind of person: exactly those get through that the plan lets through."""

from __future__ import annotations

import re
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule

from cer_assist.store.tables.accounts import Role
from cer_assist.views.access import API, policy, require_policies
from tests.views.office import OTHER, OWN, Browser, Office

CODING = {Role.coder, Role.lead, Role.administrator}
LEADING = {Role.lead, Role.administrator}
OVERSEEING = {Role.lead, Role.administrator, Role.auditor}
PUBLIC, SIGNED_IN, INSTALLATION = "public", "signed in", "installation"

# The longest prefix that fits an address says who may use it; no fit fails the test.
PLAN: dict[str, set[Role] | str] = {
    "/healthz": PUBLIC,
    "/static/": PUBLIC,
    "/sign-in": PUBLIC,
    "/link/": PUBLIC,
    "/sign-out": SIGNED_IN,
    "/account": SIGNED_IN,
    "/api": SIGNED_IN,
    "/api/v1/openapi.json": PUBLIC,
    "/admin/": INSTALLATION,
    "/p/<slug>/label": CODING,
    "/p/<slug>/training": CODING,
    "/p/<slug>/training/items": OVERSEEING,
    "/p/<slug>/training/items/<int:item_id>/": LEADING,
    **{
        f"/p/<slug>/training/items/{verb}": LEADING
        for verb in ("add", "again", "allow", "file", "new", "starter")
    },
    "/p/<slug>/protocols": set(Role),
    "/p/<slug>/protocols/<int:protocol_id>/link": LEADING,
    "/p/<slug>/copies": LEADING,
    "/p/<slug>/words": set(Role),
    "/p/<slug>/words/remarks": OVERSEEING,
    "/p/<slug>/model": set(Role),
    "/p/<slug>/model/moved": OVERSEEING,
    "/p/<slug>/model/pin": LEADING,
    "/p/<slug>/model/unpin": LEADING,
    "/p/<slug>/model/refresh": LEADING,
    "/p/<slug>/queue": LEADING,
    "/p/<slug>/adjudicate": LEADING,
    "/p/<slug>/discussion": CODING,
    "/p/<slug>/assignments": LEADING,
    "/p/<slug>/doubtful": LEADING,
    "/api/v1/projects/<slug>/assignments": LEADING,
    "/api/v1/projects/<slug>/assignments/mine": CODING,
    "/p/<slug>/fence": OVERSEEING,
    "/p/<slug>/fence/draw": LEADING,
    "/p/<slug>/agreement": OVERSEEING,
    "/p/<slug>/agreement/reread": LEADING,
    "/p/<slug>/progress": OVERSEEING,
    "/p/<slug>/progress/decision": LEADING,
    "/p/<slug>/exposure": OVERSEEING,
    "/p/<slug>/prevalence": OVERSEEING,
    "/p/<slug>/methods": OVERSEEING,
    "/p/<slug>/rubric": set(Role),
    "/p/<slug>/rubric/draft": LEADING,
    "/p/<slug>/rubric/rereading": LEADING,
    "/p/<slug>/rubric/proposals": CODING,
    "/p/<slug>/simulation": OVERSEEING,
    "/p/<slug>/simulation/ask": LEADING,
    "/p/<slug>/simulation/stop": LEADING,
    "/p/<slug>/data": OVERSEEING,
    "/p/<slug>/data/import": LEADING,
    "/p/<slug>/snapshots": OVERSEEING,
    "/p/<slug>/snapshots/make": LEADING,
    "/p/<slug>/snapshots/new": LEADING,
    "/p/<slug>/audit": OVERSEEING,
    "/p/<slug>/desk": OVERSEEING,
    "/p/<slug>/timeline": OVERSEEING,
    "/api/v1/projects/<slug>/timeline": OVERSEEING,
    "/p/<slug>/settings": LEADING,
    "/p/<slug>/settings/members": {Role.administrator},
    "/api/v1/projects/<slug>": set(Role),
    "/api/v1/projects/<slug>/next": CODING,
    "/api/v1/projects/<slug>/labels/mine": CODING,
    "/api/v1/projects/<slug>/protocols/<int:protocol_id>/labels": CODING,
    "/api/v1/projects/<slug>/imports": LEADING,
    "/api/v1/projects/<slug>/exports": OVERSEEING,
    "/api/v1/projects/<slug>/copies": LEADING,
    "/api/v1/projects/<slug>/links": LEADING,
    "/api/v1/projects/<slug>/agreement": OVERSEEING,
    "/api/v1/projects/<slug>/agreement/reread": LEADING,
    "/api/v1/projects/<slug>/desk": OVERSEEING,
    "/api/v1/projects/<slug>/exposure": OVERSEEING,
    "/api/v1/projects/<slug>/prevalence": OVERSEEING,
    "/api/v1/projects/<slug>/methods": OVERSEEING,
    "/api/v1/projects/<slug>/adjudications": LEADING,
    "/api/v1/projects/<slug>/discussions": CODING,
    "/api/v1/projects/<slug>/doubtful": LEADING,
    "/api/v1/projects/<slug>/settings": LEADING,
    "/api/v1/projects/<slug>/snapshots": OVERSEEING,
    "/api/v1/projects/<slug>/snapshots/make": LEADING,
    "/api/v1/projects/<slug>/rubric/publish": LEADING,
    "/api/v1/projects/<slug>/rubric/rereading": LEADING,
    "/api/v1/projects/<slug>/rubric/proposals": CODING,
    "/api/v1/projects/<slug>/training": CODING,
    "/api/v1/projects/<slug>/training/results": OVERSEEING,
    "/api/v1/projects/<slug>/training/items": LEADING,
}
ARGUMENTS = {
    "slug": OWN,
    "protocol_id": 1,
    "account_id": 1,
    "token_id": 1,
    "job_id": 1,
    "token": "0" * 32,
    "key": "0" * 32,
    "version": "x",
    "path": "css/base.css",
    "level": 4,
    "number": 1,
    "other": 1,
    "kind": "yaml",
    "proposal_id": 1,
    "word": "committee",
    "round_id": 1,
    "place": 1,
    "item_id": 1,
}
PEOPLE = [None, "nobody", "root", *(f"{role}@{slug}" for slug in (OWN, OTHER) for role in Role)]


def planned(rule: Rule) -> set[Role] | str:
    """Who may use an address, by the plan above."""
    if rule.rule == "/":
        return SIGNED_IN
    fits = [prefix for prefix in PLAN if rule.rule.startswith(prefix)]
    assert fits, f"{rule.rule} is in no plan: add it to PLAN on purpose"
    return PLAN[max(fits, key=len)]


def expected(rule: Rule, person: str | None, method: str) -> int:
    """200 when let through, otherwise the status of the refusal."""
    plan = planned(rule)
    if plan == PUBLIC:
        return 200
    if person is None:
        if rule.rule.startswith(API):
            return 401
        # What was sent is lost, which the page to sign in says; of a sign-out nothing is.
        return 302 if method == "GET" or rule.endpoint == "sign_in.leave" else 303
    if plan == SIGNED_IN:
        return 200
    if plan == INSTALLATION:
        return 200 if person == "root" else 403
    if not person.endswith(f"@{OWN}"):
        return 404
    return 200 if person.split("@")[0] in plan else 403


def let_through_only(app: Flask) -> None:
    """Put a view that does nothing in place of each, keeping its policy."""

    def stub(view: Any) -> Any:
        @wraps(view)
        def reached(**_: Any) -> str:
            return "reached"

        return reached

    for endpoint, view in app.view_functions.items():
        if endpoint != "sign_in.form":  # where the browsers get their form tokens
            app.view_functions[endpoint] = stub(view)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_route_lets_exactly_the_planned_people_through(
    office: Office, person: str | None
) -> None:
    let_through_only(office.app)
    browser = office.browser(person)
    wrong = []
    tried = 0
    for rule in office.app.url_map.iter_rules():
        address = office.app.url_map.bind("localhost").build(
            rule.endpoint, {name: ARGUMENTS[name] for name in rule.arguments}
        )
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            got = _status(browser, method, address)
            want = expected(rule, person, method)
            tried += 1
            if got != want:
                wrong.append(f"{method} {rule.rule}: {got} instead of {want}")
    assert wrong == []
    assert tried >= 40


def _status(browser: Browser, method: str, address: str) -> int:
    if method == "GET":
        return browser.get(address).status_code
    return browser.client.open(
        address, method=method, data={"csrf_token": browser.token()}
    ).status_code


def test_a_script_that_is_signed_out_gets_401_and_no_page(office: Office) -> None:
    browser = office.browser()
    answer = browser.get(f"/p/{OWN}/label", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "Sign in again" in answer.get_json()["error"]


def test_a_page_asks_to_sign_in_and_comes_back(office: Office) -> None:
    answer = office.browser().get(f"/p/{OWN}/protocols?q=church")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/p/own/protocols?q%3Dchurch"


def without_token(page: str) -> str:
    """Tokens carry the second in which they were made."""
    (token,) = re.findall(r'name="csrf-token" content="([^"]+)"', page)
    return page.replace(token, "")


def test_a_foreign_project_looks_like_none_at_all(office: Office) -> None:
    browser = office.browser("administrator@own")
    foreign, missing = (browser.get(f"/p/{slug}/protocols") for slug in (OTHER, "nowhere"))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert without_token(foreign.text) == without_token(missing.text)


def test_an_app_with_a_route_that_forgot_its_policy_does_not_start(office: Office) -> None:
    office.add_route("/open", lambda: "everyone")
    with pytest.raises(RuntimeError, match=r"/open .* declares no policy"):
        require_policies(office.app)


@pytest.mark.parametrize(
    ("address", "declared"),
    [("/p/<slug>/x", policy.signed_in), ("/x", policy.members(Role.lead))],
)
def test_a_project_route_without_a_project_policy_does_not_start(
    office: Office, address: str, declared: Any
) -> None:
    office.add_route(address, declared(lambda **_: ""))
    with pytest.raises(RuntimeError, match="belong together"):
        require_policies(office.app)


@pytest.mark.parametrize("role", list(Role))
def test_no_menu_leads_to_a_refusal(office: Office, role: Role) -> None:
    browser = office.browser(f"{role}@{OWN}")
    page = browser.get(f"/p/{OWN}/rubric").text
    menu = page[page.index("<nav") : page.index("</nav>")]
    links = [part.split('"')[0] for part in menu.split('href="')[1:]]
    assert len(links) >= 5
    assert [browser.get(link).status_code for link in links] == [200] * len(links)


@pytest.mark.parametrize(
    ("path", "came_from", "back"),
    [
        (f"/p/{OWN}/settings", f"http://localhost/p/{OWN}/settings?x=1", f"/p/{OWN}/settings?x=1"),
        ("/account/tokens", "http://localhost/account", "/account"),
        ("/account/tokens", None, "/"),  # that address is only for sending
        (f"/p/{OWN}/settings", None, f"/p/{OWN}/settings"),
        (f"/p/{OWN}/settings", "https://evil.example/p/own/label", f"/p/{OWN}/settings"),
        ("/account/tokens", "http://localhost//evil.example/", "/"),
        ("/account/tokens", "http://localhost/account/tokens", "/"),
    ],
)
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(
    office: Office, path: str, came_from: str | None, back: str
) -> None:
    browser = office.browser()
    headers = {"Referer": came_from} if came_from else {}
    answer = browser.post(path, {"name": "x"}, headers=headers)
    asked = parse_qs(urlsplit(answer.location).query)
    assert (answer.status_code, asked) == (303, {"next": [back], "lost": ["1"]})
    page = browser.get(answer.location).text
    assert "what you sent was not stored" in page
    assert f'name="next" value="{back}"' in page
    refused = browser.post("/sign-in", {"username": "nobody", "next": back, "lost": "1"})
    assert refused.status_code == 401 and "what you sent was not stored" in refused.text


def test_who_signs_out_twice_has_lost_nothing(office: Office) -> None:
    answer = office.browser().post("/sign-out")
    assert (answer.status_code, answer.location) == (302, "/sign-in")
    assert "not stored" not in office.browser().get("/sign-in").text
