"""Practice protocols, rounds of coders on them, and how a project wants its coders to qualify."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SETTINGS = {
    "qualifies_first": (sa.Boolean(), sa.false()),
    "training_items": (sa.Integer(), "10"),
    "training_mark": (sa.Double(), "0.8"),
    "training_no_far": (sa.Boolean(), sa.true()),
    "training_repeats": (sa.Integer(), "3"),
}
CHECKS = {
    "training_items_positive": "training_items >= 1",
    "training_mark_range": "training_mark BETWEEN 0 AND 1",
    "training_repeats_not_negative": "training_repeats >= 0",
}
TABLES = ("permit", "result", "answer", "round", "use", "item")  # the last are referred to


def upgrade() -> None:
    """Projects that there are go on as before: nobody has to qualify."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, value) in SETTINGS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        batch_op.add_column(sa.Column("qualifies_since", sa.DateTime(timezone=True)))
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name, (kind, _) in SETTINGS.items():
            batch_op.alter_column(name, server_default=None, existing_type=kind)
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_project_{name}"), condition)
    _create_items()
    _create_rounds()


def downgrade() -> None:
    """Items and answers are lost; what the audit says of them stays."""
    for name in TABLES:
        op.drop_table(f"training_{name}")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_project_{name}"), type_="check")
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in (*SETTINGS, "qualifies_since"):
            batch_op.drop_column(name)


def _create_items() -> None:
    op.create_table(
        "training_item",
        _column("id", sa.Integer()),
        _column("project_id", sa.Integer()),
        sa.Column("protocol_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        _column("name", sa.String(length=200)),
        _column("level", sa.SmallInteger()),
        sa.Column("also_level", sa.SmallInteger(), nullable=True),
        _column("is_synthetic", sa.Boolean()),
        sa.Column("account_id", sa.Integer(), nullable=True),
        _column("at", sa.DateTime(timezone=True)),
        _column("title", sa.Text()),
        _column("explanation", sa.Text()),
        _column("evidence", sa.JSON()),
        _column("sections", sa.JSON()),
        _column("text", sa.Text()),
        sa.CheckConstraint(
            "also_level <> level", name=op.f("ck_training_item_also_level_is_another")
        ),
        sa.CheckConstraint("explanation <> ''", name=op.f("ck_training_item_explanation_given")),
        _reference("item", "project_id", "project"),
        _reference("item", "protocol_id", "protocol"),
        _reference("item", "replaces_id", "training_item"),
        _reference("item", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_item")),
    )
    op.create_index("ix_training_item_project_id_id", "training_item", ["project_id", "id"])
    op.create_index("ix_training_item_protocol_id", "training_item", ["protocol_id"])
    op.create_index("ix_training_item_replaces_id", "training_item", ["replaces_id"])
    op.create_table(
        "training_use",
        _column("id", sa.Integer()),
        _column("item_id", sa.Integer()),
        _column("is_used", sa.Boolean()),
        sa.Column("account_id", sa.Integer(), nullable=True),
        _column("at", sa.DateTime(timezone=True)),
        _reference("use", "item_id", "training_item"),
        _reference("use", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_use")),
    )
    op.create_index("ix_training_use_item_id_id", "training_use", ["item_id", "id"])


def _create_rounds() -> None:
    op.create_table(
        "training_round",
        _column("id", sa.Integer()),
        _column("project_id", sa.Integer()),
        _column("account_id", sa.Integer()),
        _column("number", sa.Integer()),
        _column("rubric_version_id", sa.Integer()),
        _column("items", sa.JSON()),
        _column("pass_mark", sa.Double()),
        _column("no_far", sa.Boolean()),
        _column("at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "pass_mark BETWEEN 0 AND 1", name=op.f("ck_training_round_pass_mark_range")
        ),
        _reference("round", "project_id", "project"),
        _reference("round", "account_id", "account"),
        _reference("round", "rubric_version_id", "rubric_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_round")),
        sa.UniqueConstraint(
            "project_id",
            "account_id",
            "number",
            name=op.f("uq_training_round_project_id_account_id_number"),
        ),
    )
    op.create_table(
        "training_answer",
        _column("id", sa.Integer()),
        _column("round_id", sa.Integer()),
        _column("item_id", sa.Integer()),
        _column("account_id", sa.Integer()),
        _column("level", sa.SmallInteger()),
        _column("off", sa.SmallInteger()),
        sa.Column("seconds", sa.Double(), nullable=True),
        _column("idempotency_key", sa.String(length=80)),
        _column("at", sa.DateTime(timezone=True)),
        _reference("answer", "round_id", "training_round"),
        _reference("answer", "item_id", "training_item"),
        _reference("answer", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_answer")),
        sa.UniqueConstraint(
            "round_id", "item_id", name=op.f("uq_training_answer_round_id_item_id")
        ),
        sa.UniqueConstraint(
            "account_id",
            "idempotency_key",
            name=op.f("uq_training_answer_account_id_idempotency_key"),
        ),
    )
    op.create_index("ix_training_answer_item_id", "training_answer", ["item_id"])
    op.create_table(
        "training_result",
        _column("round_id", sa.Integer()),
        _column("right", sa.Integer()),
        _column("asked", sa.Integer()),
        _column("has_passed", sa.Boolean()),
        _column("at", sa.DateTime(timezone=True)),
        _reference("result", "round_id", "training_round"),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_training_result")),
    )
    op.create_table(
        "training_permit",
        _column("id", sa.Integer()),
        _column("project_id", sa.Integer()),
        _column("account_id", sa.Integer()),
        sa.Column("allowed_by", sa.Integer(), nullable=True),
        _column("at", sa.DateTime(timezone=True)),
        _reference("permit", "project_id", "project"),
        _reference("permit", "account_id", "account"),
        _reference("permit", "allowed_by", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_permit")),
    )
    op.create_index(
        "ix_training_permit_project_id_account_id", "training_permit", ["project_id", "account_id"]
    )


def _column(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_training_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)
