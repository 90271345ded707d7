"""A file of one page, such as a report or a sheet, is taken out as an export is: on record."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from cer_assist.services import audit

NO_CODERS = "none in it"


def record(
    session: Session,
    *,
    project_id: int | None,
    by: int | None,
    file: str,
    sha256: str,
    filters: Mapping[str, str],
    coders: str = NO_CODERS,
) -> None:
    """Put the file's name, its hash, what it calls coders and its filters into the chain.

    What its reader has thereby seen of others' answers is recorded by the page, as on a screen.
    """
    chosen = ", ".join(f"{name}={value}" for name, value in sorted(filters.items()) if value)
    detail = {"file": file, "sha256": sha256, "filters": chosen or "none", "coders": coders}
    subject = f"project:{project_id}" if project_id is not None else "installation"
    entry = audit.Entry("export.taken", subject, detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
