"""A project replayed on its own settled labels, with what was replayed frozen in the row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, Structure


class Simulation(Base):
    """What other ways of choosing would have cost; runs come one by one, figures at the end."""

    __tablename__ = "simulation"

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[Instant]
    plan: Mapped[Structure]  # {strategies, seeds, kind, start, batch, budget}
    levels: Mapped[Structure]  # {protocol id: level}, as settled when it was asked for
    runs: Mapped[list[Any]] = mapped_column(JSON())  # [[strategy, seed, rounds], …]
    # {measured_on, every_label, strategies: as `learning.curves.summary` has it}
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    finished_at: Mapped[Instant | None]
