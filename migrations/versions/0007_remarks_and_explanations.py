"""Coders' remarks on the model's words, explanations on request, a version's word scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables and a column that older versions leave empty."""
    op.create_table(
        "explanation",
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_version.id"], name=op.f("fk_explanation_model_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_explanation_protocol_id")
        ),
        sa.PrimaryKeyConstraint("model_version_id", "protocol_id", name=op.f("pk_explanation")),
    )
    op.create_table(
        "word_remark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("suggestion_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("remark", sa.String(length=20), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "remark IN ('not_evidence', 'missed', 'withdrawn')",
            name=op.f("ck_word_remark_remark_known"),
        ),
        sa.CheckConstraint('start >= 0 AND start < "end"', name=op.f("ck_word_remark_span")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_word_remark_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_word_remark_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_word_remark_protocol_id")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name=op.f("fk_word_remark_suggestion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_remark")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("word_remark", schema=None) as batch_op:
        batch_op.create_index("ix_word_remark_project_id_id", ["project_id", "id"], unique=False)
        batch_op.create_index(
            "ix_word_remark_protocol_id_account_id", ["protocol_id", "account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_word_remark_suggestion_id"), ["suggestion_id"], unique=False
        )

    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("word_scores", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Remarks are lost; the chain still holds that and when they were made."""
    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.drop_column("word_scores")

    with op.batch_alter_table("word_remark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_word_remark_suggestion_id"))
        batch_op.drop_index("ix_word_remark_protocol_id_account_id")
        batch_op.drop_index("ix_word_remark_project_id_id")

    op.drop_table("word_remark")
    op.drop_table("explanation")
