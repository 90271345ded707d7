"""Remarks on the model's words: a coder makes them on the label page, a lead reads all of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cer_assist.domain.remarks import Remark
from cer_assist.services import history, remarks, rubrics
from cer_assist.services.remarks import Place, RemarkRequest
from cer_assist.store.tables.servings import Disclosed
from cer_assist.views import errors
from cer_assist.views.access import CODING_ROLES, OVERSEEING_ROLES, database, policy

remark_pages = Blueprint("remarks", __name__, url_prefix="/p/<slug>")


class Said(BaseModel):
    """What the browser sends; nothing else is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    protocol_id: int = Field(ge=1)
    suggestion_id: int = Field(ge=1)
    remark: Remark
    start: int = Field(ge=0)
    end: int = Field(ge=1)


@remark_pages.post("/label/remarks")
@policy.members(*CODING_ROLES)
def record(slug: str) -> Response:
    """Store one remark; the reply is all of this coder's on the protocol."""
    try:
        said = Said.model_validate_json(request.get_data())
    except ValidationError:
        return errors.answer(422, "The remark was not stored: it could not be understood.")
    mine = g.person.account_id
    with database().write() as session:
        remarks.record(session, g.project.id, mine, RemarkRequest(**dict(said)))
        standing = remarks.standing(session, said.protocol_id, mine)
    return jsonify(remarks=as_rows(standing))


@remark_pages.get("/words/remarks")
@policy.members(*OVERSEEING_ROLES)
def listing(slug: str) -> str:
    """The newest remarks; their suggestions are recorded as seen, for a lead codes, too."""
    with database().write() as session:
        rubric = rubrics.project_rubric(session, g.project)
        found = remarks.lines(session, g.project.id)
        for line in found:
            what = Disclosed.suggestion, line.suggestion_id
            history.disclose(session, line.protocol_id, g.person.account_id, *what)
    return render_template("remarks.html", found=found, most=remarks.MOST, rubric=rubric)


def as_rows(places: list[Place]) -> list[list[Any]]:
    """Places as the label page's script takes them."""
    return [[place.start, place.end, place.remark] for place in places]
