"""A rubric goes on living: drafts, publications, proposals, and what is to be read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions that exist were published by nobody in particular: the change log begins empty."""
    op.create_table(
        "rubric_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("based_on_id", sa.Integer(), nullable=False),
        sa.Column("wording", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_rubric_draft_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["based_on_id"], ["rubric_version.id"], name=op.f("fk_rubric_draft_based_on_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_rubric_draft_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_draft")),
        sa.UniqueConstraint("project_id", name=op.f("uq_rubric_draft_project_id")),
    )
    op.create_table(
        "rubric_publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("rubric_version_id", sa.Integer(), nullable=False),
        sa.Column("previous_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("touched", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_rubric_publication_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"], ["rubric_version.id"], name=op.f("fk_rubric_publication_previous_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_rubric_publication_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["rubric_version_id"],
            ["rubric_version.id"],
            name=op.f("fk_rubric_publication_rubric_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_publication")),
        sa.UniqueConstraint(
            "project_id",
            "rubric_version_id",
            name=op.f("uq_rubric_publication_project_id_rubric_version_id"),
        ),
    )
    op.create_table(
        "rubric_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("rubric_version_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_rubric_proposal_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_rubric_proposal_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_rubric_proposal_protocol_id")
        ),
        sa.ForeignKeyConstraint(
            ["rubric_version_id"],
            ["rubric_version.id"],
            name=op.f("fk_rubric_proposal_rubric_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_proposal")),
    )
    with op.batch_alter_table("rubric_proposal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rubric_proposal_project_id_id", ["project_id", "id"], unique=False
        )

    op.create_table(
        "rubric_proposal_outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('taken_up', 'declined')",
            name=op.f("ck_rubric_proposal_outcome_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_rubric_proposal_outcome_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["rubric_proposal.id"],
            name=op.f("fk_rubric_proposal_outcome_proposal_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_proposal_outcome")),
    )
    with op.batch_alter_table("rubric_proposal_outcome", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rubric_proposal_outcome_proposal_id_id", ["proposal_id", "id"], unique=False
        )

    op.create_table(
        "reread_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("rubric_version_id", sa.Integer(), nullable=False),
        sa.Column("wish", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("wish IN ('again', 'kept')", name=op.f("ck_reread_request_wish_known")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_reread_request_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["account.id"], name=op.f("fk_reread_request_asked_by")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["label_event.id"], name=op.f("fk_reread_request_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_reread_request_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_reread_request_protocol_id")
        ),
        sa.ForeignKeyConstraint(
            ["rubric_version_id"],
            ["rubric_version.id"],
            name=op.f("fk_reread_request_rubric_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reread_request")),
    )
    with op.batch_alter_table("reread_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reread_request_account_id_project_id", ["account_id", "project_id"], unique=False
        )
        batch_op.create_index("ix_reread_request_event_id_id", ["event_id", "id"], unique=False)


def downgrade() -> None:
    """Versions and the labels under them stay; who published them is still in the audit."""
    with op.batch_alter_table("reread_request", schema=None) as batch_op:
        batch_op.drop_index("ix_reread_request_event_id_id")
        batch_op.drop_index("ix_reread_request_account_id_project_id")

    op.drop_table("reread_request")
    with op.batch_alter_table("rubric_proposal_outcome", schema=None) as batch_op:
        batch_op.drop_index("ix_rubric_proposal_outcome_proposal_id_id")

    op.drop_table("rubric_proposal_outcome")
    with op.batch_alter_table("rubric_proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_rubric_proposal_project_id_id")

    op.drop_table("rubric_proposal")
    op.drop_table("rubric_publication")
    op.drop_table("rubric_draft")
