"""A project whose protocols two coders read, and what its lead asks for."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.services import adjudicating, disputes, standing
from cer_assist.services.rulings import Ruled, Ruling
from cer_assist.store.tables.accounts import Role
from tests.builders import a_member, a_project, some_protocols, two_readings


class Bench:
    """Four protocols that want two readers, ana and ben, and a lead lea."""

    def __init__(self, session: Session, **settings: object) -> None:
        self.session = session
        self.project = a_project(session, "demo", **({"coders_per_protocol": 2} | settings))
        self.ana, self.ben = (a_member(session, self.project, name).id for name in ("ana", "ben"))
        self.lea = a_member(session, self.project, "lea", Role.lead).id
        self.ids = [protocol.id for protocol in some_protocols(session, self.project, 4)]

    def read(self, at: int, *levels: int) -> None:
        two_readings(self.session, self.project, self.ids[at], (self.ana, self.ben), *levels)

    def waiting(self, account: int | None = None) -> disputes.Docket:
        return disputes.docket(self.session, self.project, account or self.lea)

    def asks(self, at: int, act: Act = Act.decide, **fields: object) -> Ruling:
        """A ruling over the answers that stand."""
        said = said_of(self.session, self.ids[at])
        values: dict[str, object] = {
            "protocol_id": self.ids[at],
            "act": act,
            "between": tuple(said),
            "idempotency_key": secrets.token_hex(16),
        }
        if act is Act.decide:
            values |= {"level": 3, "reason": Reason.rubric_gap}
        return Ruling(**(values | fields))  # type: ignore[arg-type]

    def rule(self, asked: Ruling, by: int | None = None) -> Ruled:
        return adjudicating.rule(self.session, self.project, by or self.lea, asked)


def said_of(session: Session, protocol_id: int) -> list[int]:
    """The label events of coders that stand."""
    return [one.event_id for one in standing.readings_of(session, protocol_id)]
