"""What a token may be used for; beside it, its person's role still decides."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """Each route of the API wants one of these."""

    read = "read"
    label = "label"
    bring = "import"
    export = "export"
    audit = "audit"
    admin = "admin"


SCOPES_TOLD = {
    Scope.read: "read protocols, your own labels, figures and the rubric",
    Scope.label: "answer, skip and take back in your name; practise and discuss",
    Scope.bring: "bring in protocols and labels",
    Scope.export: "take everything out",
    Scope.audit: "read timelines and the desk",
    Scope.admin: "settings, assignments, adjudication, rubric and all else that leads do",
}
