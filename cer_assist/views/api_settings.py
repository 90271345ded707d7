"""Settings as JSON: service, checks, roles and audit are those of the page (docs/api.md).

Both bodies are made from the list of settings, so that a new one is here as well.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g
from pydantic import Field, create_model
from sqlalchemy.orm import Session

from cer_assist.domain.scopes import Scope
from cer_assist.services import project_settings, projects
from cer_assist.services.project_settings import SETTINGS, Kind
from cer_assist.store.tables import Project
from cer_assist.views.access import API, LEADING_ROLES, database, policy
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers

settings_api = Blueprint("settings_api", __name__, url_prefix=f"{API}projects/<slug>/settings")
_TYPES: dict[Kind, type] = {
    Kind.text: str,
    Kind.choice: str,
    Kind.yes_no: bool,
    Kind.number: int,
    Kind.share: float,
}


def _fields(**given: Any) -> dict[str, Any]:
    return {
        name: (_TYPES[setting.kind], Field(description=setting.line, **given))
        for name, setting in SETTINGS.items()
    }


SettingsStand = create_model("SettingsStand", __base__=Reply, **_fields())
# A default lets a name be left out; null is no value of any type, and so is refused.
SettingsWanted = create_model("SettingsWanted", __base__=Asked, **_fields(default=None))


@settings_api.get("")
@policy.members(*LEADING_ROLES)
@answers(SettingsStand, scope=Scope.admin)
def stand(slug: str) -> Response:
    """All settings, as the page has them."""
    with database().read() as session:
        return _standing(session)


@settings_api.patch("")
@policy.members(*LEADING_ROLES)
@answers(SettingsStand, 409, asks=SettingsWanted, scope=Scope.admin)
def change(slug: str) -> Response:
    """Change those that are sent, all or none; the reply is all settings."""
    wanted = json_body(SettingsWanted).model_dump(exclude_unset=True)
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        projects.change_settings(session, project, wanted, g.person.account_id)
        return _standing(session)


def _standing(session: Session) -> Response:
    project = session.get_one(Project, g.project.id)
    return json_reply(SettingsStand(**project_settings.values(project)))
