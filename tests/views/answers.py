"""What a browser sends to the label page, and what comes back."""

from __future__ import annotations

import re
import secrets
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from cer_assist.store.tables import LabelEvent
from cer_assist.store.tables.projects import SuggestionPolicy
from tests.views.office import OWN, Browser, Office

PAGE = f"/p/{OWN}/label"
CODER = "coder@own"
# A probability and words that stand nowhere else: where they show, the suggestion shows.
PROBABILITIES = [0.03, 0.04, 0.05, 0.07, 0.81]
TELLTALES = ("81 %", 'class="hl', "Model suggests", "data-model", "data-adds")


def under(office: Office, policy: SuggestionPolicy) -> None:
    with office.database.write() as session:
        office.project(session).suggestion_policy = policy


def an_answer(protocol_id: int, level: int | None = 3, **fields: Any) -> dict[str, Any]:
    action = "label" if level is not None else "skip"
    key = secrets.token_hex(12)
    return {
        "protocol_id": protocol_id,
        "action": action,
        "level": level,
        "idempotency_key": key,
        **fields,
    }


def send(browser: Browser, answer: dict[str, Any], page: str = PAGE) -> TestResponse:
    return browser.client.post(page, json=answer, headers={"X-CSRFToken": browser.token()})


def shown_protocol(html: str) -> int:
    found = re.search(r'data-protocol="(\d+)"', html)
    assert found is not None
    return int(found[1])


def form_fields(html: str, form: str) -> dict[str, str]:
    """The hidden fields the page puts into one of its forms."""
    return dict(re.findall(rf'type="hidden" form="{form}" name="(\w+)" value="([^"]*)"', html))


def events(office: Office) -> list[LabelEvent]:
    with office.database.read() as session:
        return list(session.scalars(select(LabelEvent).order_by(LabelEvent.id)))
