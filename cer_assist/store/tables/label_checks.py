"""Which settled levels a model would not have expected; the newest look at them, rebuildable."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Structure


class LabelCheck(Base):
    """The newest check of a project's levels."""

    __tablename__ = "label_check"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    made_at: Mapped[Instant]
    # {checked, kind, suspects: [{protocol, level, gain, wrong, likely}]}, the largest gain first
    found: Mapped[Structure]
