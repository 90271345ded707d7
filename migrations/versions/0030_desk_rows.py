"""The auditor's desk counts narrow rows, which are derived from label events."""

from __future__ import annotations

import sqlalchemy as sa
import yaml
from alembic import op

from cer_assist.store.types import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

EXPOSURES = "'blind', 'after_suggestion', 'prefilled', 'after_peer', 'unknown'"
KEYS = {"project_id": "project", "protocol_id": "protocol", "event_id": "label_event",
        "account_id": "account"}  # fmt: skip
COLUMNS = (
    sa.Column("project_id", sa.Integer(), nullable=False),
    sa.Column("protocol_id", sa.Integer(), nullable=False),
    sa.Column("event_id", sa.Integer(), nullable=False),
    sa.Column("account_id", sa.Integer(), nullable=False),
    sa.Column("is_standing", sa.Boolean(), nullable=False),
    sa.Column("level", sa.SmallInteger(), nullable=False),
    sa.Column("was", sa.SmallInteger(), nullable=True),
    sa.Column("was_exposure", sa.String(length=20), nullable=True),
    sa.Column("suggestion_id", sa.Integer(), nullable=True),
    sa.Column("suggested", sa.SmallInteger(), nullable=True),
    sa.Column("probability", sa.Double(), nullable=True),
    sa.Column("model_version_id", sa.Integer(), nullable=True),
    sa.Column("exposure", sa.String(length=20), nullable=False),
    sa.Column("arm", sa.String(length=10), nullable=True),
    sa.Column("rubric_version_id", sa.Integer(), nullable=False),
    sa.Column("seconds", sa.Double(), nullable=True),
    sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
    sa.Column("characters", sa.Integer(), nullable=False),
    sa.Column("first_answer", sa.Integer(), nullable=False),
    sa.Column("final", sa.SmallInteger(), nullable=True),
    sa.Column("is_settled", sa.Boolean(), nullable=False),
    sa.Column("readers", sa.Integer(), nullable=False),
)
CHANCE = {
    "sqlite": "json_extract(s.probabilities, '$[' || (s.level - :first) || ']')",
    "postgresql": "CAST(s.probabilities ->> (s.level - :first) AS FLOAT)",
}
SCALES = "SELECT p.id, r.text FROM project p JOIN rubric_version r ON r.id = p.rubric_version_id"
OF_LABEL = "action = 'label' AND project_id = :project AND lane"
FILL = """
INSERT INTO desk_row
WITH settled AS (
    SELECT protocol_id, max(CAST(event_id AS BIGINT) * 10 + level) % 10 AS level
    FROM current_label WHERE {of_label} = 'final' GROUP BY protocol_id
), agreed AS (
    SELECT protocol_id, count(*) AS readers,
           CASE WHEN min(level) = max(level) THEN min(level) END AS level
    FROM current_label WHERE {of_label} = 'coder' GROUP BY protocol_id
), firsts AS (
    SELECT protocol_id, min(id) AS first_answer
    FROM label_event WHERE {of_label} IN ('coder', 'final') GROUP BY protocol_id
), about AS MATERIALIZED (
    SELECT p.id, p.characters, f.first_answer, coalesce(t.level, a.level) AS final,
           t.level IS NOT NULL AS is_settled, coalesce(a.readers, 0) AS readers
    FROM protocol p JOIN firsts f ON f.protocol_id = p.id
    LEFT JOIN settled t ON t.protocol_id = p.id LEFT JOIN agreed a ON a.protocol_id = p.id
)
SELECT e.project_id, e.protocol_id, e.id, e.account_id, c.event_id IS NOT NULL, e.level, b.level,
       b.exposure, s.id, s.level, {chance}, s.model_version_id, e.exposure, v.arm,
       e.rubric_version_id, e.seconds, e.recorded_at, about.characters, about.first_answer,
       about.final, about.is_settled, about.readers
FROM label_event e JOIN about ON about.id = e.protocol_id
LEFT JOIN current_label c ON c.protocol_id = e.protocol_id AND c.account_id = e.account_id
    AND c.lane = e.lane AND c.event_id = e.id
LEFT JOIN suggestion s ON s.id = e.suggestion_id
LEFT JOIN serving v ON v.id = e.serving_id
LEFT JOIN label_event b ON b.id = e.supersedes_id
WHERE e.project_id = :project AND e.lane = 'coder' AND e.action = 'label'
"""


def upgrade() -> None:
    """Readings that there are get their rows."""
    op.create_table(
        "desk_row",
        *COLUMNS,
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_desk_row_{column}"))
            for column, table in KEYS.items()
        ),
        sa.PrimaryKeyConstraint("project_id", "protocol_id", "event_id", name=op.f("pk_desk_row")),
        sa.CheckConstraint(f"exposure IN ({EXPOSURES})", name=op.f("ck_desk_row_exposure_known")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_desk_row_event_id", "desk_row", ["event_id"])
    bind = op.get_bind()
    fill = sa.text(FILL.format(of_label=OF_LABEL, chance=CHANCE[bind.dialect.name]))
    scales = (
        "SELECT p.id, r.text FROM project p JOIN rubric_version r ON r.id = p.rubric_version_id"
    )
    for project, rubric in bind.execute(sa.text(scales)).all():
        first = yaml.safe_load(rubric)["levels"][0]["value"]
        bind.execute(fill, {"project": project, "first": first})


def downgrade() -> None:
    """Nothing is lost: readings are derived."""
    op.drop_table("desk_row")
