"""Exports name coders by pseudonyms that stay the same for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has a number before the first export."""
    op.create_table(
        "coder_pseudonym",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_coder_pseudonym_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_coder_pseudonym_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "account_id", name=op.f("pk_coder_pseudonym")),
        sa.UniqueConstraint(
            "project_id", "number", name=op.f("uq_coder_pseudonym_project_id_number")
        ),
    )
    op.create_table(
        "pseudonym_key",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_pseudonym_key_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_pseudonym_key")),
    )


def downgrade() -> None:
    """Earlier exports then name coders whom nothing here knows any more."""
    op.drop_table("pseudonym_key")
    op.drop_table("coder_pseudonym")
