"""What adjudicators do, what is said of a protocol, and how a project wants it settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SETTINGS = {"adjudicators": (sa.Integer(), "1"), "accepts_agreed": (sa.Boolean(), sa.true())}


def upgrade() -> None:
    """Projects that there are go on as before: one adjudicator, and agreement is final."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, value) in SETTINGS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, _) in SETTINGS.items():
            batch_op.alter_column(name, server_default=None, existing_type=kind)
        batch_op.create_check_constraint(
            op.f("ck_project_adjudicators_range"), "adjudicators BETWEEN 1 AND 2"
        )
    op.create_table(
        "adjudication",
        sa.Column("id", sa.Integer(), nullable=False),
        *_whose(),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("label_event_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("between", sa.JSON(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("is_party", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "act IN ('decide', 'propose', 'send_back', 'take_back')",
            name=op.f("ck_adjudication_act_known"),
        ),
        sa.CheckConstraint(
            "reason IN ('rubric_gap', 'overlooked_text', 'ambiguous_text', 'slip')",
            name=op.f("ck_adjudication_reason_known"),
        ),
        sa.CheckConstraint(
            "(act IN ('decide', 'propose')) = (level IS NOT NULL)",
            name=op.f("ck_adjudication_level_with_decision"),
        ),
        *_references("adjudication"),
        sa.ForeignKeyConstraint(
            ["label_event_id"], ["label_event.id"], name=op.f("fk_adjudication_label_event_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        *_whose(),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        *_references("comment"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_adjudication_label_event_id", "adjudication", ["label_event_id"])
    op.create_index("ix_adjudication_project_id_id", "adjudication", ["project_id", "id"])
    op.create_index("ix_adjudication_protocol_id_id", "adjudication", ["protocol_id", "id"])
    op.create_index("ix_comment_protocol_id_id", "comment", ["protocol_id", "id"])


def downgrade() -> None:
    """Final levels stay as label events; why they were chosen and what was said is lost."""
    op.drop_index("ix_comment_protocol_id_id", table_name="comment")
    op.drop_index("ix_adjudication_protocol_id_id", table_name="adjudication")
    op.drop_index("ix_adjudication_project_id_id", table_name="adjudication")
    op.drop_index("ix_adjudication_label_event_id", table_name="adjudication")
    op.drop_table("comment")
    op.drop_table("adjudication")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_project_adjudicators_range"), type_="check")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in SETTINGS:
            batch_op.drop_column(name)


def _whose() -> list[sa.Column[int]]:
    names = ("project_id", "protocol_id", "account_id")
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _references(table: str) -> list[sa.Constraint]:
    names = ("project", "protocol", "account")
    return [
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{name}.id"], name=op.f(f"fk_{table}_{name}_id")
            )
            for name in names
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "account_id", "idempotency_key", name=op.f(f"uq_{table}_account_id_idempotency_key")
        ),
    ]
