"""A project pins one rubric version and holds the policies under which its labels are made."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.serving import DEFAULT_SHARES, Shares
from cer_assist.store.types import Base, Instant, Key, Name, one_of


class SuggestionPolicy(StrEnum):
    """When a coder sees what the model suggests for a protocol."""

    hidden = "hidden"
    after = "after"
    shown = "shown"


class Project(Base):
    """A body of protocols that a team labels."""

    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("slug"),
        one_of("suggestion_policy", SuggestionPolicy),
        # Which kinds there are is the program's matter: a new one needs no migration.
        CheckConstraint("model_kind <> ''", name="model_kind_named"),
        CheckConstraint("double_coded_share BETWEEN 0 AND 1", name="double_coded_share_range"),
        CheckConstraint("no_suggestion_share BETWEEN 0 AND 1", name="no_suggestion_share_range"),
        CheckConstraint("random_share BETWEEN 0 AND 1", name="random_share_range"),
        CheckConstraint("diverse_share BETWEEN 0 AND 1", name="diverse_share_range"),
        CheckConstraint("rare_share BETWEEN 0 AND 1", name="rare_share_range"),
        *(
            CheckConstraint(f"{name} BETWEEN 0 AND 1", name=f"{name}_range")
            for name in ("wanted_qwk", "accepted_wrong_share", "accepted_half_width")
        ),
        CheckConstraint("retest_share BETWEEN 0 AND 1", name="retest_share_range"),
        CheckConstraint("check_share BETWEEN 0 AND 1", name="check_share_range"),
        CheckConstraint("retest_after_days >= 0", name="retest_after_days_not_negative"),
        CheckConstraint("retrain_every >= 1", name="retrain_every_positive"),
        CheckConstraint("coders_per_protocol >= 1", name="coders_per_protocol_positive"),
        CheckConstraint("adjudicators BETWEEN 1 AND 2", name="adjudicators_range"),
        CheckConstraint("training_items >= 1", name="training_items_positive"),
        CheckConstraint("training_mark BETWEEN 0 AND 1", name="training_mark_range"),
        CheckConstraint("training_repeats >= 0", name="training_repeats_not_negative"),
    )

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(60))
    name: Mapped[Name]
    is_synthetic: Mapped[bool] = mapped_column(default=False)  # written for demonstration
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    suggestion_policy: Mapped[str] = mapped_column(String(10), default=SuggestionPolicy.after)
    # Of the readings, by lot, that get no suggestion at all: what the others are compared with. Of
    # a thousand, a tenth tells a difference in accuracy to within ten points; a fifth would only
    # tell it to within eight, and twice as many would go without.
    no_suggestion_share: Mapped[float] = mapped_column(default=0.1)
    coders_per_protocol: Mapped[int] = mapped_column(default=1)
    # Share of protocols that one coder more than coders_per_protocol reads, unannounced.
    double_coded_share: Mapped[float] = mapped_column(default=0.2)
    # Of what the queue gives, the share that a coder answered this long ago and gets once more,
    # unannounced: whether they say the same again.
    retest_share: Mapped[float] = mapped_column(default=0.0)
    retest_after_days: Mapped[int] = mapped_column(default=14)
    # Of the rest, the share that is a settled protocol whose copy coders practise on: whether they
    # still read with care.
    check_share: Mapped[float] = mapped_column(default=0.0)
    # Whose own assignments are done goes on with whatever the queue has.
    open_pool: Mapped[bool] = mapped_column(default=True)
    # Of what is no second reading; what the model is unsure of has what these leave.
    random_share: Mapped[float] = mapped_column(default=DEFAULT_SHARES.random)
    diverse_share: Mapped[float] = mapped_column(default=DEFAULT_SHARES.diverse)
    rare_share: Mapped[float] = mapped_column(default=DEFAULT_SHARES.rare)
    retrain_every: Mapped[int] = mapped_column(default=5)  # new labels
    retrain_idle_seconds: Mapped[int] = mapped_column(default=120)
    reservation_minutes: Mapped[int] = mapped_column(default=30)
    model_kind: Mapped[str] = mapped_column(String(20), default=DEFAULT_KIND)
    # What coders mark and contest teaches which words are shown first.
    learns_from_marks: Mapped[bool] = mapped_column(default=True)
    # Aims that stopping is judged by: what the model is to reach, how many levels may be wrong
    # among all protocols, and how exactly the fenced sample is to tell the QWK.
    wanted_qwk: Mapped[float] = mapped_column(default=0.8)
    accepted_wrong_share: Mapped[float] = mapped_column(default=0.1)
    accepted_half_width: Mapped[float] = mapped_column(default=0.1)
    # Disagreements: how many must say the same level, blind to one another, for it to be final;
    # and whether what all readers agree on counts as final without being confirmed.
    adjudicators: Mapped[int] = mapped_column(default=1)
    accepts_agreed: Mapped[bool] = mapped_column(default=True)
    # Training: whether coders qualify before they label, and what a round is and takes.
    qualifies_first: Mapped[bool] = mapped_column(default=False)
    training_items: Mapped[int] = mapped_column(default=10)
    training_mark: Mapped[float] = mapped_column(default=0.8)  # share exactly right
    training_no_far: Mapped[bool] = mapped_column(default=True)  # none more than one level off
    training_repeats: Mapped[int] = mapped_column(default=3)  # further ones are a lead's to allow
    # Rounds that began before no longer count; empty: all do.
    qualifies_since: Mapped[Instant | None]
    created_at: Mapped[Instant]
    # It stays in use whatever is published; empty: the newest published version is in use.
    pinned_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("model_version.id", use_alter=True)  # versions refer to their project, too
    )
    # In use before the present one: what its suggestions are compared with.
    previous_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("model_version.id", use_alter=True)
    )

    @property
    def shares(self) -> Shares:
        """How the queue divides what is no second reading."""
        return Shares(self.diverse_share, self.rare_share, self.random_share)
