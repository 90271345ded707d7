"""What a form was filled in with is not lost when some of it cannot be used."""

from __future__ import annotations

import pytest

from tests.views.office import OWN, Office

TIMELINE, DESK = f"/p/{OWN}/timeline", f"/p/{OWN}/desk"
NEW = f"/p/{OWN}/snapshots/new"


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ("about=protocol&id=P-99", 404, "This project has no protocol P-99."),
        ("about=coder&id=", 400, "Say which one"),
        ("about=model&id=P-99&from=2026-13-01", 400, "“2026-13-01” is no day"),
    ],
)
def test_a_timeline_that_is_not_there_is_told_above_its_form(
    office: Office, wrong: str, status: int, said: str
) -> None:
    page = office.browser("auditor@own").get(f"{TIMELINE}?{wrong}&order=newest")
    assert page.status_code == status
    assert f'role="alert" id="problem">{said}' in page.text
    about, given = (part.partition("=")[2] for part in wrong.split("&")[:2])
    assert f'<option value="{about}" selected>' in page.text
    assert '<option value="newest" selected>' in page.text
    assert f'name="id" value="{given}"' in page.text
    assert "Choose what to look at" not in page.text and "Nothing here" not in page.text


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ("train=70&validation=10&test=10", "must add up to 100 %"),
        ("train=-5&validation=90&test=15", "Train is a share in per cent: give 0 to 100."),
        ("train=500&validation=0&test=0", "Train is a share in per cent: give 0 to 100."),
        ("train=x&validation=0&test=0", "Train is a share in per cent: give 0 to 100."),
    ],
)
def test_shares_that_are_none_are_told_above_the_form_as_it_was_filled_in(
    office: Office, shares: str, said: str
) -> None:
    page = office.browser("lead@own").get(f"{NEW}?split=1&seed=7&{shares}")
    assert page.status_code == 400 and said in page.text
    train = shares.partition("&")[0].partition("=")[2]
    assert f'name="train" type="number" min="0" max="100" value="{train}"' in page.text
    assert 'name="seed" type="number" min="0" max="999999999" value="7"' in page.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            "probability=2",
            "“Confident from” (probability) has to be a number above 0 and at most 1",
        ),
        ("since=soon", "“From” (since) has to be a day such as 2026-03-31."),
        ("level=high", "“Label” (level) has to be a level of the scale, or none."),
        ("fenced=maybe", "“Fenced sample” (fenced) has to be one of yes, no."),
    ],
)
def test_a_filter_that_means_nothing_leads_back_to_the_others(
    office: Office, wrong: str, said: str
) -> None:
    browser = office.browser("auditor@own")
    for where in (DESK, f"{DESK}/readings"):
        page = browser.get(f"{where}?{wrong}&final=2&sort=oldest")
        assert page.status_code == 400 and said in page.text
        assert f'href="{where}?final=2&amp;sort=oldest">Back to the form' in page.text
    assert browser.get(f"{DESK}?final=2&sort=oldest").status_code == 200
    file = browser.get(f"{DESK}/readings.csv?{wrong}").text
    assert said in file and "Back to the form" not in file
    assert browser.get(f"/api/v1/projects/{OWN}/desk?{wrong}").status_code == 400


def test_a_form_that_was_sent_leads_back_to_its_page(office: Office) -> None:
    browser = office.browser("coder@own")
    sent = {"name": "", "scope": "read", "days": "30"}
    here = {"Referer": "http://localhost/account"}
    page = browser.post("/account/tokens", sent, headers=here)
    assert page.status_code == 400 and 'href="/account">Back to the form' in page.text
    elsewhere = {"Referer": "https://evil.example/account"}
    page = browser.post("/account/tokens", sent, headers=elsewhere)
    assert "Back to the form" not in page.text and "evil" not in page.text
